/**
 * The jobs of one model on their way to fal. Each model has a gate and a limit of its own, so that the
 * pushback or the outage of one does not slow down the others; the slots are the batch's.
 */
import type { Clock } from '../clock';
import type { Failure } from '../failure';
import type { Job, Unsuccessful } from '../job';
import type { PastRequest } from '../remembering/history';
import { AdaptiveLimit } from '../submitting/adaptiveLimit';
import type { OutageBound } from '../submitting/outageBound';
import type { SubmitVerdict } from '../submitting/submit';
import { type Opening, type Passage, SubmitGate } from '../submitting/submitGate';
import { notOffered, refusedLikeOthers } from './neverSubmitted';

/** A job that waits for a slot. */
export interface WaitingJob {
	readonly job: Job;
	/** The lower, the sooner. */
	readonly order: number;
	/** To be taken over instead of being submitted. */
	readonly request?: PastRequest;
}

/** Jobs of ours that fal holds, besides those of one lane. */
export interface HeldBeside {
	/** Jobs of other models: we will hear when one of them ends. */
	readonly followed: number;
	/** Jobs that were handed out and are not followed. */
	readonly handedOut: number;
}

export class Lane {
	readonly limit: AdaptiveLimit;
	readonly #gate: SubmitGate;
	/** In the order of the items, except for those that came back. */
	#waiting: WaitingJob[] = [];
	/** Jobs that have a slot: they are at fal, or on their way. */
	#held = 0;
	/**
	 * fal refused a job while it held none of this lane, only some of others: one of those has to end first.
	 */
	#waitsForAnyEnd = false;
	#refusal: Failure | undefined;
	#next = 0;

	constructor(concurrency: number, whole: OutageBound, clock: Clock, random: () => number) {
		this.limit = new AdaptiveLimit(concurrency);
		this.#gate = new SubmitGate(whole, clock, random);
	}

	/** Why nothing is submitted any more, apart from what fal says about the model itself. */
	get closedFor(): Failure | undefined {
		return this.#gate.closedFor;
	}

	/** How what still waits ends, once nothing of the model is submitted any more. */
	get hopeless(): Unsuccessful | undefined {
		if (this.#refusal) return refusedLikeOthers(this.#refusal);
		return this.#gate.closedFor && notOffered(this.#gate.closedFor);
	}

	/** Nothing is submitted any more, for a reason that concerns the whole batch. */
	close(reason: Failure): void {
		this.#gate.close(reason);
	}

	/** fal refuses every job of the model. */
	refuseAll(failure: Failure): void {
		this.#refusal ??= failure;
	}

	/** The job that is next, if one waits. */
	get head(): WaitingJob | undefined {
		return this.#waiting[this.#next];
	}

	get opening(): Opening {
		// A request that is taken over is not submitted: neither the gate nor fal's limit applies.
		if (this.head?.request) return { kind: 'open' };
		if (this.#refusal) return { kind: 'closed' };
		if (this.#waitsForAnyEnd || this.#held >= this.limit.current) return { kind: 'occupied' };
		return this.#gate.opening;
	}

	/** Whether a job that has its slot may still be submitted: time has gone on since it got it. */
	get isStillOpen(): boolean {
		return !this.#refusal && !this.#waitsForAnyEnd && this.#gate.opening.kind === 'open';
	}

	/** Jobs that fal holds or is just being offered. */
	get held(): number {
		return this.#held;
	}

	add(waiting: WaitingJob): void {
		this.#waiting.push(waiting);
	}

	/** Puts a job before all that wait. */
	putBack(waiting: WaitingJob): void {
		if (this.#next > 0) this.#waiting[--this.#next] = waiting;
		else this.#waiting.unshift(waiting);
	}

	/** The next job gets a slot; `leave` gives it back. */
	take(): WaitingJob | undefined {
		const taken = this.head;
		if (!taken) return undefined;
		if (isAtFal(taken)) this.#held++;
		// Not a `shift`, which would move all of ten thousand jobs for each one that goes.
		this.#next++;
		if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0;
		return taken;
	}

	/**
	 * Removes the jobs that are still to be submitted, and keeps those to be taken over. @returns the former
	 */
	clear(): Job[] {
		const waiting = this.#waiting.slice(this.#next);
		this.#waiting = waiting.filter(({ request }) => request);
		this.#next = 0;
		return waiting.filter(({ request }) => !request).map(({ job }) => job);
	}

	leave(taken: WaitingJob): void {
		if (isAtFal(taken)) this.#held--;
	}

	/**
	 * A submit leaves for fal.
	 *
	 * @param sentAt milliseconds since the epoch
	 * @returns what `hear` has to be told with its verdict
	 */
	send(sentAt: number): { readonly sentAt: number; readonly epoch: number } {
		this.#gate.enter(sentAt);
		return { sentAt, epoch: this.limit.epoch };
	}

	/**
	 * Learns from the verdict on a submit.
	 *
	 * @param sentAt milliseconds since the epoch
	 * @param beside jobs that fal holds besides those of this lane
	 * @returns whether fal merely has enough of our jobs
	 */
	hear(
		verdict: SubmitVerdict,
		sent: { readonly sentAt: number; readonly epoch: number },
		beside: HeldBeside,
	): { readonly isFull: boolean } {
		// Without the one that just came back.
		const held = this.#held - 1;
		const isPushback = verdict.kind === 'refused' && verdict.pushback;
		const followed = held + beside.followed;
		const isFull = isPushback && followed + beside.handedOut > 0;
		this.#gate.report(passageOf(verdict, isFull, followed > 0), sent.sentAt);
		if (verdict.kind === 'accepted') this.limit.taken();
		if (isPushback) this.limit.refused(held, sent.epoch);
		if (isFull && held === 0) this.#waitsForAnyEnd = followed > 0;
		return { isFull };
	}

	/** Nothing of it is submitted for this many milliseconds. */
	pauseFor(ms: number): void {
		this.#gate.pauseFor(ms);
	}

	/** Why nothing of it is submitted for the moment, where a person would wonder. */
	get holdUp(): string | undefined {
		return this.head && this.#gate.holdUp;
	}

	/** A job of the batch has left fal. */
	hearOfAnEnd(): void {
		this.#waitsForAnyEnd = false;
	}
}

/** A request that had ended before it was found needs no slot at fal. */
function isAtFal({ request }: WaitingJob): boolean {
	return !request?.end;
}

function passageOf(verdict: SubmitVerdict, isFull: boolean, isFollowed: boolean): Passage {
	switch (verdict.kind) {
		case 'accepted':
		case 'final':
			return { kind: 'works' };
		case 'unknown':
			return { kind: 'trouble', retryAfter: 0, failure: verdict.failure };
		case 'refused': {
			const { failure, retryAfter } = verdict;
			if (!verdict.pushback) return { kind: 'unreached', failure };
			const kind = !isFull ? 'trouble' : isFollowed ? 'full' : 'busy';
			return { kind, retryAfter, failure };
		}
	}
}
