/**
 * fal's request history following a script: it lists the requests that the test has it know, page by
 * page, and writes down what it was asked, and when.
 */
import type { Clock } from '../../nodes/engine/clock';
import type {
	History,
	HistoryPage,
	HistoryQuestion,
	PastRequest,
} from '../../nodes/engine/remembering/history';
import type { Reply } from '../../nodes/engine/transport';
import { answered } from './replies';

export interface HistoryScript {
	/** What is known at a moment, in the order in which it is listed. */
	readonly requests?: (now: number) => readonly PastRequest[];
	/** Said to the `call`th question, from 1, instead; `undefined` for what is usually said. */
	readonly page?: (call: number, question: HistoryQuestion) => Reply<HistoryPage> | undefined;
	/** Milliseconds from question to answer; none unless told. */
	readonly latency?: number;
}

export class ScriptedHistory implements History {
	readonly questions: Array<HistoryQuestion & { readonly at: number }> = [];

	constructor(
		private readonly clock: Clock,
		private readonly script: HistoryScript = {},
	) {}

	identityOf(input: Readonly<Record<string, unknown>>): string {
		return JSON.stringify(input);
	}

	async page(question: HistoryQuestion): Promise<Reply<HistoryPage>> {
		this.questions.push({ ...question, at: this.clock.now() });
		const call = this.questions.length;
		await this.clock.sleep(this.script.latency ?? 0);
		return this.script.page?.(call, question) ?? answered(this.#pageOf(question));
	}

	#pageOf({ model, since, cursor, limit }: HistoryQuestion): HistoryPage {
		const all = (this.script.requests?.(this.clock.now()) ?? []).filter(
			({ handle, sentAt }) => handle.model === model && sentAt >= since,
		);
		// As fal's is: the number of a page, and another place when pages are smaller.
		const page = Number(cursor ?? 1);
		const from = (page - 1) * limit;
		const more = from + limit < all.length && { nextCursor: String(page + 1) };
		return { requests: all.slice(from, from + limit), ...more };
	}
}

export interface Past {
	readonly id: string;
	readonly sentAt: number;
	/** Absent for one that is open. */
	readonly endedAt?: number;
	readonly succeeded?: boolean;
	/** Absent when fal did not keep it. */
	readonly input?: Readonly<Record<string, unknown>> | undefined;
	readonly model?: string;
	/** Seconds. */
	readonly inferenceTime?: number;
}

export const MODEL = 'fal-ai/flux/dev';

/** A request of the past, which asked for `{ item: 0 }` unless said. */
export function past({
	id,
	sentAt,
	endedAt,
	succeeded = true,
	model = MODEL,
	...rest
}: Past): PastRequest {
	const input = 'input' in rest ? rest.input : { item: 0 };
	const { inferenceTime } = rest;
	return {
		handle: { requestId: id, model },
		sentAt,
		...(input && { identity: JSON.stringify(input) }),
		...(endedAt !== undefined && {
			end: { at: endedAt, succeeded, ...(inferenceTime !== undefined && { inferenceTime }) },
		}),
	};
}
