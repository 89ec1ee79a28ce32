/**
 * The slots of a batch: at most `concurrency` jobs have one at a time, and each free one goes to the next
 * job. A slot of the account is requested only once a job can be submitted, so a batch that waits for fal
 * keeps no slot from others.
 */
import type { LimitFunction } from 'p-limit';
import type { Clock } from '../clock';
import type { Lane } from './lane';
import type { Lanes } from './lanes';

/** What the slots are for. */
export interface SlotHolder {
	/** Has the slot until the promise resolves. */
	carry(lane: Lane): Promise<void>;
	/** Whether nothing is to be offered for now, whatever slot is free. */
	isHeld(): boolean;
}

export class Slots {
	#given = 0;
	/** Ends the wait for the moment at which the next lane may open. */
	#waking: AbortController | undefined;

	/**
	 * @param concurrency 1 or more
	 * @param accountSlots shared with others; absent means no shared limit
	 */
	constructor(
		private readonly concurrency: number,
		private readonly lanes: Lanes,
		private readonly clock: Clock,
		private readonly batch: SlotHolder,
		private readonly accountSlots?: LimitFunction | undefined,
	) {}

	/** To be called whenever a job has come, or something that jobs wait for has happened. */
	offer(): void {
		while (this.#given < this.concurrency && !this.batch.isHeld()) {
			const lane = this.lanes.next;
			if (!lane) return this.#offerLater();
			this.#given++;
			void this.#give(lane).then(() => {
				this.#given--;
				this.offer();
			});
		}
	}

	/** Nothing is waited for any more. */
	close(): void {
		this.#waking?.abort();
	}

	async #give(lane: Lane): Promise<void> {
		if (!this.accountSlots) return await this.batch.carry(lane);
		await this.accountSlots(async () => {
			// By now it may be another lane's turn, or nobody's.
			const { next } = this.lanes;
			if (next && !this.batch.isHeld()) await this.batch.carry(next);
		});
	}

	/** A lane may open by time alone; whatever else opens one calls `offer` as it happens. */
	#offerLater(): void {
		this.#waking?.abort();
		const wait = this.lanes.untilNext;
		if (!Number.isFinite(wait)) return;
		const waking = new AbortController();
		this.#waking = waking;
		void this.clock.sleep(wait, waking.signal).then(() => {
			if (!waking.signal.aborted) this.offer();
		});
	}
}
