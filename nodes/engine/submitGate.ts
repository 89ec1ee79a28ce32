/**
 * Where every submit passes, one after the other or many at once: open while fal takes jobs, a single
 * file of probes with growing pauses while it does not, and closed for good when a whole outage's
 * worth of submits was spent.
 *
 * A probe that gets no answer holds the next one back for seconds only: it may be that very call that
 * hangs, and not fal. What was in the air before the trouble began holds nothing back.
 *
 * An outage so costs at most `bound` submits (concurrency + retry budget), spread over minutes instead
 * of burnt in a second, and the first one that fal takes opens the gate again.
 */
import { onAbort } from './abort';
import { backoffDelay, SUBMIT_BACKOFF } from './backoff';
import { type Clock, SECOND } from './clock';
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
	/** The latest submit that was sent in trouble, and how long its answer is waited for. */
	#probe = { sentAt: Number.NEGATIVE_INFINITY, heldUntil: Number.NEGATIVE_INFINITY };
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
			const now = this.clock.now();
			const pause = this.#notBefore - now;
			const probing = this.#probe.heldUntil - now;
			if (this.#isSpent()) await this.#settled.promise;
			else if (this.#troubles > 0 && probing > 0) await this.#settledWithin(probing);
			else if (pause > 0) await this.clock.sleep(pause, this.#closing.signal);
			else {
				this.#inAir++;
				if (this.#troubles > 0) this.#probe = { sentAt: now, heldUntil: now + PROBE_PATIENCE };
				return true;
			}
		}
		return false;
	}

	/** The caller passed, and then had nothing to submit. */
	leave(): void {
		this.#settle(this.clock.now());
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
		this.#settle(sentAt);
	}

	#settle(sentAt: number): void {
		this.#inAir--;
		if (sentAt >= this.#probe.sentAt) this.#probe.heldUntil = Number.NEGATIVE_INFINITY;
		this.#wake();
	}

	#pause({ retryAfter }: Passage & { kind: 'trouble' }, sentAt: number): number {
		if (sentAt >= this.#lastTrouble) this.#troubles++;
		this.#lastTrouble = this.clock.now();
		return backoffDelay(this.#troubles, SUBMIT_BACKOFF, this.random(), retryAfter);
	}

	/** Never more in the air than the bound has left. */
	#isSpent(): boolean {
		return this.#inAir > 0 && this.#untaken + this.#inAir >= this.bound;
	}

	async #settledWithin(ms: number): Promise<void> {
		const over = new AbortController();
		const forget = onAbort(this.#closing.signal, () => over.abort());
		await Promise.race([this.#settled.promise, this.clock.sleep(ms, over.signal)]);
		forget();
		over.abort();
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

/** Longer than a submit takes on a bad day; a call that hangs takes minutes. */
const PROBE_PATIENCE = 5 * SECOND;

function deferred(): { promise: Promise<void>; resolve: () => void } {
	let resolve = () => {};
	const promise = new Promise<void>((done) => (resolve = done));
	return { promise, resolve };
}
