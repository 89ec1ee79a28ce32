/**
 * One submit, and what its answer means. This is where money is spent: fal has no idempotency key, so
 * a submit is only ever sent again when it is certain that fal did not take it.
 */
import type { Clock } from '../clock';
import { parseRetryAfter } from '../backoff';
import { endSentence, type Failure, readFailure } from '../failure';
import { type Accepted, type Reply, REQUEST_ID } from '../transport';

export type SubmitVerdict =
	/** fal gave a request id. */
	| { readonly kind: 'accepted'; readonly accepted: Accepted }
	/** Certainly not taken, through no fault of the job: may be sent again. */
	| {
			readonly kind: 'refused';
			readonly failure: Failure;
			/** Whether fal said that it has enough (429), rather than not being reachable at all. */
			readonly pushback: boolean;
			/** Milliseconds that fal asks to wait, 0 for none. */
			readonly retryAfter: number;
	  }
	/** Certainly not taken, and never will be. */
	| {
			readonly kind: 'final';
			readonly failure: Failure;
			/** What else can't succeed: nothing, this model, or no job of this account. */
			readonly reach: 'job' | 'model' | 'account';
	  }
	/** It may be a paid job by now: never sent again. */
	| {
			readonly kind: 'unknown';
			readonly failure: Failure;
			/** If fal got as far as giving it one. */
			readonly requestId?: string;
	  };

export function readSubmit(reply: Reply<Accepted>, clock: Clock): SubmitVerdict {
	switch (reply.kind) {
		case 'answered':
			return { kind: 'accepted', accepted: reply.body };
		case 'unreadable':
			return unknownFate(`fal answered the submit, but ${reply.reason}`, 'unreadable_answer');
		case 'lost':
			return unknownFate(`No answer came to the submit: ${reply.reason}`, 'no_answer');
		case 'unsent':
			return {
				kind: 'refused',
				pushback: false,
				retryAfter: 0,
				failure: {
					type: 'not_reached',
					message: `fal could not be reached: ${reply.reason}`,
					retryable: true,
				},
			};
		case 'rejected':
			return readRejection(reply, clock);
	}
}

function readRejection(
	{ status, headers, body }: Reply<Accepted> & { kind: 'rejected' },
	clock: Clock,
): SubmitVerdict {
	const failure = readFailure(status, headers, body);
	if (status === 429) {
		const retryAfter = parseRetryAfter(headers['retry-after'], clock.now());
		return {
			kind: 'refused',
			pushback: true,
			retryAfter,
			failure: { ...failure, retryable: true },
		};
	}
	// A server that ran out of time, or broke, may have put the job in the queue before it did.
	if (status === 408 || status >= 500) {
		const what = `fal answered the submit with HTTP status ${status}`;
		const requestId = headers[REQUEST_ID];
		return { ...unknownFate(what, failure.type, failure), ...(requestId && { requestId }) };
	}
	return { kind: 'final', failure: explain(failure), reach: reachOf(status) };
}

function reachOf(status: number): 'job' | 'model' | 'account' {
	if (status === 401 || status === 403) return 'account';
	return status === 404 ? 'model' : 'job';
}

/** Adds what to do, where fal's message does not say. */
function explain(failure: Failure): Failure {
	const advice = failure.statusCode && ADVICE[failure.statusCode];
	return advice ? { ...failure, message: `${endSentence(failure.message)} ${advice}` } : failure;
}

const ADVICE: Readonly<Record<number, string>> = {
	401: 'Check the API Key in the Fal API credential.',
	403: 'Check the balance and the permissions of the API key in fal’s dashboard, then run the items again.',
	404: 'Check the model ID on fal.ai/models.',
	405: 'Check the model ID: fal does not take jobs at this address.',
};

function unknownFate(
	what: string,
	type: string,
	failure?: Failure,
): SubmitVerdict & { kind: 'unknown' } {
	const said = failure?.message ? ` (${failure.message})` : '';
	return {
		kind: 'unknown',
		failure: {
			...failure,
			type,
			message: `${what}${said}. The job may be running, and may be billed. It was not submitted again, to avoid paying twice.`,
			retryable: false,
		},
	};
}
