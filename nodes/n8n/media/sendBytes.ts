/**
 * Bytes to an address that fal's API gave, straight from n8n's binary store: without the key, by https, by
 * n8n's SSRF policy, and through the Base URL where the host is fal's.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { onAbort } from '../../engine/abort';
import { backoffDelay } from '../../engine/backoff';
import { MINUTE, SECOND } from '../../engine/clock';
import { isRecord } from '../../engine/isRecord';
import type { HttpOutcome } from '../../fal/http';
import { mediaAddress } from '../../fal/mediaAddress';
import type { FileOfBytes, SendBytes } from '../../fal/storage';
import { n8nClock } from '../n8nClock';
import { readNetworkError } from '../networkError';
import { type ByteStream, isByteStream, type Readable, readableOf } from './byteStream';
import { PartOfFile, SourceFile } from './sourceFile';
import { StallWatch } from './stallWatch';

/** A line that sends 90 MB within that time is a slow one. */
const PATIENCE = { stall: MINUTE, whole: 30 * MINUTE };

/** @param stop aborted when the execution is stopped: nothing is paid for yet */
export function bytesThroughN8n(
	node: IExecuteFunctions,
	baseUrl: string,
	stop: AbortSignal | undefined,
): SendBytes {
	return async ({ method, url, headers, body }) => {
		const address = mediaAddress(url, baseUrl);
		if (!address) return { kind: 'unsent', reason: `${url} is not an https address` };
		const watch = new StallWatch(PATIENCE, stop);
		let bytes: Bytes | undefined;
		try {
			bytes = await bytesOf(body, watch);
			const sent = node.helpers.httpRequest({
				method: method as 'PUT',
				url: address,
				headers: { ...headersOf(body), ...headers },
				body: bytes,
				encoding: 'stream',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				// To follow one, all that was sent would have to be kept.
				disableFollowRedirect: true,
				timeout: PATIENCE.whole,
			});
			return await outcomeOf(sent, watch);
		} catch (error) {
			return watch.signal.aborted
				? { kind: 'lost', reason: watch.reason }
				: readNetworkError(error);
		} finally {
			watch.end();
			if (isStream(bytes)) bytes.destroy();
		}
	};
}

type Bytes = Buffer | string | Readable;

async function bytesOf(body: FileOfBytes | string, watch: StallWatch): Promise<Bytes> {
	if (typeof body === 'string') return body;
	if (body instanceof PartOfFile) return await body.open();
	if (!(body instanceof SourceFile)) throw new Error('the file has no bytes');
	const opened = await body.open();
	if (Buffer.isBuffer(opened)) return opened;
	const stream = readableOf(opened, heard(opened, watch));
	if (!stream) throw new Error('n8n gave no stream');
	// Closing it is what ends the request.
	onAbort(watch.signal, () => stream.destroy());
	return stream;
}

/** Bytes move as long as others are asked for. */
async function* heard(body: ByteStream, watch: StallWatch): AsyncGenerator<Uint8Array> {
	try {
		for await (const chunk of body) {
			watch.wait();
			yield chunk;
			watch.hear();
		}
		watch.wait();
	} finally {
		body.destroy?.();
	}
}

function isStream(bytes: Bytes | undefined): bytes is Readable {
	return typeof bytes === 'object' && !Buffer.isBuffer(bytes);
}

/** A part has no type of its own, and would be called a form. */
function headersOf(body: FileOfBytes | string): Record<string, string> {
	if (typeof body === 'string') return {};
	return { 'content-type': 'application/octet-stream', 'content-length': String(body.size) };
}

async function outcomeOf(sent: Promise<unknown>, watch: StallWatch): Promise<HttpOutcome> {
	const answer = await new Promise<unknown>((resolve, reject) => {
		onAbort(watch.signal, () => resolve(undefined));
		sent.then(resolve, reject);
	});
	if (watch.signal.aborted) return { kind: 'lost', reason: watch.reason };
	if (!isRecord(answer) || typeof answer.statusCode !== 'number') {
		return { kind: 'lost', reason: 'n8n gave no full response' };
	}
	const headers = Object.fromEntries(
		Object.entries(isRecord(answer.headers) ? answer.headers : {}).map(([name, value]) => [
			name.toLowerCase(),
			String(value),
		]),
	);
	const { statusCode: status, body } = answer;
	return { kind: 'answer', status, headers, text: await textOf(body, watch) };
}

/** What an object store says is a few lines; the rest of it is not waited for. */
const LONGEST_ANSWER = 100_000;

async function textOf(body: unknown, watch: StallWatch): Promise<string> {
	if (!isByteStream(body)) return '';
	const chunks: Uint8Array[] = [];
	let size = 0;
	const forget = onAbort(watch.signal, () => body.destroy?.());
	try {
		for await (const chunk of body) {
			chunks.push(chunk);
			size += chunk.byteLength;
			if (size > LONGEST_ANSWER) break;
		}
	} catch {
		// The status has come, and tells whether the bytes were taken.
	} finally {
		forget();
	}
	return Buffer.concat(chunks).toString('utf8');
}

/** @param failures how often in a row an upload, or a part of one, has failed */
export async function pauseBeforeUpload(
	failures: number,
	stop: AbortSignal | undefined,
): Promise<void> {
	await n8nClock.sleep(backoffDelay(failures, BACKOFF, Math.random()), stop);
}

const BACKOFF = { base: SECOND, cap: 8 * SECOND };
