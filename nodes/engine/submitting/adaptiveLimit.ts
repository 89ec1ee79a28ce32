/**
 * How many jobs may be in flight right now, learned from fal's answers to submits.
 *
 * fal's own queue takes everything, so the limit normally stands at the user's figure. A gateway, or an
 * endpoint with a limit of its own, answers 429 when it is full; the rule is then:
 *
 * - A refusal shows exactly what fal is willing to hold: what it holds at that moment. The limit becomes that
 *   number, and never less than 1. (A fixed cut, say by a fifth, needs eight bursts of refusals to get from
 *   20 to 2, and can cut below what fal would accept.)
 * - After a clean window, one full limit of submits taken without a refusal, it grows by one, and by twice as
 *   much after each further clean window, so that it recovers quickly once fal's limit is lifted.
 * - If the first step up is refused, the next one waits twice as long: a limit that does not move is probed
 *   less often.
 *
 * Queueing time is not a signal here: jobs are meant to wait in fal's queue, and a rule that reads waiting as
 * overload would settle at 1.
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

	/** Kept with each submit: refusals of submits sent before a change belong to one burst. */
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
	 * fal refused a job because it already has enough of ours.
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
 * The most windows to wait before a limit that held is probed again. Two: when fal's limit was lifted halfway
 * through, eight took 1.8 times the ideal time and two take 1.2, at a sixth of a request more per job when
 * the limit holds.
 */
const LONGEST_PATIENCE = 2;
