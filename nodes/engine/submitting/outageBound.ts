/**
 * What an outage may cost: submits in a row that fal did not take. Counted for each model, and again for the
 * whole batch, so that many models do not multiply it.
 */
export class OutageBound {
	#inAir = 0;
	#untaken = 0;
	#lastUntaken = Number.NEGATIVE_INFINITY;

	/** @param bound submits, 1 or more */
	constructor(readonly bound: number) {}

	/** Whether the outage has used up its bound. */
	get isReached(): boolean {
		return this.#untaken >= this.bound;
	}

	/** Whether the submits in the air would use up what is left if none of them were taken. */
	get isCommitted(): boolean {
		return this.#inAir > 0 && this.#untaken + this.#inAir >= this.bound;
	}

	get inAir(): number {
		return this.#inAir;
	}

	sent(): void {
		this.#inAir++;
	}

	cameBack(): void {
		this.#inAir--;
	}

	/** @param now milliseconds since the epoch */
	countUntaken(now: number): void {
		this.#untaken++;
		this.#lastUntaken = now;
	}

	/**
	 * fal took one, or refused it for what it is.
	 *
	 * @param sentAt a submit sent before the trouble began does not show that it is over
	 * @returns whether it is over
	 */
	hearThatItWorks(sentAt: number): boolean {
		const isOver = sentAt >= this.#lastUntaken;
		if (isOver) this.#untaken = 0;
		return isOver;
	}
}
