/** The books of a batch: which jobs fal holds now, how each one ended, and the totals. */
import type { Failure } from '../failure';
import type { Followed } from '../following/follow';
import { type EndedJob, type Ending, isSuccess, type Job } from '../job';
import type { Purse } from '../spending/purse';
import type { Happening } from './happenings';

/** Where a batch stands. */
export interface BatchProgress {
	readonly total: number;
	readonly succeeded: number;
	readonly unsuccessful: number;
	/** At fal now: submitted and not done. */
	readonly inFlight: number;
	/** Of those, the ones that were behind others in fal's queue at the last look. */
	readonly inQueue: number;
	readonly peakInFlight: number;
	readonly retriesLeft: number;
	readonly retriesUsed: number;
	/** Times fal answered that it has enough jobs of ours. */
	readonly pushbacks: number;
	/** When fal pushed back, or was not there. */
	readonly happenings: readonly Happening[];
	/** Jobs whose request was found in fal's history. */
	readonly foundInHistory: number;
	/** Why fal's history could not be read, when it was needed. */
	readonly historyTrouble?: Failure | undefined;
	/** Why nothing is submitted for the moment, where a person would wonder. */
	readonly holdUp?: string | undefined;
	/** Why the batch stopped submitting, if it did. */
	readonly stoppedFor?: Failure | undefined;
}

export class Ledger {
	readonly #inFlight = new Map<Job, Followed>();
	readonly #ended: EndedJob[] = [];
	/** All request IDs that belong to the batch. */
	readonly #requestIds = new Set<string>();
	#succeeded = 0;
	#peakInFlight = 0;
	#foundInHistory = 0;
	#handedOut = 0;
	/** The longest time from submit to end seen so far. */
	#longestJob = 0;
	#tellThatAllEnded = () => {};
	readonly allEnded = new Promise<void>((resolve) => (this.#tellThatAllEnded = resolve));

	/** @param total the jobs of the batch, 1 or more */
	constructor(
		readonly total: number,
		private readonly purse?: Purse | undefined,
	) {}

	/** In the order in which they ended. */
	get ended(): readonly EndedJob[] {
		return this.#ended;
	}

	/** Jobs at fal now. */
	get inFlight(): number {
		return this.#inFlight.size;
	}

	/** Jobs that fal has taken and nobody follows: it may still hold them. */
	get handedOut(): number {
		return this.#handedOut;
	}

	get counts() {
		const open = [...this.#inFlight.values()];
		return {
			total: this.total,
			succeeded: this.#succeeded,
			unsuccessful: this.#ended.length - this.#succeeded,
			inFlight: open.length,
			inQueue: open.filter(({ queuePosition = 0 }) => queuePosition > 0).length,
			peakInFlight: this.#peakInFlight,
			foundInHistory: this.#foundInHistory,
		};
	}

	/** @returns milliseconds: the longest that a job took, or has taken up to now */
	longestJob(now: number): number {
		const ages = [...this.#inFlight.values()].map(({ since }) => now - since);
		return ages.reduce((longest, age) => Math.max(longest, age), this.#longestJob);
	}

	isKnown(requestId: string): boolean {
		return this.#requestIds.has(requestId);
	}

	knows(requestId: string): void {
		this.#requestIds.add(requestId);
	}

	countFound(): void {
		this.#foundInHistory++;
	}

	/** fal holds the job from now on. */
	takeIn(job: Job, followed: Followed): void {
		this.#inFlight.set(job, followed);
		this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight.size);
	}

	/** fal is done with the job, or nobody waits for it any more. */
	takeOut(job: Job): void {
		this.#inFlight.delete(job);
	}

	/**
	 * @param now milliseconds since the epoch
	 * @returns the job as it is written down
	 */
	end(job: Job, ending: Ending, now: number): EndedJob {
		this.purse?.settle(job, ending);
		const ended = lastWord(job, ending, now);
		if (ending.outcome === 'completed' || ending.outcome === 'failed') {
			const took = ended.endedAt - (ended.submittedAt ?? ended.endedAt);
			this.#longestJob = Math.max(this.#longestJob, took);
		}
		if (isSuccess(ending)) this.#succeeded++;
		if (ending.outcome === 'submitted' && ending.status === 'IN_QUEUE') this.#handedOut++;
		this.#ended.push(ended);
		if (this.#ended.length === this.total) this.#tellThatAllEnded();
		return ended;
	}
}

/** A retry that never got to fal leaves the job where the attempt before it ended. */
function lastWord(job: Job, ending: Ending, now: number): EndedJob {
	const before = ending.outcome === 'not_submitted' ? job.failedAttempts.at(-1) : undefined;
	if (!before) return { ...job, ending, endedAt: job.endedBefore ?? now };
	return { ...job, ...before, failedAttempts: job.failedAttempts.slice(0, -1) };
}
