/**
 * When to look at a job next: seldom while it is far back in the queue, closely when it is about to
 * end, never in a hurry.
 *
 * It learns from the jobs of the same model that have ended: how long they worked (fal measures that)
 * and how long each place in the queue took. With that, the first look at a job falls just behind its
 * likely end. Until something has ended, looks follow each other at a share of the time waited so far,
 * so that a job of a minute costs a dozen looks and not a hundred.
 */
import { SECOND } from './clock';

export interface PollBounds {
	/** Shortest time between two looks at one job, in milliseconds. */
	readonly min: number;
	/** Longest, in milliseconds. */
	readonly max: number;
}

/** Half a second is what the official client polls at; half a minute is late enough for a film. */
export const DEFAULT_POLL_BOUNDS: PollBounds = { min: SECOND / 2, max: 30 * SECOND };

/** What is known of a job at the moment the next look is planned. All times in milliseconds. */
export interface Sighting {
	/** Since fal accepted it. */
	readonly age: number;
	/** Since it was first seen working; absent while it waits. */
	readonly workedFor?: number;
	/** Jobs ahead of it, while it waits and fal says so. */
	readonly queuePosition?: number;
}

export class PollSchedule {
	readonly #workTimes = new RecentSamples();
	readonly #timesPerPlace = new RecentSamples();
	readonly #travelTimes = new RecentSamples();

	constructor(private readonly bounds: PollBounds) {}

	/** @returns milliseconds from now to the next look, within the bounds */
	nextLook(job: Sighting): number {
		const left = this.#timeLeft(job);
		if (left === undefined) return this.#bounded(this.#blindly(job));
		if (left > FAR_OFF) return this.#bounded(left * CAUTION);
		return this.#bounded(left + MARGIN - (this.#travelTimes.least ?? 0));
	}

	/** @returns milliseconds until a job at this place of the queue starts, 0 while nothing is known */
	expectedWait(queuePosition: number | undefined): number {
		if (queuePosition === undefined) return 0;
		return (queuePosition + 1) * (this.#timesPerPlace.median ?? 0);
	}

	/**
	 * Learns from a job that has ended.
	 *
	 * @param work milliseconds it worked
	 * @param wait milliseconds it waited in the queue before
	 * @param place its place in the queue when it was accepted, if fal said so
	 */
	learn(work: number, wait: number, place: number | undefined): void {
		this.#workTimes.add(work);
		if (place !== undefined) this.#timesPerPlace.add(wait / (place + 1));
	}

	/**
	 * Learns how long a call takes, there and back: a job started half of that before its acceptance was
	 * heard of, and a look arrives half of that after it was sent.
	 */
	learnTravel(ms: number): void {
		this.#travelTimes.add(ms);
	}

	#timeLeft({ age, workedFor, queuePosition }: Sighting): number | undefined {
		if (this.#workTimes.isEmpty) return undefined;
		if (workedFor !== undefined) return this.#workLeft(workedFor);
		if (queuePosition === undefined || this.#timesPerPlace.isEmpty) return this.#workLeft(age);
		return this.expectedWait(queuePosition) + (this.#workTimes.median ?? 0);
	}

	/** Of the jobs that took longer than this one has so far: when did the middle one of them end? */
	#workLeft(workedFor: number): number | undefined {
		const likelyEnd = this.#workTimes.medianAbove(workedFor);
		return likelyEnd === undefined ? undefined : likelyEnd - workedFor;
	}

	#blindly({ age, workedFor }: Sighting): number {
		// Known to be overdue: its end can be any moment, so it is looked at more closely.
		const share = this.#workTimes.isEmpty ? SHARE_UNKNOWN : SHARE_OVERDUE;
		return (workedFor ?? age) * share;
	}

	#bounded(ms: number): number {
		return Math.min(this.bounds.max, Math.max(this.bounds.min, ms));
	}
}

/** A schedule for each model: what one teaches says nothing about another. */
export class PollSchedules {
	readonly #byModel = new Map<string, PollSchedule>();

	constructor(private readonly bounds: PollBounds) {}

	of(model: string): PollSchedule {
		const known = this.#byModel.get(model) ?? new PollSchedule(this.bounds);
		this.#byModel.set(model, known);
		return known;
	}
}

/** With nothing learned, a look is late by at most this share of what the job took. */
const SHARE_UNKNOWN = 0.3;
const SHARE_OVERDUE = 0.15;
/** Behind the likely end, so that a job on time is not missed by a hair and looked at twice. */
const MARGIN = 25;
/** An end further off than this is an estimate that will have drifted: look once on the way. */
const FAR_OFF = 20 * SECOND;
const CAUTION = 0.8;

/** The latest samples only: what fal did an hour ago says little about now. */
const MEMORY = 50;

class RecentSamples {
	readonly #samples: number[] = [];
	#sorted: number[] | undefined;

	get isEmpty(): boolean {
		return this.#samples.length === 0;
	}

	add(sample: number): void {
		this.#samples.push(sample);
		if (this.#samples.length > MEMORY) this.#samples.shift();
		this.#sorted = undefined;
	}

	get least(): number | undefined {
		return this.#inOrder()[0];
	}

	get median(): number | undefined {
		return middle(this.#inOrder());
	}

	medianAbove(floor: number): number | undefined {
		return middle(this.#inOrder().filter((sample) => sample > floor));
	}

	#inOrder(): number[] {
		return (this.#sorted ??= [...this.#samples].sort((a, b) => a - b));
	}
}

function middle(sorted: number[]): number | undefined {
	return sorted[Math.floor(sorted.length / 2)];
}
