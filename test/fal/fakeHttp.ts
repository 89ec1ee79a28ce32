/** A way to send requests that answers what the test has it answer, and writes the requests down. */
import type { ReplyHeaders } from '../../nodes/engine/transport';
import type { HttpOutcome, HttpRequest, SendHttp } from '../../nodes/fal/http';

export function fakeHttp(...outcomes: HttpOutcome[]): { send: SendHttp; requests: HttpRequest[] } {
	const requests: HttpRequest[] = [];
	const send: SendHttp = async (request) => {
		requests.push(request);
		const outcome = outcomes[Math.min(requests.length, outcomes.length) - 1];
		if (!outcome) throw new Error('The test has no answer for this request');
		return outcome;
	};
	return { send, requests };
}

/** An answer; what is not text is sent as JSON. */
export function answer(
	status: number,
	body: unknown,
	headers: ReplyHeaders = {},
): HttpOutcome & { kind: 'answer' } {
	return {
		kind: 'answer',
		status,
		headers,
		text: typeof body === 'string' ? body : JSON.stringify(body),
	};
}
