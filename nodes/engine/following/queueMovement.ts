/**
 * Whether fal's queue moves, as far as the ends of other jobs show: for jobs whose queue position fal does
 * not give. fal works through an account's jobs in the order in which it took them, so when a job that was
 * taken earlier ends, all that came after it have moved up.
 */
export class QueueMovement {
	/** Milliseconds since the epoch: when a job was taken, and when it was seen to be done. */
	readonly #ends: Array<{ readonly takenAt: number; readonly endedAt: number }> = [];

	noteEnd(takenAt: number, endedAt: number): void {
		this.#ends.push({ takenAt, endedAt });
		if (this.#ends.length > MEMORY) this.#ends.shift();
	}

	/** @returns when a job that was taken no later than this one last ended, if one did */
	lastStepAheadOf(takenAt: number): number | undefined {
		return this.#ends.findLast((end) => end.takenAt <= takenAt)?.endedAt;
	}
}

/** More than end between two looks at a job. */
const MEMORY = 50;
