/**
 * The extra submits that a whole batch may spend: one budget for all its items, so that an outage costs a
 * fixed number of submits however many items wait behind it.
 */
export class RetryBudget {
	#spent = 0;

	/** @param size how many extra submits the batch may send, 0 or more */
	constructor(readonly size: number) {}

	get spent(): number {
		return this.#spent;
	}

	get left(): number {
		return this.size - this.#spent;
	}

	/** Pays for one extra submit. @returns whether there was one left */
	spend(): boolean {
		if (this.left <= 0) return false;
		this.#spent++;
		return true;
	}
}

/** A fifth of the work, as in Finagle, Envoy and Linkerd ... */
const SHARE = 0.2;
/** ... and a few for a small batch, where a fifth would be nothing. */
const LEAST = 4;

/** @returns the budget a batch of `items` gets when the user names none */
export function defaultRetryBudget(items: number): number {
	return Math.max(LEAST, Math.ceil(items * SHARE));
}

/** However much budget is left, no single item is submitted more often than this. */
export const MAX_ATTEMPTS = 3;
