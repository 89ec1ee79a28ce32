/** Ends a transfer in which no byte moves any more, that takes too long, or that nobody waits for. */
import { onAbort } from '../../engine/abort';
import { SECOND } from '../../engine/clock';
import { n8nClock } from '../n8nClock';

export interface Patience {
	/** Milliseconds without a byte. */
	readonly stall: number;
	/** Milliseconds in all. */
	readonly whole: number;
}

export class StallWatch {
	readonly #over = new AbortController();
	readonly #done = new AbortController();
	readonly #forgetStop: () => void;
	#reason = '';
	/** Since when a byte is waited for; absent while the other side waits for us. */
	#waitingSince: number | undefined = n8nClock.now();

	/** @param stop aborted when the execution is stopped */
	constructor(
		private readonly patience: Patience,
		stop: AbortSignal | undefined,
	) {
		void this.#watch(n8nClock.now() + patience.whole);
		this.#forgetStop = onAbort(stop, () => this.#cut('the execution was stopped'));
	}

	/** Aborted when the transfer is given up. */
	get signal(): AbortSignal {
		return this.#over.signal;
	}

	/** Why it is. */
	get reason(): string {
		return this.#reason;
	}

	/** A byte is asked for. */
	wait(): void {
		this.#waitingSince = n8nClock.now();
	}

	/** It has come. */
	hear(): void {
		this.#waitingSince = undefined;
	}

	/** The transfer is over, and time does not matter any more. */
	end(): void {
		this.#done.abort();
		this.#forgetStop();
	}

	async #watch(latest: number): Promise<void> {
		const { stall, whole } = this.patience;
		while (!this.#done.signal.aborted) {
			const now = n8nClock.now();
			const silence = this.#waitingSince === undefined ? 0 : now - this.#waitingSince;
			if (silence >= stall) return this.#cut(`no byte came for ${stall / SECOND} seconds`);
			if (now >= latest) return this.#cut(`it was not done after ${whole / SECOND} seconds`);
			await n8nClock.sleep(Math.min(stall - silence, latest - now), this.#done.signal);
		}
	}

	#cut(reason: string): void {
		if (this.#done.signal.aborted || this.#over.signal.aborted) return;
		this.#reason = reason;
		this.#over.abort();
	}
}
