/**
 * The local fal's time: real timers, with every duration divided by one speed factor, so that a
 * test lives through fal's seconds in milliseconds.
 */
export class Clock {
	readonly #options: { readonly speed: number };
	readonly #timers = new Set<NodeJS.Timeout>();

	constructor(options: { readonly speed: number }) {
		this.#options = options;
	}

	/** Does `action` after `ms` of fal's time; the function given back calls it off. */
	after(ms: number, action: () => void): () => void {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			action();
		}, Math.min(ms / this.#options.speed, LONGEST));
		this.#timers.add(timer);
		return () => {
			clearTimeout(timer);
			this.#timers.delete(timer);
		};
	}

	/** Resolves after `ms` of fal's time, and never if the clock is stopped before. */
	async wait(ms: number): Promise<void> {
		if (ms > 0) await new Promise<void>((resolve) => this.after(ms, resolve));
	}

	/** How much of fal's time, in milliseconds, lies between two real points of time. */
	between(from: number, to: number): number {
		return (to - from) * this.#options.speed;
	}

	/** The real point of time that lies `ms` of fal's time after `from`. */
	later(from: number, ms: number): number {
		return from + ms / this.#options.speed;
	}

	/** Calls off everything that is still to come. */
	stop(): void {
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
	}
}

/** What is longer, Node's timers take for a millisecond. */
const LONGEST = 2 ** 31 - 1;
