/**
 * While no result can be read, or the Spend Limit leaves no room, nothing more is paid for; if that does
 * not change, the batch ends.
 */
import type { Failure } from '../failure';
import { UnreadResults } from '../following/unreadResults';
import type { Purse } from '../spending/purse';
import { noRoom } from './neverSubmitted';
import type { Lanes } from './lanes';

export class Restraint {
	readonly unread: UnreadResults;

	/**
	 * @param concurrency how many results may be unread before nothing more is offered
	 * @param open jobs that fal has or is just being offered: their results will tell, too
	 * @param purse absent where nothing limits what is spent
	 * @param hearOfChange called when jobs may be offered again, or never will be
	 */
	constructor(
		concurrency: number,
		private readonly lanes: Lanes,
		private readonly open: () => number,
		private readonly purse: Purse | undefined,
		hearOfChange: () => void,
	) {
		this.unread = new UnreadResults(concurrency, () => {
			this.judge();
			hearOfChange();
		});
	}

	/** To be called also when a job has left fal: it may have been the last one that could have told. */
	judge(): void {
		if (this.unread.areHopeless(this.open())) this.lanes.close(noResults(this.unread.count));
	}

	/**
	 * Whether nothing is to be offered for now.
	 *
	 * @param endHopeless called when the Spend Limit has ended it all: no room for the next job, now or later
	 */
	isHeld(endHopeless: () => void): boolean {
		const { purse } = this;
		// What is open may turn out cheaper than was set aside for it.
		if (purse && !purse.isAnyOpen && !this.#hasRoom && !this.lanes.closedFor) {
			this.lanes.close(noRoom(purse));
			endHopeless();
		}
		return !this.allows;
	}

	/** Whether a job may be offered: there is hope for its result, or only free work is left. */
	get allows(): boolean {
		if (this.lanes.closedFor !== undefined) return true;
		return this.#hasRoom && this.unread.allowOneMore(this.open());
	}

	/** What the batch waits for, as a sentence. */
	get holdUp(): string | undefined {
		if (this.allows || !this.lanes.next) return undefined;
		if (!this.#hasRoom) return WAITS_FOR_MONEY;
		return `No result can be read (${this.unread.count} tried): nothing more is submitted until one can.`;
	}

	/** Whether the next job fits into the Spend Limit. One that is taken over costs nothing. */
	get #hasRoom(): boolean {
		const next = this.purse && this.lanes.next?.head;
		return !next || next.request !== undefined || this.purse.fits(next.job);
	}
}

const WAITS_FOR_MONEY =
	'The Spend Limit leaves no room for the next job until those in flight tell what they cost.';

function noResults(unread: number): Failure {
	const message = `None of the last ${unread} results could be read, though fal says that the jobs are done. Read them later by their request IDs, for instance with Fal Queue Status.`;
	return { type: 'results_unreadable', message, retryable: true };
}
