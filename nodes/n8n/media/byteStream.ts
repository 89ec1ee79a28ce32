/** Bytes on their way through n8n, without ever being held whole. */
import type { BinaryHelperFunctions } from 'n8n-workflow';
import { onAbort } from '../../engine/abort';
import type { StallWatch } from './stallWatch';

/** Node's `Readable`: n8n lets community nodes import no `stream`. */
export type Readable = Exclude<Parameters<BinaryHelperFunctions['prepareBinaryData']>[0], Buffer>;

export interface ByteStream extends AsyncIterable<Uint8Array> {
	destroy?: (error?: Error) => unknown;
}

export function isByteStream(body: unknown): body is ByteStream {
	return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/**
 * @param like any stream of Node's: their classes all have `from` of `Readable`
 * @returns nothing where it is none
 */
export function readableOf(like: object, chunks: AsyncIterable<Uint8Array>): Readable | undefined {
	const { from } = like.constructor as { from?: (chunks: unknown, options: object) => Readable };
	return from?.(chunks, { objectMode: false, highWaterMark: AHEAD });
}

/** Bytes read ahead of who takes them. */
const AHEAD = 64 * 1024;

/** @throws when the watch gives the transfer up */
export async function* watched(body: ByteStream, watch: StallWatch): AsyncGenerator<Uint8Array> {
	// Closing the stream is what ends the waiting below.
	const forget = onAbort(watch.signal, () => body.destroy?.());
	try {
		watch.wait();
		for await (const chunk of body) {
			watch.hear();
			yield chunk;
			watch.wait();
		}
		watch.hear();
		if (watch.signal.aborted) throw new Error(watch.reason);
	} finally {
		forget();
		body.destroy?.();
	}
}
