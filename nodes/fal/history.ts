/**
 * fal's request history, from its platform API: https://docs.fal.ai/platform-apis/v1/models/requests
 *
 * Not known, and so not relied on: whether it shows requests that have not ended (without `ended_at`
 * then), how late it shows ended ones, and whether `start` means the submit or the end.
 */
import { createHash } from 'node:crypto';
import { SECOND } from '../engine/clock';
import { isRecord } from '../engine/isRecord';
import type {
	History,
	HistoryPage,
	HistoryQuestion,
	PastRequest,
} from '../engine/remembering/history';
import type { Reply } from '../engine/transport';
import { isRequestId } from './answers';
import type { HttpLimits, SendHttp } from './http';
import { canonicalJson, parseJson } from './json';

/** Room for a hundred inputs and outputs; with pictures in them, smaller pages are asked for. */
const LIMITS: HttpLimits = { time: 30 * SECOND, bytes: 32_000_000 };

export class FalHistory implements History {
	/** Requests sent so far, by kind. */
	readonly sent = { history: 0 };

	constructor(private readonly send: SendHttp) {}

	/** @returns an empty text for an input that can't be written as JSON, which can't be sent either */
	identityOf(input: unknown): string {
		try {
			return createHash('sha256').update(canonicalJson(input)).digest('base64');
		} catch {
			return '';
		}
	}

	async page({ model, since, cursor, limit }: HistoryQuestion): Promise<Reply<HistoryPage>> {
		this.sent.history++;
		const parameters = new URLSearchParams({
			endpoint_id: model,
			start: new Date(since).toISOString(),
			expand: 'payloads',
			limit: String(limit),
			...(cursor && { cursor }),
		});
		const outcome = await this.send({
			method: 'GET',
			url: `https://api.fal.ai/v1/models/requests/by-endpoint?${parameters}`,
			headers: { accept: 'application/json' },
			limits: LIMITS,
			survivesStop: false,
		});
		if (outcome.kind === 'unsent' || outcome.kind === 'lost') return outcome;
		const { status, headers } = outcome;
		const isSuccess = status >= 200 && status < 300;
		if (outcome.kind === 'broken' && isSuccess) {
			const { reason, tooLarge = false } = outcome;
			return { kind: 'unreadable', status, reason, tooLarge };
		}
		const text = outcome.kind === 'broken' ? outcome.reason : outcome.text;
		if (!isSuccess) {
			return { kind: 'rejected', status, headers, body: parseJson(text)?.value };
		}
		const body = this.#readPage(parseJson(text)?.value, model);
		if (body) return { kind: 'answered', status, headers, body };
		return { kind: 'unreadable', status, reason: 'the answer is no list of requests' };
	}

	#readPage(body: unknown, model: string): HistoryPage | undefined {
		if (!isRecord(body) || !Array.isArray(body.items)) return undefined;
		const { items, next_cursor: nextCursor } = body;
		return {
			requests: items.filter(isRecord).flatMap((item) => this.#readRequest(item, model)),
			...(typeof nextCursor === 'string' && nextCursor !== '' && { nextCursor }),
		};
	}

	#readRequest(item: Record<string, unknown>, model: string): PastRequest[] {
		const { request_id: requestId, json_input: input, status_code: status, duration } = item;
		const sentAt = readTime(item.sent_at);
		const at = readTime(item.ended_at);
		if (!isRequestId(requestId) || sentAt === undefined) return [];
		const identity = isRecord(input) && this.identityOf(input);
		const succeeded = typeof status === 'number' && status >= 200 && status < 300;
		const worked = typeof duration === 'number' && duration >= 0;
		return [
			{
				handle: { requestId, model },
				sentAt,
				...(identity && { identity }),
				...(at !== undefined && {
					end: { at, succeeded, ...(worked && { inferenceTime: duration }) },
				}),
			},
		];
	}
}

/** @returns milliseconds since the epoch */
function readTime(value: unknown): number | undefined {
	const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
	return Number.isNaN(time) ? undefined : time;
}
