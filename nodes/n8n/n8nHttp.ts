/**
 * The only place that sends a request: n8n's own HTTP helper, which adds the API key of the credential
 * and applies n8n's proxy and SSRF policy. The key never comes to this code.
 */
import type { IAllExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { onAbort } from '../engine/abort';
import { isRecord } from '../engine/failure';
import type { ReplyHeaders } from '../engine/transport';
import { routed } from '../fal/hosts';
import type { HttpLimits, HttpOutcome, HttpRequest, SendHttp } from '../fal/http';
import { CREDENTIAL_TYPE } from './credential';
import { n8nClock } from './n8nClock';

/**
 * @param baseUrl from the credential, checked; empty for fal itself
 * @param stop aborted when the execution is stopped
 */
export function sendThroughN8n(
	node: IAllExecuteFunctions,
	baseUrl: string,
	stop?: AbortSignal,
): SendHttp {
	const sender = withoutCancelSignal(node);
	return async (request) => {
		const answered = new AbortController();
		const cutOff = Promise.race([
			timeOver(request.limits, answered.signal),
			...(request.survivesStop ? [] : [stopped(stop, answered.signal)]),
		]);
		try {
			return await exchange(sender, request, baseUrl, cutOff);
		} finally {
			answered.abort();
		}
	};
}

/**
 * n8n puts the execution's cancel signal on every request with a credential. A submit that is cut off
 * by it may have created a job whose id is then lost, and a cancel could never be sent at all. So the
 * helper is called on a view of the node that has no such signal, and what may be cut off is, here.
 */
function withoutCancelSignal(node: IAllExecuteFunctions): IAllExecuteFunctions {
	return Object.create(node, { getExecutionCancelSignal: { value: () => undefined } });
}

/** Why an exchange is not waited for any longer. */
class CutOff {
	constructor(readonly reason: string) {}
}

async function timeOver({ time }: HttpLimits, answered: AbortSignal): Promise<CutOff> {
	await n8nClock.sleep(time, answered);
	return new CutOff(`there was no complete answer after ${time / 1_000} seconds`);
}

async function stopped(stop: AbortSignal | undefined, answered: AbortSignal): Promise<CutOff> {
	return await new Promise((resolve) => {
		const forget = onAbort(stop, () => resolve(new CutOff('the execution was stopped')));
		onAbort(answered, forget);
	});
}

async function exchange(
	node: IAllExecuteFunctions,
	request: HttpRequest,
	baseUrl: string,
	cutOff: Promise<CutOff>,
): Promise<HttpOutcome> {
	const { httpRequestWithAuthentication } = node.helpers;
	let response: unknown;
	try {
		const options = optionsFor(request, baseUrl);
		const sent = httpRequestWithAuthentication.call(node, CREDENTIAL_TYPE, options);
		response = await Promise.race([sent, cutOff]);
	} catch (error) {
		return readNetworkError(error);
	}
	if (response instanceof CutOff) return { kind: 'lost', reason: response.reason };
	if (!isFullResponse(response)) return { kind: 'lost', reason: 'n8n gave no full response' };
	const { statusCode: status, body } = response;
	const headers = readHeaders(response.headers);
	const read = await readBody(body, request.limits, cutOff);
	return 'text' in read
		? { kind: 'answer', status, headers, text: read.text }
		: { kind: 'broken', status, headers, reason: read.broken, tooLarge: read.tooLarge };
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
		// The key would go along to wherever a redirect leads.
		disableFollowRedirect: true,
		timeout: limits.time,
	};
}

interface FullResponse {
	statusCode: number;
	headers: unknown;
	body: unknown;
}

function isFullResponse(value: unknown): value is FullResponse {
	return isRecord(value) && typeof value.statusCode === 'number';
}

function readHeaders(headers: unknown): ReplyHeaders {
	if (!isRecord(headers)) return {};
	return Object.fromEntries(
		Object.entries(headers)
			.filter(([, value]) => value !== undefined && value !== null)
			.map(([name, value]) => [name.toLowerCase(), String(value)]),
	);
}

async function readBody(
	body: unknown,
	limits: HttpLimits,
	cutOff: Promise<CutOff>,
): Promise<{ text: string } | Broken> {
	if (!isByteStream(body)) return { text: typeof body === 'string' ? body : '' };
	const chunks: Uint8Array[] = [];
	let size = 0;
	const reading = body[Symbol.asyncIterator]();
	try {
		for (;;) {
			const next = await Promise.race([reading.next(), cutOff]);
			if (next instanceof CutOff) return giveUp(body, { broken: next.reason, tooLarge: false });
			if (next.done) return { text: Buffer.concat(chunks).toString('utf8') };
			chunks.push(next.value);
			size += next.value.byteLength;
			if (size > limits.bytes) return giveUp(body, { broken: advice(limits), tooLarge: true });
		}
	} catch {
		return { broken: 'the answer broke off', tooLarge: false };
	}
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

function giveUp(body: ByteStream, broken: Broken): Broken {
	body.destroy?.();
	return broken;
}

function advice({ bytes }: HttpLimits): string {
	const size = `the answer is larger than ${bytes / 1_000_000} MB`;
	return `${size}. If the model has an input "sync_mode", turn it off, so that fal gives links instead of the media themselves`;
}

/** Codes of errors that come before a connection stands: nothing of the request has left. */
const BEFORE_SENDING: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'the connection was refused',
	ENOTFOUND: 'the host name is unknown',
	EAI_AGAIN: 'the host name could not be looked up',
	EHOSTUNREACH: 'the host is unreachable',
	ENETUNREACH: 'the network is unreachable',
	ERR_INVALID_URL: 'the address is not valid',
	CERT_HAS_EXPIRED: 'the TLS certificate has expired',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'the TLS certificate is self-signed',
	SELF_SIGNED_CERT_IN_CHAIN: 'the TLS certificate is self-signed',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the TLS certificate can’t be verified',
	ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another host',
};

const AFTER_SENDING: Readonly<Record<string, string>> = {
	ECONNRESET: 'the connection was reset',
	EPIPE: 'the connection was closed',
	ECONNABORTED: 'the time was over',
	ETIMEDOUT: 'the time was over',
	ERR_CANCELED: 'the execution was stopped',
};

/** n8n wraps the error of the network in one of its own; the code is on the way down the causes. */
function readNetworkError(error: unknown): HttpOutcome {
	for (let cause = error, depth = 0; isRecord(cause) && depth < 8; cause = cause.cause, depth++) {
		const code = typeof cause.code === 'string' ? cause.code : '';
		const early = BEFORE_SENDING[code];
		if (early || cause.syscall === 'connect') return { kind: 'unsent', reason: early ?? code };
		if (isRefusedByN8n(cause)) return { kind: 'unsent', reason: messageOf(cause) };
		const late = AFTER_SENDING[code];
		if (late) return { kind: 'lost', reason: late };
	}
	return { kind: 'lost', reason: 'the connection failed' };
}

/** n8n's own no (its SSRF policy, a credential that is missing) comes before anything is sent. */
function isRefusedByN8n(error: Record<string, unknown>): boolean {
	return REFUSALS_OF_N8N.has(error.constructor.name);
}

const REFUSALS_OF_N8N = new Set([
	'SsrfBlockedIpError',
	'SsrfBlockedHostnameError',
	'NodeOperationError',
]);

function messageOf(error: Record<string, unknown>): string {
	return typeof error.message === 'string' ? error.message : 'n8n did not send the request';
}
