/**
 * Looking in fal's request history for jobs whose submit got no answer: the request id that never
 * arrived is there, if fal took the job at all.
 */
import { SECOND } from './clock';
import type { Failure } from './failure';
import { type HistoryReader, type PastRequest, readHistory } from './history';
import type { Submission } from './transport';

/** A submit without an answer. All times are milliseconds since the epoch. */
export interface LostSubmit {
	readonly submission: Submission;
	readonly sentAt: number;
	/** When it was given up. */
	readonly lostAt: number;
	/** How long it is looked for. */
	readonly until: number;
}

export type Search =
	| { readonly kind: 'found'; readonly request: PastRequest }
	| { readonly kind: 'not_found' }
	| { readonly kind: 'unreadable'; readonly failure: Failure };

interface Sought extends LostSubmit {
	readonly identity: string;
	readonly tell: (search: Search) => void;
}

/** fal's clock and ours may differ by this much. */
const SKEW = 10 * SECOND;
/** Whether an ended request shows up at once is not known, so the first look is soon, the next ones later. */
const FIRST_LOOK = 2 * SECOND;
const LONGEST_WAIT = 30 * SECOND;
/** An open request may be one whose answer is just on its way to us. */
const IN_THE_AIR = 10 * SECOND;

export class LostSubmits {
	readonly #sought = new Map<string, Sought[]>();
	readonly #found = new Set<string>();

	/** @param isKnown whether the request belongs to a job of this batch already */
	constructor(
		private readonly reader: HistoryReader,
		private readonly isKnown: (requestId: string) => boolean,
	) {}

	/** Looks for one; those of the same model are looked for together, in one reading. */
	async find(lost: LostSubmit): Promise<Search> {
		const { model, input } = lost.submission;
		return await new Promise((tell) => {
			const sought = { ...lost, identity: this.reader.history.identityOf(input), tell };
			const others = this.#sought.get(model);
			if (others) others.push(sought);
			else {
				this.#sought.set(model, [sought]);
				void this.#search(model);
			}
		});
	}

	async #search(model: string): Promise<void> {
		const { clock, signal } = this.reader;
		for (let wait = FIRST_LOOK; this.#soughtOf(model).length > 0; ) {
			await clock.sleep(wait, signal);
			wait = Math.min(2 * wait, LONGEST_WAIT);
			const failure = await this.#look(model);
			for (const sought of this.#soughtOf(model)) {
				if (!signal.aborted && clock.now() < sought.until) continue;
				this.#end(model, sought, failure ? { kind: 'unreadable', failure } : { kind: 'not_found' });
			}
		}
		this.#sought.delete(model);
	}

	async #look(model: string): Promise<Failure | undefined> {
		const earliest = Math.min(...this.#soughtOf(model).map(({ sentAt }) => sentAt));
		const seen: PastRequest[] = [];
		const failure = await readHistory(model, earliest - SKEW, this.reader, (requests) => {
			seen.push(...requests);
			return true;
		});
		// The first one sent belongs to the first one lost.
		for (const request of seen.sort((a, b) => a.sentAt - b.sentAt)) {
			const owner = this.#soughtOf(model).find((sought) => this.#isAnswerTo(sought, request));
			if (!owner) continue;
			this.#found.add(request.handle.requestId);
			this.#end(model, owner, { kind: 'found', request });
		}
		return failure;
	}

	#isAnswerTo(
		{ identity, sentAt, lostAt }: Sought,
		{ handle, end, ...request }: PastRequest,
	): boolean {
		const { requestId } = handle;
		if (identity !== request.identity || this.isKnown(requestId)) return false;
		if (this.#found.has(requestId)) return false;
		if (!end && this.reader.clock.now() - request.sentAt < IN_THE_AIR) return false;
		return request.sentAt >= sentAt - SKEW && request.sentAt <= lostAt + SKEW;
	}

	#soughtOf(model: string): readonly Sought[] {
		return this.#sought.get(model) ?? [];
	}

	#end(model: string, ended: Sought, search: Search): void {
		this.#sought.set(
			model,
			this.#soughtOf(model).filter((sought) => sought !== ended),
		);
		ended.tell(search);
	}
}
