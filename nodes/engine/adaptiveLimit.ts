/**
 * How many jobs may be in flight right now, learned from fal's answers to submits.
 *
 * fal's own queue takes everything, so the limit normally stands at the user's figure. A gateway, or
 * an endpoint with a limit of its own, answers 429 when it is full; the law then is:
 *
 * - A refusal is exact news: what fal holds at that moment is what it is willing to hold. The limit
 *   becomes that, never less than 1. (A fixed cut, say by a fifth, needs eight bursts of refusals to
 *   come from 20 to 2, and can cut below what fal was glad to take.)
 * - After a clean window, one full limit of submits taken without a refusal, it grows by one, and by
 *   twice as much after each further clean window, so that it is back soon when the limit was lifted.
 * - A first step up that is refused makes the next try twice as patient: a limit that stands still is
 *   asked again more seldom.
 *
 * Queueing time is no signal here: fal's queue is meant to be waited in, and a law that reads waiting
 * as overload would end at 1.
 */
export class AdaptiveLimit {
	#limit: number;
	#step = 1;
	#patience = 1;
	#cleanSubmits = 0;
	#epoch = 0;

	/** @param ceiling the user's figure, 1 or more; never exceeded */
	constructor(readonly ceiling: number) {
		this.#limit = ceiling;
	}

	/** Jobs that may be in flight now, from 1 to the ceiling. */
	get current(): number {
		return this.#limit;
	}

	/** To be kept with each submit: refusals of submits from before a change belong to one burst. */
	get epoch(): number {
		return this.#epoch;
	}

	/** fal took a job. */
	taken(): void {
		if (this.#limit === this.ceiling) return;
		this.#cleanSubmits++;
		if (this.#cleanSubmits < this.#limit * this.#patience) return;
		if (this.#step > 1) this.#patience = 1;
		this.#limit = Math.min(this.ceiling, this.#limit + this.#step);
		this.#step *= 2;
		this.#cleanSubmits = 0;
		this.#epoch++;
	}

	/**
	 * fal refused a job because it has enough of ours.
	 *
	 * @param held jobs that fal holds or is just being offered, without the refused one
	 * @param epoch the epoch in which the refused submit was sent
	 */
	refused(held: number, epoch: number): void {
		const newBurst = epoch === this.#epoch;
		if (newBurst) {
			const firstStepUp = this.#step === 2;
			this.#patience = firstStepUp ? Math.min(this.#patience * 2, LONGEST_PATIENCE) : 1;
			this.#epoch++;
		}
		this.#limit = Math.max(1, Math.min(this.#limit, held));
		this.#step = 1;
		this.#cleanSubmits = 0;
	}
}

/**
 * Windows to wait at the most before a limit that stood firm is asked again. Two: where the limit was lifted
 * in the middle, eight took 1.8 times the ideal and two take 1.2, for a sixth of a request more per job
 * where it stands firm.
 */
const LONGEST_PATIENCE = 2;
