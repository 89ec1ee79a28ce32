/**
 * fal's status stream: server-sent events, each with a status as a look would give it, and a comment every 15
 * seconds (https://fal.ai/docs/api-reference/inference-api). It is built here, because the official client's
 * part for it needs an `EventSource` parser of its own, waits without end, and can't be bounded.
 */
import { isRecord } from '../engine/isRecord';
import {
	type Holding,
	LONGEST_SILENCE,
	type StatusSource,
	type StreamWord,
} from '../engine/statusSource';
import type { Handle, ReplyHeaders } from '../engine/transport';
import { readStatus } from './answers';
import type { HoldHttp } from './http';
import { parseJson } from './json';
import { responseUrl } from './modelId';
import { ServerSentEvents } from './serverSentEvents';

const MEGABYTE = 1_000_000;
/** Of one event: a status, with the last lines that were logged. */
const MOST_PER_EVENT = MEGABYTE;
/** Of one stream: a job that logs a line a second for hours. */
const MOST_IN_ALL = 32 * MEGABYTE;

export class FalStatusStream implements StatusSource {
	readonly sent = { stream: 0 };

	constructor(private readonly holdHttp: HoldHttp) {}

	async hold(handle: Handle, { logs, signal, hear }: Holding): Promise<string> {
		this.sent.stream++;
		const url = `${responseUrl(handle)}/status/stream?logs=${logs ? 1 : 0}`;
		// Compressed, events would wait on the way until a block of them is full.
		const headers = { accept: 'text/event-stream', 'accept-encoding': 'identity' };
		const reader = new StreamReader(handle, hear);
		return await this.holdHttp({ url, headers, patience: LONGEST_SILENCE }, reader, signal);
	}
}

class StreamReader {
	readonly #events = new ServerSentEvents(MOST_PER_EVENT);
	#size = 0;

	constructor(
		private readonly handle: Handle,
		private readonly hear: Holding['hear'],
	) {}

	begin(status: number, headers: ReplyHeaders): string | undefined {
		if (status !== 200) return `the answer has the HTTP status ${status}`;
		const type = headers['content-type'] ?? '';
		return /^text\/event-stream\b/i.test(type) ? undefined : 'the answer is no event stream';
	}

	take(bytes: Uint8Array): string | undefined {
		this.#size += bytes.byteLength;
		if (this.#size > MOST_IN_ALL) return `it is longer than ${MOST_IN_ALL / MEGABYTE} MB`;
		const events = this.#events.take(bytes);
		if (!events) return `an event is longer than ${MOST_PER_EVENT / MEGABYTE} MB`;
		this.hear();
		for (const data of events) {
			const word = this.#read(data);
			if (!word) return 'an event does not tell how the job is';
			this.hear(word);
		}
		return undefined;
	}

	#read(data: string): StreamWord | undefined {
		const body = parseJson(data)?.value;
		const report = readStatus(body);
		if (!report || !isRecord(body)) return undefined;
		const { request_id: requestId } = body;
		// Of another job: something on the way has mixed them up.
		if (requestId !== undefined && requestId !== this.handle.requestId) return undefined;
		return { report, isNamed: requestId !== undefined };
	}
}
