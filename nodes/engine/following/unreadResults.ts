/**
 * Results that fal has and that could not be read, since one last could: this tells a single result in
 * trouble from a fal whose results can't be read at all. While they can't, a batch that goes on would pay for
 * work that it may never see.
 */
export class UnreadResults {
	/** Asked for without success so far. */
	readonly #waitedFor = new Set<object>();
	#givenUp = 0;

	/**
	 * @param most results that may be unread before nothing more is paid for, 1 or more
	 * @param hearOfChange called when one was read, or given up
	 */
	constructor(
		private readonly most: number,
		private readonly hearOfChange: () => void,
	) {}

	get count(): number {
		return this.#waitedFor.size + this.#givenUp;
	}

	/**
	 * Whether one more job may be paid for.
	 *
	 * @param open jobs that fal has or is just being offered: their results will tell, too
	 */
	allowOneMore(open: number): boolean {
		if (this.count < this.most) return true;
		// All were given up, and nothing is left that could tell: one more job is a fair price for finding out.
		return this.#isOver(open) && this.#givenUp <= this.most;
	}

	/** Whether even the job that was submitted to find out could not be read. */
	areHopeless(open: number): boolean {
		return this.#isOver(open) && this.#givenUp > this.most;
	}

	missed(job: object): void {
		this.#waitedFor.add(job);
	}

	giveUp(job: object): void {
		this.#waitedFor.delete(job);
		this.#givenUp++;
		this.hearOfChange();
	}

	/** fal gave a result, or a job's own error: results can be read. */
	read(): void {
		if (this.count === 0) return;
		this.#waitedFor.clear();
		this.#givenUp = 0;
		this.hearOfChange();
	}

	/** The execution was stopped, and nobody waits for it any more. */
	leave(job: object): void {
		this.#waitedFor.delete(job);
	}

	#isOver(open: number): boolean {
		return this.#waitedFor.size === 0 && open === 0;
	}
}
