/**
 * The only place that sends a request: n8n's own HTTP helper, which adds the API key of the credential
 * and applies n8n's proxy and SSRF policy. The key is not looked at here.
 */
import type { IAllExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { onAbort } from '../engine/abort';
import { isRecord } from '../engine/isRecord';
import type { ReplyHeaders } from '../engine/transport';
import { routed } from '../fal/hosts';
import type { HttpLimits, HttpOutcome, HttpRequest, SendHttp } from '../fal/http';
import { CREDENTIAL_TYPE } from './credential';
import { CutOff } from './cutOff';
import { readNetworkError } from './networkError';
import { senderOf } from './sender';

/**
 * @param baseUrl from the credential, checked; empty for fal itself
 * @param stop aborted when the execution is stopped
 */
export function sendThroughN8n(
	node: IAllExecuteFunctions,
	baseUrl: string,
	stop?: AbortSignal,
): SendHttp {
	const sender = senderOf(node);
	return async (request) => {
		const cutOff = new CutOff(request, stop);
		try {
			return await exchange(sender, request, baseUrl, cutOff);
		} finally {
			cutOff.end();
		}
	};
}

async function exchange(
	node: IAllExecuteFunctions,
	request: HttpRequest,
	baseUrl: string,
	cutOff: CutOff,
): Promise<HttpOutcome> {
	let response: unknown;
	try {
		response = await untilCutOff(ask(node, request, baseUrl), cutOff);
	} catch (error) {
		return readNetworkError(error);
	}
	if (cutOff.signal.aborted) return { kind: 'lost', reason: cutOff.reason };
	if (!isFullResponse(response)) return { kind: 'lost', reason: 'n8n gave no full response' };
	const { statusCode: status, body } = response;
	const headers = readHeaders(response.headers);
	const read = await readBody(body, request.limits, cutOff);
	return 'text' in read
		? { kind: 'answer', status, headers, text: read.text }
		: { kind: 'broken', status, headers, reason: read.broken, tooLarge: read.tooLarge };
}

/** @throws when no answer came */
export async function ask(node: IAllExecuteFunctions, request: HttpRequest, baseUrl: string) {
	const { httpRequestWithAuthentication } = node.helpers;
	const options = optionsFor(request, baseUrl);
	return await httpRequestWithAuthentication.call(node, CREDENTIAL_TYPE, options);
}

/** If an answer comes after that, its body is closed unread. */
async function untilCutOff(sent: Promise<unknown>, { signal }: CutOff): Promise<unknown> {
	return await new Promise((resolve, reject) => {
		const forget = onAbort(signal, () => {
			sent.then(closeBody, () => {});
			resolve(undefined);
		});
		sent.finally(forget).then(resolve, reject);
	});
}

function closeBody(response: unknown): void {
	if (isFullResponse(response) && isByteStream(response.body)) response.body.destroy?.();
}

function optionsFor(request: HttpRequest, baseUrl: string): IHttpRequestOptions {
	const { method, url, headers, body, limits } = request;
	return {
		method: method as IHttpRequestOptions['method'],
		url: routed(url, baseUrl),
		headers: { ...headers },
		...(body !== undefined && { body }),
		// As a stream, so that an answer without end is cut off where the limit is.
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		// The key would be sent to wherever a redirect leads.
		disableFollowRedirect: true,
		timeout: limits.time,
	};
}

export interface FullResponse {
	statusCode: number;
	headers: unknown;
	body: unknown;
}

export function isFullResponse(value: unknown): value is FullResponse {
	return isRecord(value) && typeof value.statusCode === 'number';
}

export function readHeaders(headers: unknown): ReplyHeaders {
	if (!isRecord(headers)) return {};
	return Object.fromEntries(
		Object.entries(headers)
			.filter(([, value]) => value !== undefined && value !== null)
			.map(([name, value]) => [name.toLowerCase(), String(value)]),
	);
}

async function readBody(
	body: unknown,
	{ bytes }: HttpLimits,
	cutOff: CutOff,
): Promise<{ text: string } | Broken> {
	if (!isByteStream(body)) return { text: typeof body === 'string' ? body : '' };
	const chunks: Uint8Array[] = [];
	let size = 0;
	// Closing the stream is what ends the reading below.
	const forget = onAbort(cutOff.signal, () => body.destroy?.());
	try {
		for await (const chunk of body) {
			chunks.push(chunk);
			size += chunk.byteLength;
			// Leaving the loop closes the stream, too.
			if (size > bytes) return { broken: advice(bytes), tooLarge: true };
		}
		if (!cutOff.signal.aborted) return { text: Buffer.concat(chunks).toString('utf8') };
	} catch {
		if (!cutOff.signal.aborted) return { broken: 'the answer broke off', tooLarge: false };
	} finally {
		forget();
	}
	return { broken: cutOff.reason, tooLarge: false };
}

interface ByteStream extends AsyncIterable<Uint8Array> {
	destroy?: () => unknown;
}

function isByteStream(body: unknown): body is ByteStream {
	return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

interface Broken {
	/** What happened to it. */
	readonly broken: string;
	readonly tooLarge: boolean;
}

function advice(bytes: number): string {
	const size = `the answer is larger than ${bytes / 1_000_000} MB`;
	return `${size}. If the model has an input "sync_mode", turn it off, so that fal gives links instead of the media themselves`;
}
