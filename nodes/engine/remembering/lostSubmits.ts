/**
 * Looking in fal's request history for jobs whose submit got no answer: the request id that never
 * arrived is there, if fal took the job at all.
 */
import { SECOND } from '../clock';
import type { Failure } from '../failure';
import { type HistoryReader, type PastRequest, readHistory } from './history';
import type { Submission } from '../transport';

/** A submit on its way. */
export interface SentSubmit {
	readonly submission: Submission;
	/** Milliseconds since the epoch. */
	readonly sentAt: number;
}

/** A submit without an answer. All times are milliseconds since the epoch. */
export interface LostSubmit extends SentSubmit {
	/** When it was given up. */
	readonly lostAt: number;
	/** Until when to look for it; asked anew at each look, because a batch learns how long its jobs take. */
	readonly until: () => number;
}

/** What a batch knows of its own submits. */
export interface OwnSubmits {
	/** Those whose answer may still come. */
	readonly inTheAir: Iterable<SentSubmit>;
	/** Whether the request belongs to a job of the batch already. */
	isKnown(requestId: string): boolean;
}

export type Search =
	| { readonly kind: 'found'; readonly request: PastRequest }
	| { readonly kind: 'not_found' }
	| { readonly kind: 'unreadable'; readonly failure: Failure }
	/** The execution was stopped before the search was over. */
	| { readonly kind: 'stopped' };

interface Sought extends LostSubmit {
	readonly identity: string;
	readonly tell: (search: Search) => void;
}

/** fal's clock and ours may differ by this much. */
const SKEW = 10 * SECOND;
/**
 * It is not known whether an ended request shows up at once, so the first look is soon, the next ones later.
 */
const FIRST_LOOK = 2 * SECOND;
const LONGEST_WAIT = 30 * SECOND;

export class LostSubmits {
	readonly #sought = new Map<string, Set<Sought>>();
	readonly #found = new Set<string>();

	constructor(
		private readonly reader: HistoryReader,
		private readonly own: OwnSubmits,
	) {}

	/** Looks for one; those of the same model are looked for together, in one reading. */
	async find(lost: LostSubmit): Promise<Search> {
		const { model, input } = lost.submission;
		return await new Promise((tell) => {
			const sought = { ...lost, identity: this.reader.history.identityOf(input), tell };
			const others = this.#sought.get(model);
			if (others) others.add(sought);
			else {
				const all = new Set([sought]);
				this.#sought.set(model, all);
				void this.#search(model, all);
			}
		});
	}

	/** @param all others that get lost meanwhile are added to it */
	async #search(model: string, all: Set<Sought>): Promise<void> {
		const { clock, signal } = this.reader;
		for (let wait = FIRST_LOOK; all.size > 0; ) {
			await clock.sleep(wait, signal);
			wait = Math.min(2 * wait, LONGEST_WAIT);
			// Those that join while the history is being read have not been looked for.
			const lookedFor = [...all];
			const failure = await this.#look(model, all);
			for (const sought of lookedFor) {
				if (!all.has(sought)) continue;
				if (signal.aborted) end(sought, all, { kind: 'stopped' });
				else if (
					clock.now() >= sought.until() &&
					!this.#mayBeInTheAir(sought, sought.lostAt + SKEW)
				) {
					end(sought, all, failure ? { kind: 'unreadable', failure } : { kind: 'not_found' });
				}
			}
		}
		this.#sought.delete(model);
	}

	async #look(model: string, all: Set<Sought>): Promise<Failure | undefined> {
		const earliest = Math.min(...[...all].map(({ sentAt }) => sentAt));
		const seen: PastRequest[] = [];
		const failure = await readHistory(model, earliest - SKEW, this.reader, (requests) => {
			seen.push(...requests);
			return true;
		});
		// Oldest request first; each goes to the lost submit whose time it fits best.
		for (const request of seen.sort((a, b) => a.sentAt - b.sentAt)) {
			const [owner] = [...all]
				.filter((sought) => this.#isAnswerTo(sought, request))
				.sort((a, b) => distance(a, request) - distance(b, request));
			if (!owner) continue;
			this.#found.add(request.handle.requestId);
			end(owner, all, { kind: 'found', request });
		}
		return failure;
	}

	#isAnswerTo(sought: Sought, { handle, identity, sentAt }: PastRequest): boolean {
		if (identity !== sought.identity) return false;
		if (this.own.isKnown(handle.requestId) || this.#found.has(handle.requestId)) return false;
		if (sentAt < sought.sentAt - SKEW || sentAt > sought.lostAt + SKEW) return false;
		return !this.#mayBeInTheAir(sought, sentAt);
	}

	/**
	 * Whether a request that fal got at that moment may belong to another submit of the same input whose answer
	 * is still on its way: if it were taken here, two jobs would share it.
	 */
	#mayBeInTheAir({ submission: { model }, identity }: Sought, at: number): boolean {
		const { history } = this.reader;
		return [...this.own.inTheAir].some(
			({ submission, sentAt }) =>
				submission.model === model &&
				sentAt - SKEW <= at &&
				history.identityOf(submission.input) === identity,
		);
	}
}

/**
 * Milliseconds between the moment at which fal got the request and the time in which the submit was on its
 * way.
 */
function distance({ sentAt, lostAt }: Sought, request: PastRequest): number {
	return Math.max(0, sentAt - request.sentAt, request.sentAt - lostAt);
}

function end(ended: Sought, all: Set<Sought>, search: Search): void {
	all.delete(ended);
	ended.tell(search);
}
