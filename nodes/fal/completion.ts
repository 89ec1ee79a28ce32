/**
 * What a genuine callback says of its job.
 *
 * Facts: https://fal.ai/docs/documentation/model-apis/inference/webhooks.md. `status` is OK or ERROR; either
 * may come without its payload.
 */
import { endSentence, type Failure, readFailure } from '../engine/failure';
import type { Callback } from './callback';

export type Completion =
	| { readonly kind: 'output'; readonly output: unknown }
	/** The job's own error. */
	| { readonly kind: 'error'; readonly failure: Failure }
	/** The job is done, and its result has to be fetched. */
	| { readonly kind: 'left_out'; readonly reason: string };

export function readCompletion({ body }: Callback): Completion {
	const { status, payload = null, payload_error: payloadError, error } = body;
	if (status === 'ERROR') return { kind: 'error', failure: readError(error, payload) };
	if (status === 'OK' && payload !== null) return { kind: 'output', output: payload };
	if (typeof payloadError === 'string') return { kind: 'left_out', reason: payloadError };
	return {
		kind: 'left_out',
		reason: `Its callback has the status ${JSON.stringify(status)} and no payload`,
	};
}

/** fal writes the HTTP status of the result into a sentence: "Invalid status code: 422". */
function readError(error: unknown, payload: unknown): Failure {
	const said = typeof error === 'string' && error !== '' ? error : 'fal gave no reason';
	const status = /\b[45]\d\d\b/.exec(said)?.[0];
	const { type, detail, ...failure } = readFailure(Number(status), {}, payload ?? { error: said });
	return {
		// `request_rejected` is what `readFailure` calls an error whose type and status it does not know.
		type: type === 'request_rejected' && !status ? 'job_failed' : type,
		message: endSentence(failure.message),
		...(status && { statusCode: Number(status) }),
		...(detail !== undefined && { detail }),
		retryable: failure.retryable,
	};
}
