/**
 * Where every submit passes, one after the other or many at once: open while fal takes jobs, a single
 * file of probes with growing pauses while it does not, and closed for good when a whole outage's
 * worth of submits was spent.
 *
 * An outage so costs at most `bound` submits (concurrency + retry budget), spread over minutes instead
 * of burnt in a second, and the first one that fal takes opens the gate again.
 */
import { onAbort } from './abort';
import { backoffDelay, SUBMIT_BACKOFF } from './backoff';
import type { Clock } from './clock';
import type { Failure } from './failure';

/** What one submit came to, as far as fal's being there is concerned. */
export type Passage =
	/** fal took the job, or refused it for what it is: it is there and works. */
	| { readonly kind: 'works' }
	/** fal has enough of our jobs; one of them ending is what to wait for. */
	| { readonly kind: 'full'; readonly retryAfter: number; readonly failure: Failure }
	/** fal was not there, broke, or has enough while it holds none of ours. */
	| { readonly kind: 'trouble'; readonly retryAfter: number; readonly failure: Failure };

export class SubmitGate {
	#inAir = 0;
	/** Submits in a row that fal did not take, whyever. */
	#untaken = 0;
	/** Times in a row that it was trouble, counting submits that were in the air together as one. */
	#troubles = 0;
	#lastUntaken = Number.NEGATIVE_INFINITY;
	#lastTrouble = Number.NEGATIVE_INFINITY;
	#notBefore = 0;
	#closedFor: Failure | undefined;
	readonly #closing = new AbortController();
	#settled = deferred();

	/** @param bound submits that an outage may cost, 1 or more */
	constructor(
		private readonly bound: number,
		private readonly clock: Clock,
		private readonly random: () => number,
	) {}

	/** Why nothing passes any more. */
	get closedFor(): Failure | undefined {
		return this.#closedFor;
	}

	/** Submits on their way to fal now. */
	get inAir(): number {
		return this.#inAir;
	}

	/** Nothing passes from now on; the first reason stays. */
	close(reason: Failure): void {
		this.#closedFor ??= reason;
		this.#closing.abort();
		this.#wake();
	}

	/**
	 * Waits for its turn. When it says true, the caller submits at once and then calls `report`.
	 *
	 * @returns false when the gate is closed, or `signal` aborted
	 */
	async pass(signal: AbortSignal): Promise<boolean> {
		const forget = onAbort(signal, () => {
			this.#closing.abort();
			this.#wake();
		});
		const passed = await this.#pass(signal);
		forget();
		return passed;
	}

	async #pass(signal: AbortSignal): Promise<boolean> {
		while (!this.#closedFor && !signal.aborted) {
			const pause = this.#notBefore - this.clock.now();
			if (this.#mustQueue()) await this.#settled.promise;
			else if (pause > 0) await this.clock.sleep(pause, this.#closing.signal);
			else {
				this.#inAir++;
				return true;
			}
		}
		return false;
	}

	/** The caller passed, and then had nothing to submit. */
	leave(): void {
		this.#inAir--;
		this.#wake();
	}

	/** @param sentAt when the submit was sent, in milliseconds since the epoch */
	report(passage: Passage, sentAt: number): void {
		if (passage.kind === 'works') {
			// What was sent before the trouble began does not tell that it is over.
			if (sentAt >= this.#lastUntaken) this.#untaken = this.#troubles = 0;
		} else {
			this.#untaken++;
			this.#lastUntaken = this.clock.now();
			this.#pauseFor(passage.kind === 'full' ? passage.retryAfter : this.#pause(passage, sentAt));
			if (this.#untaken >= this.bound) this.close(passage.failure);
		}
		this.leave();
	}

	#pause({ retryAfter }: Passage & { kind: 'trouble' }, sentAt: number): number {
		if (sentAt >= this.#lastTrouble) this.#troubles++;
		this.#lastTrouble = this.clock.now();
		return backoffDelay(this.#troubles, SUBMIT_BACKOFF, this.random(), retryAfter);
	}

	/** In trouble one probe at a time; and never more in the air than the bound has left. */
	#mustQueue(): boolean {
		if (this.#inAir === 0) return false;
		return this.#troubles > 0 || this.#untaken + this.#inAir >= this.bound;
	}

	#pauseFor(ms: number): void {
		this.#notBefore = Math.max(this.#notBefore, this.clock.now() + ms);
	}

	#wake(): void {
		const settled = this.#settled;
		this.#settled = deferred();
		settled.resolve();
	}
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
	let resolve = () => {};
	const promise = new Promise<void>((done) => (resolve = done));
	return { promise, resolve };
}
