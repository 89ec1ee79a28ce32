/**
 * Reading the result of a job that is done: its output, or its own error. The work is paid for by now,
 * so a result is asked for with patience, and only what fal itself says is taken for the job's end.
 */
import { MINUTE } from './clock';
import { type Failure, isMarkedByFal, isRecord, readFailure } from './failure';
import { type Followed, waitAfter, type Watch } from './follow';
import type { Reply, Result } from './transport';

export type Collected =
	| { readonly kind: 'output'; readonly result: Result }
	/** The job's own error. */
	| { readonly kind: 'error'; readonly failure: Failure }
	/** The job is done, and its result can't be had. */
	| { readonly kind: 'unavailable'; readonly failure: Failure }
	| { readonly kind: 'stopped' };

/** Reads the result of a job that is done. */
export async function collect(job: Followed, watch: Watch): Promise<Collected> {
	const { clock, signal, transport } = watch;
	// The work is paid for: even a job that ended at its deadline has its result asked for with patience.
	const deadline = Math.max(job.deadline, clock.now() + RESULT_PATIENCE);
	for (let failures = 1; ; failures++) {
		const reply = await transport.result(job.handle);
		if (signal.aborted) return { kind: 'stopped' };
		const verdict = readReply(reply, failures);
		if (verdict) return verdict;
		const wait = waitAfter(reply, failures, watch);
		const tooLate = clock.now() > deadline || (clock.now() + wait > deadline && !asksToWait(reply));
		if (tooLate) return { kind: 'unavailable', failure: unavailable(reply) };
		await clock.sleep(wait, signal);
		if (signal.aborted) return { kind: 'stopped' };
	}
}

/** fal is there, and says when to come back: that one time is waited for, deadline or not. */
function asksToWait(reply: Reply<Result>): boolean {
	return 'headers' in reply && reply.headers['retry-after'] !== undefined;
}

const RESULT_PATIENCE = 2 * MINUTE;

/** @returns nothing when it is to be asked again */
function readReply(reply: Reply<Result>, failures: number): Collected | undefined {
	switch (reply.kind) {
		case 'answered':
			return reply.status === 202 ? undefined : { kind: 'output', result: reply.body };
		case 'rejected':
			return readRejection(reply, failures);
		case 'unreadable':
			return reply.tooLarge ? { kind: 'unavailable', failure: unavailable(reply) } : undefined;
		case 'lost':
		case 'unsent':
			return undefined;
	}
}

/**
 * A job's own error comes with the status that the model answered, and with fal's marks. An error in
 * fal's shape without them is believed when it stays; a 5xx without even that is a gateway's, and says
 * nothing about the job.
 */
function readRejection(
	reply: Reply<Result> & { kind: 'rejected' },
	failures: number,
): Collected | undefined {
	const { status, headers, body } = reply;
	const failure = readFailure(status, headers, body);
	const stays = failures >= TRIES_OF_A_DOUBTFUL_ANSWER;
	if (isMarkedByFal(headers, body)) {
		// It is the job's own error; why it failed was in the body, which got lost on its way.
		return isRecord(body) || stays ? { kind: 'error', failure } : undefined;
	}
	switch (status) {
		case 408:
		case 429:
			return undefined;
		case 401:
		case 403:
			return { kind: 'unavailable', failure: { ...failure, retryable: false } };
		case 404:
			return stays ? { kind: 'unavailable', failure: unavailable(reply) } : undefined;
		default:
			if (isStillInProgress(status, body)) return undefined;
			if (status < 500) return { kind: 'error', failure };
			return stays && isFalsShape(body) ? { kind: 'error', failure } : undefined;
	}
}

/** fal's answer to an early result call is not documented; this text has been seen, and 202. */
function isStillInProgress(status: number, body: unknown): boolean {
	return status === 400 && isRecord(body) && /still in progress/i.test(String(body.detail));
}

function isFalsShape(body: unknown): boolean {
	return isRecord(body) && body.detail !== undefined;
}

const TRIES_OF_A_DOUBTFUL_ANSWER = 3;

function unavailable(reply: Reply<Result>): Failure {
	switch (reply.kind) {
		case 'answered':
			return {
				type: 'still_in_progress',
				message: 'fal says that the request is still in progress',
				statusCode: reply.status,
				retryable: false,
			};
		case 'rejected':
			return { ...readFailure(reply.status, reply.headers, reply.body), retryable: false };
		case 'unreadable':
			return {
				type: 'unreadable_answer',
				message: reply.reason,
				statusCode: reply.status,
				retryable: false,
			};
		case 'lost':
		case 'unsent':
			return { type: 'no_answer', message: reply.reason, retryable: false };
	}
}
