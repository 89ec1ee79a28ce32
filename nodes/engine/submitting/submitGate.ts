/**
 * The gate that every submit of a model passes: open while fal takes jobs, one probe at a time with growing
 * pauses while it does not, and closed for good once a whole outage's worth of submits has been spent.
 *
 * A probe without an answer holds the next one back for seconds only: that one call may hang while fal is
 * fine. Submits that were in the air before the trouble began hold nothing back.
 *
 * So an outage costs at most `bound` submits (concurrency + retry budget), spread over minutes instead of
 * spent within a second, and the first one that fal takes opens the gate again. A submit that never left this
 * machine costs nothing, so the bound on those is time, not number.
 */
import { type Backoff, backoffDelay, SUBMIT_BACKOFF } from '../backoff';
import { type Clock, MINUTE, SECOND } from '../clock';
import { endSentence, type Failure } from '../failure';
import { OutageBound } from './outageBound';

/** What one submit showed about whether fal is there. */
export type Passage =
	/** fal took the job, or refused it on its merits: fal is there and works. */
	| { readonly kind: 'works' }
	/** fal has enough of our jobs; the thing to wait for is one of them ending. */
	| { readonly kind: 'full'; readonly retryAfter: number; readonly failure: Failure }
	/** fal has enough of our jobs, and nobody follows them: only time can tell when one has ended. */
	| { readonly kind: 'busy'; readonly retryAfter: number; readonly failure: Failure }
	/** fal was not reached: nothing left this machine. */
	| { readonly kind: 'unreached'; readonly failure: Failure }
	/** fal failed, gave no answer, or has enough although it holds none of ours. */
	| { readonly kind: 'trouble'; readonly retryAfter: number; readonly failure: Failure };

/** Whether a submit may pass now, and if not, what it waits for. */
export type Opening =
	| { readonly kind: 'open' }
	/** Time: milliseconds from now, or until a submit comes back. */
	| { readonly kind: 'later'; readonly wait: number }
	/** A submit that is in the air has to come back first. */
	| { readonly kind: 'occupied' }
	| { readonly kind: 'closed' };

export class SubmitGate {
	readonly #own: OutageBound;
	/** How many times in a row there was trouble; submits that were in the air together count as one. */
	#troubles = 0;
	#lastTrouble = Number.NEGATIVE_INFINITY;
	/** How many times in a row fal was busy. */
	#refusals = 0;
	#lastTaken: number;
	#unreached: { readonly since: number; readonly failure: Failure } | undefined;
	#wasReached = false;
	#notBefore = 0;
	/** The latest submit that was sent in trouble, and how long its answer is waited for. */
	#probe = { sentAt: Number.NEGATIVE_INFINITY, heldUntil: Number.NEGATIVE_INFINITY };
	#closedFor: Failure | undefined;

	/** @param whole the bound of all gates of the batch together */
	constructor(
		private readonly whole: OutageBound,
		private readonly clock: Clock,
		private readonly random: () => number,
	) {
		this.#own = new OutageBound(whole.bound);
		this.#lastTaken = clock.now();
	}

	/** Why nothing passes any more. */
	get closedFor(): Failure | undefined {
		return this.#closedFor;
	}

	/** Submits on their way to fal now. */
	get inAir(): number {
		return this.#own.inAir;
	}

	get opening(): Opening {
		if (this.#closedFor) return { kind: 'closed' };
		if (this.#own.isCommitted || this.whole.isCommitted) return { kind: 'occupied' };
		const now = this.clock.now();
		const pause = this.#notBefore - now;
		const probing = this.#troubles > 0 ? this.#probe.heldUntil - now : 0;
		const wait = Math.max(pause, probing);
		return wait > 0 ? { kind: 'later', wait } : { kind: 'open' };
	}

	/** Why nothing passes for the moment, as a sentence, where a person would wonder. */
	get holdUp(): string | undefined {
		if (!this.#unreached || this.#closedFor) return undefined;
		return `${endSentence(this.#unreached.failure.message)} Nothing was sent; it is tried again.`;
	}

	/** Nothing passes from now on; the first reason stays. */
	close(reason: Failure): void {
		this.#closedFor ??= reason;
	}

	/**
	 * Lets one pass; the caller submits at once and then calls `report`.
	 *
	 * @param now milliseconds since the epoch, as `report` is told later
	 */
	enter(now: number): void {
		this.#own.sent();
		this.whole.sent();
		if (this.#troubles > 0) this.#probe = { sentAt: now, heldUntil: now + PROBE_PATIENCE };
	}

	/** Nothing passes for this many milliseconds. */
	pauseFor(ms: number): void {
		this.#notBefore = Math.max(this.#notBefore, this.clock.now() + ms);
	}

	/** @param sentAt when the submit was sent, in milliseconds since the epoch */
	report(passage: Passage, sentAt: number): void {
		this.#own.cameBack();
		this.whole.cameBack();
		if (sentAt >= this.#probe.sentAt) this.#probe.heldUntil = Number.NEGATIVE_INFINITY;
		if (passage.kind !== 'unreached') {
			this.#unreached = undefined;
			this.#wasReached = true;
		}
		switch (passage.kind) {
			case 'works':
				return this.#hearThatItWorks(sentAt);
			case 'full':
				this.pauseFor(passage.retryAfter);
				// A model that is full while fal takes jobs for others is no outage.
				return this.#countUntaken([this.whole], passage.failure);
			case 'busy':
				return this.#waitForTheBusy(passage);
			case 'unreached':
				return this.#waitForContact(passage.failure, sentAt);
			case 'trouble':
				this.#pauseForTrouble(sentAt, passage.retryAfter);
				return this.#countUntaken([this.whole, this.#own], passage.failure);
		}
	}

	#hearThatItWorks(sentAt: number): void {
		this.#lastTaken = this.clock.now();
		this.#refusals = 0;
		this.whole.hearThatItWorks(sentAt);
		if (this.#own.hearThatItWorks(sentAt)) this.#troubles = 0;
	}

	#waitForTheBusy({ retryAfter, failure }: Passage & { kind: 'busy' }): void {
		this.#refusals++;
		this.pauseFor(backoffDelay(this.#refusals, BUSY_BACKOFF, this.random(), retryAfter));
		if (this.clock.now() - this.#lastTaken >= BUSY_PATIENCE) this.close(failure);
	}

	#waitForContact(failure: Failure, sentAt: number): void {
		const now = this.clock.now();
		this.#unreached ??= { since: now, failure };
		this.#pauseForTrouble(sentAt, 0);
		const patience = this.#wasReached ? CONTACT_PATIENCE : FIRST_CONTACT_PATIENCE;
		if (now - this.#unreached.since >= patience) this.close(failure);
	}

	#countUntaken(bounds: readonly OutageBound[], failure: Failure): void {
		for (const bound of bounds) bound.countUntaken(this.clock.now());
		if (bounds.some(({ isReached }) => isReached)) this.close(failure);
	}

	#pauseForTrouble(sentAt: number, retryAfter: number): void {
		if (sentAt >= this.#lastTrouble) this.#troubles++;
		this.#lastTrouble = this.clock.now();
		this.pauseFor(backoffDelay(this.#troubles, SUBMIT_BACKOFF, this.random(), retryAfter));
	}
}

/** Longer than a submit takes on a bad day; a call that hangs takes minutes. */
const PROBE_PATIENCE = 5 * SECOND;

/** Waiting costs nothing while nothing was sent, and a lost network is usually back within minutes. */
const CONTACT_PATIENCE = 5 * MINUTE;
/** Shorter: a mistyped Base URL stays wrong, and somebody at the canvas is waiting to hear of it. */
const FIRST_CONTACT_PATIENCE = 2 * MINUTE;

/** fal's jobs take seconds or more; asking less often than this would leave free places empty. */
const BUSY_BACKOFF: Backoff = { base: SECOND, cap: 8 * SECOND };
/** fal limits a job to an hour, so by then one must have ended. */
const BUSY_PATIENCE = 60 * MINUTE;
