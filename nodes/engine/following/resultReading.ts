/**
 * What an answer to the result call says about the job. By then the work is done and paid for, so an answer
 * ends the job as failed only if nothing but fal, or the model behind it, can have given it.
 *
 * The shapes are fal's: https://fal.ai/docs/documentation/model-apis/request-errors.md and .../errors.md
 */
import { type Failure, readFailure } from '../failure';
import { isRecord } from '../isRecord';
import type { Reply, ReplyHeaders, Result } from '../transport';

export type ResultReading =
	| { readonly kind: 'output'; readonly result: Result }
	/** The job's own error, in a shape that only fal gives. */
	| { readonly kind: 'own_error'; readonly failure: Failure }
	/** An error that may be the job's own, or a gateway's. */
	| { readonly kind: 'likely_error'; readonly failure: Failure }
	/** An answer that says nothing about the job. */
	| { readonly kind: 'odd'; readonly failure: Failure }
	/** fal has no result for it: not yet, or not any more. */
	| { readonly kind: 'gone'; readonly failure: Failure }
	/** An answer that is larger than we accept. */
	| { readonly kind: 'too_large'; readonly failure: Failure }
	/** No answer, or one that says that fal is unavailable for now. */
	| { readonly kind: 'silence'; readonly failure: Failure };

export function readResult(reply: Reply<Result>): ResultReading {
	switch (reply.kind) {
		case 'answered':
			return reply.status === 202
				? { kind: 'odd', failure: stillInProgress(reply.status) }
				: { kind: 'output', result: reply.body };
		case 'rejected':
			return readRejection(reply);
		case 'unreadable':
			return { kind: reply.tooLarge ? 'too_large' : 'odd', failure: unreadable(reply) };
		case 'lost':
		case 'unsent':
			return {
				kind: 'silence',
				failure: { type: 'no_answer', message: reply.reason, retryable: false },
			};
	}
}

function readRejection(reply: Reply<never> & { kind: 'rejected' }): ResultReading {
	const { status, headers, body } = reply;
	const failure = readFailure(status, headers, body);
	const unheard = { ...failure, retryable: false };
	if (status === 401 || status === 403 || status < 400) return { kind: 'odd', failure: unheard };
	if (isFalsOwnError(status, headers, body)) return { kind: 'own_error', failure };
	if (status === 408 || status === 425 || status === 429) {
		return { kind: 'silence', failure: unheard };
	}
	if (status === 404) return { kind: isRecord(body) ? 'gone' : 'odd', failure: unheard };
	if (isStillInProgress(status, body)) return { kind: 'odd', failure: stillInProgress(status) };
	if (isErrorOfAnApp(body) || isNamedByFal(headers)) return { kind: 'likely_error', failure };
	return { kind: status < 500 ? 'odd' : 'silence', failure: unheard };
}

/**
 * fal's two shapes: field errors, which say where and what, and errors of fal's own infrastructure, which
 * have a type in the body or in a header. A 422 may have a plain sentence instead. Headers that say whether
 * to try again (`X-Fal-Needs-Retry`) also come with a mere "not now", and prove nothing.
 */
function isFalsOwnError(status: number, headers: ReplyHeaders, body: unknown): boolean {
	if (!isRecord(body)) return false;
	const { detail, error_type: type } = body;
	if (Array.isArray(detail)) return detail.length > 0 && detail.every(isFieldError);
	if (typeof detail !== 'string') return false;
	return status === 422 || typeof type === 'string' || headers['x-fal-error-type'] !== undefined;
}

function isFieldError(entry: unknown): boolean {
	return isRecord(entry) && typeof entry.msg === 'string' && typeof entry.type === 'string';
}

/** A model that breaks says `{"detail": "Internal Server Error"}`; so do many gateways. */
function isErrorOfAnApp(body: unknown): boolean {
	return isRecord(body) && body.detail !== undefined;
}

/** The error's text got lost on the way, but these headers show that it is fal's. */
function isNamedByFal(headers: ReplyHeaders): boolean {
	return (
		headers['x-fal-error-type'] !== undefined || headers['x-fal-request-timeout-type'] !== undefined
	);
}

/** fal's answer to an early result call is not documented; this text has been seen, and so has 202. */
function isStillInProgress(status: number, body: unknown): boolean {
	return status === 400 && isRecord(body) && /still in progress/i.test(String(body.detail));
}

function stillInProgress(statusCode: number): Failure {
	const message = 'fal says that the request is still in progress';
	return { type: 'still_in_progress', message, statusCode, retryable: false };
}

function unreadable({ status, reason }: Reply<never> & { kind: 'unreadable' }): Failure {
	return { type: 'unreadable_answer', message: reason, statusCode: status, retryable: false };
}
