/**
 * Holds an answer open and has it read as it comes: through n8n's own HTTP helper, as every other request to
 * fal (`n8nHttp.ts`).
 */
import type { IAllExecuteFunctions } from 'n8n-workflow';
import { onAbort } from '../engine/abort';
import type { AnswerReader, HeldRequest, HoldHttp } from '../fal/http';
import { isByteStream } from './media/byteStream';
import { ask, isFullResponse, readHeaders } from './n8nHttp';
import { readNetworkError } from './networkError';
import { senderOf } from './sender';

/** @param baseUrl from the credential, checked; empty for fal itself */
export function holdThroughN8n(node: IAllExecuteFunctions, baseUrl: string): HoldHttp {
	const sender = senderOf(node);
	return async (request, reader, signal) => {
		if (signal.aborted) return CLOSED;
		const closing = new AbortController();
		const forget = onAbort(signal, () => closing.abort());
		try {
			return await hold(sender, baseUrl, request, reader, closing);
		} catch (error) {
			return signal.aborted ? CLOSED : readNetworkError(error).reason;
		} finally {
			closing.abort();
			forget();
		}
	};
}

/** By us: nobody is told. */
const CLOSED = 'it was closed';

async function hold(
	node: IAllExecuteFunctions,
	baseUrl: string,
	{ url, headers, patience }: HeldRequest,
	reader: AnswerReader,
	closing: AbortController,
): Promise<string> {
	const limits = { time: patience, bytes: Number.POSITIVE_INFINITY };
	const request = { method: 'GET', url, headers, limits, survivesStop: false };
	const response = await ask(closedBy(node, closing.signal), request, baseUrl);
	if (!isFullResponse(response)) return 'n8n gave no full response';
	const { statusCode, body } = response;
	if (!isByteStream(body)) return 'the answer has no body';
	// An n8n that does not know the signal closes it by this.
	const forget = onAbort(closing.signal, () => body.destroy?.());
	try {
		let objection = reader.begin(statusCode, readHeaders(response.headers));
		if (objection === undefined) {
			for await (const bytes of body) {
				objection = reader.take(bytes);
				if (objection === undefined) continue;
				// Leaving the loop would close n8n's stream, and the socket behind it only with its next byte.
				closing.abort();
				break;
			}
		}
		closing.abort();
		return objection ?? 'it ended before the job did';
	} finally {
		forget();
	}
}

/**
 * Where n8n would have the execution's cancel signal, there is one of the request's own: it closes the socket of
 * an answer from which nothing comes.
 */
function closedBy(node: IAllExecuteFunctions, signal: AbortSignal): IAllExecuteFunctions {
	return Object.create(node, { getExecutionCancelSignal: { value: () => signal } });
}
