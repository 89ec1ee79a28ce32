/**
 * Following a job that fal has accepted: looking until it is done, then reading its result. Reading
 * changes nothing and costs nothing, so it is patient: what goes wrong with a look is tried again
 * until the job's deadline, and spends no budget.
 */
import { backoffDelay, parseRetryAfter, READ_BACKOFF } from './backoff';
import { type Clock, MINUTE, SECOND } from './clock';
import { type Failure, isMarkedByFal, isRecord, readFailure } from './failure';
import type { PollSchedule } from './pollSchedule';
import type { FailedReply, Handle, LogLine, Result, StatusReport, Transport } from './transport';

export interface Watch {
	readonly transport: Transport;
	readonly clock: Clock;
	readonly random: () => number;
	/** Aborted when the execution is stopped. */
	readonly signal: AbortSignal;
	readonly schedule: PollSchedule;
	readonly includeLogs: boolean;
}

/** A job as it is followed. All times are milliseconds since the epoch. */
export interface Followed {
	readonly handle: Handle;
	/** When fal accepted it. */
	readonly since: number;
	readonly deadline: number;
	/** Whether it may be done already: it was submitted before, by somebody else. */
	readonly mayBeDone?: boolean;
	queuePosition?: number;
	/** When it was last known to be waiting in the queue. */
	lastWaiting: number;
	/** When it is thought to have started, once it was seen working. */
	workingSince?: number;
	readonly logs: LogLine[];
}

export type Sight =
	/** fal is done with it; whether it succeeded, the result tells. */
	| { readonly kind: 'done'; readonly inferenceTime?: number }
	| { readonly kind: 'deadline' }
	| { readonly kind: 'stopped' }
	/** fal does not let it be read: no such request, or no permission. */
	| { readonly kind: 'barred'; readonly failure: Failure };

/** Looks at the job until fal is done with it, the deadline is over or the execution stopped. */
export async function followUntilDone(job: Followed, watch: Watch): Promise<Sight> {
	const { clock, signal, schedule, transport } = watch;
	const place = job.queuePosition;
	let wait = job.mayBeDone ? 0 : schedule.nextLook({ age: 0, ...queuePlace(job) });
	for (let failures = 0; ; ) {
		const now = clock.now();
		await clock.sleep(Math.min(wait, job.deadline - now), signal);
		if (signal.aborted) return { kind: 'stopped' };
		const askedAt = clock.now();
		const reply = await transport.status(job.handle, { logs: watch.includeLogs });
		if (signal.aborted) return { kind: 'stopped' };
		if (reply.kind === 'answered') {
			failures = 0;
			schedule.learnTravel(clock.now() - askedAt);
			takeNote(job, reply.body, watch);
			if (reply.body.status === 'COMPLETED') {
				return done(job, reply.body.inferenceTime, place, watch);
			}
			wait = schedule.nextLook(sighting(job, clock.now()));
		} else {
			const barred = readBarrier(reply, clock.now() - job.since);
			if (barred) return { kind: 'barred', failure: barred };
			failures++;
			wait = waitAfter(reply, failures, watch);
		}
		if (clock.now() >= job.deadline) return { kind: 'deadline' };
	}
}

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
		if (reply.kind === 'answered') return { kind: 'output', result: reply.body };
		if (reply.kind === 'rejected') {
			const verdict = readRejectedResult(reply, failures);
			if (verdict) return verdict;
		}
		const wait = waitAfter(reply, failures, watch);
		if (clock.now() + wait > deadline || isHopeless(reply, failures)) {
			return { kind: 'unavailable', failure: unavailable(reply) };
		}
		await clock.sleep(wait, signal);
		if (signal.aborted) return { kind: 'stopped' };
	}
}

const RESULT_PATIENCE = 2 * MINUTE;

/** Right after a submit, a part of fal may not have heard of the job yet. */
const SETTLING_TIME = 10 * SECOND;

/** Why fal will never let this be read, if it says so. `age` in milliseconds since the submit. */
export function readBarrier(reply: FailedReply, age: number): Failure | undefined {
	if (reply.kind !== 'rejected') return undefined;
	const { status, headers, body } = reply;
	if (status >= 500 || status === 408 || status === 429) return undefined;
	if (status === 404 && age < SETTLING_TIME) return undefined;
	const failure = readFailure(status, headers, body);
	const explanation =
		status === 404
			? 'fal does not know this request (any more).'
			: `fal does not let this request be read: ${failure.message}`;
	return { ...failure, message: explanation, retryable: false };
}

/** A look or a result that went wrong in passing: a cut answer, a gateway, too many requests. */
function waitAfter(reply: FailedReply, failures: number, { clock, random }: Watch): number {
	const retryAfter =
		reply.kind === 'rejected' ? parseRetryAfter(reply.headers['retry-after'], clock.now()) : 0;
	return backoffDelay(failures, READ_BACKOFF, random(), retryAfter);
}

/**
 * A job's own error comes with the status that the model answered. A 5xx without fal's marks may as
 * well be a gateway's: it is asked again, and believed when it stays.
 */
function readRejectedResult(
	{ status, headers, body }: FailedReply & { kind: 'rejected' },
	failures: number,
): Collected | undefined {
	if (status === 408 || status === 429 || isStillInProgress(status, body)) return undefined;
	const failure = readFailure(status, headers, body);
	if (status === 401 || status === 403 || status === 404) {
		if (status === 404 && failures < TRIES_OF_A_DOUBTFUL_ANSWER) return undefined;
		return { kind: 'unavailable', failure: { ...failure, retryable: false } };
	}
	const believed = status < 500 || isMarkedByFal(headers, body);
	return believed || failures >= TRIES_OF_A_DOUBTFUL_ANSWER
		? { kind: 'error', failure }
		: undefined;
}

/** fal's answer to an early result call is not documented; this text and 202 have been seen. */
function isStillInProgress(status: number, body: unknown): boolean {
	return status === 400 && isRecord(body) && /still in progress/i.test(String(body.detail));
}

const TRIES_OF_A_DOUBTFUL_ANSWER = 3;

function isHopeless(reply: FailedReply, failures: number): boolean {
	return reply.kind === 'unreadable' && failures >= TRIES_OF_A_DOUBTFUL_ANSWER;
}

function unavailable(reply: FailedReply): Failure {
	switch (reply.kind) {
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

function takeNote(job: Followed, report: StatusReport, { clock, schedule }: Watch): void {
	const now = clock.now();
	if (report.status === 'IN_QUEUE') {
		job.lastWaiting = now;
		if (report.queuePosition === undefined) delete job.queuePosition;
		else job.queuePosition = report.queuePosition;
	} else {
		job.workingSince ??= Math.min(now, job.lastWaiting + schedule.expectedWait(job.queuePosition));
		delete job.queuePosition;
	}
	// fal's window of logs moves: each look brings some lines again and leaves out older ones.
	const known = new Set(job.logs.map(logKey));
	job.logs.push(...report.logs.filter((line) => !known.has(logKey(line))));
}

function logKey({ timestamp, message }: LogLine): string {
	return `${timestamp} ${message}`;
}

function done(
	job: Followed,
	inferenceTime: number | undefined,
	place: number | undefined,
	{ schedule, clock }: Watch,
): Sight {
	const age = clock.now() - job.since;
	const work = inferenceTime === undefined ? age : inferenceTime * SECOND;
	// When a job that may be done already ended, nobody saw: its age says nothing of its work.
	if (job.mayBeDone && inferenceTime === undefined) return { kind: 'done' };
	// Only of a job that was seen waiting is the rest of its age waiting, and not just a late look.
	const wasWaiting = job.lastWaiting > job.since;
	schedule.learn(work, Math.max(0, age - work), wasWaiting && !job.mayBeDone ? place : undefined);
	return { kind: 'done', ...(inferenceTime !== undefined && { inferenceTime }) };
}

function sighting(job: Followed, now: number) {
	return {
		age: now - job.since,
		...(job.workingSince !== undefined && { workedFor: now - job.workingSince }),
		...queuePlace(job),
	};
}

function queuePlace({ queuePosition }: Followed) {
	return queuePosition === undefined ? {} : { queuePosition };
}
