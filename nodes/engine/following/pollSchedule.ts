/**
 * When to look at a job next: rarely while it is far back in the queue, closely when it is about to end,
 * never in a rush.
 *
 * It learns from the jobs of the same model that have ended: how long they worked (fal measures that), and how
 * long each place in the queue took. Until something has ended, each wait is a share of the time waited so far,
 * so that a job of a minute costs a dozen looks and not a hundred.
 */
import { SECOND } from '../clock';
import { OwnQueue } from './ownQueue';
import { QueueMovement } from './queueMovement';
import { RecentSamples } from './recentSamples';
import { WorkTimes } from './workTimes';

export interface PollBounds {
	/** Shortest time between two looks at one job, in milliseconds. */
	readonly min: number;
	/** Longest, in milliseconds. */
	readonly max: number;
}

/** The official client polls every half second; half a minute is late enough for a film. */
export const DEFAULT_POLL_BOUNDS: PollBounds = { min: SECOND / 2, max: 30 * SECOND };

/** What is known of a job at the moment the next look is planned. All times in milliseconds. */
export interface Sighting {
	/** Since fal accepted it. */
	readonly age: number;
	/** Since it was first seen working; absent while it waits. */
	readonly workedFor?: number;
	/** Jobs ahead of it, while it waits and fal says so. */
	readonly queuePosition?: number;
	/** Until it likely starts, while it waits and that can be told. */
	readonly startsIn?: number;
}

export class PollSchedule {
	readonly #workTimes = new WorkTimes();
	readonly #timesPerPlace = new RecentSamples();
	readonly #travelTimes = new RecentSamples();
	#ended = 0;
	readonly #firstEnd = new AbortController();

	constructor(
		private readonly bounds: PollBounds,
		/** The queue is the account's, so these are shared by all models. */
		readonly movement = new QueueMovement(),
		readonly ownQueue = new OwnQueue(),
	) {}

	/** Aborted when the first job has ended: whoever has planned without knowing anything should plan again. */
	get firstEnd(): AbortSignal {
		return this.#firstEnd.signal;
	}

	/** @returns milliseconds from the sighting to the next look, within the bounds; the first may be sooner */
	nextLook(job: Sighting): number {
		const least = job.age === 0 && !this.#workTimes.isEmpty ? 0 : this.bounds.min;
		return Math.min(this.bounds.max, Math.max(least, this.#timeToLook(job, least)));
	}

	/** @returns milliseconds until a job at this place of the queue starts, 0 while nothing is known */
	expectedWait(queuePosition: number | undefined): number {
		if (queuePosition === undefined) return 0;
		return (queuePosition + 1) * (this.#timesPerPlace.lowerQuartile ?? 0);
	}

	/** @returns milliseconds that a job usually works in all that has worked for so long; nothing while none has ended */
	usualWork(worked: number): number | undefined {
		return this.#workTimes.usual(worked);
	}

	/**
	 * Learns from a job that has ended.
	 *
	 * @param work milliseconds it worked
	 * @param wait milliseconds it waited in the queue before
	 * @param place its place in the queue when it was accepted, if fal said so
	 */
	learn(work: number, wait: number, place: number | undefined): void {
		this.#ended++;
		this.#workTimes.add(work);
		this.#firstEnd.abort();
		if (place !== undefined) this.#timesPerPlace.add(wait / (place + 1));
	}

	/**
	 * Learns how long a call takes, there and back: a job started half of that before its acceptance was
	 * heard of, and a look arrives half of that after it was sent.
	 */
	learnTravel(ms: number): void {
		this.#travelTimes.add(ms);
	}

	#timeToLook(job: Sighting, least: number): number {
		if (this.#workTimes.isEmpty) return (job.workedFor ?? job.age) * SHARE_UNKNOWN;
		const worked = workedFor(job);
		const travel = this.#travelTimes.least ?? 0;
		const look = this.#workTimes.bestLook(
			worked,
			worked + least + travel,
			this.bounds.min + travel,
		);
		const left = look - worked;
		if (job.queuePosition === undefined) return left - travel;
		// A start is not foretold from a few ends for many places: it is looked at on the way.
		const known = (REACH * this.#ended + 1) / (job.queuePosition + 1);
		if (known < 1) return left * known;
		return left > FAR_OFF ? left * CAUTION : left - travel;
	}
}

/** Negative for a job that still has to wait. */
function workedFor({ age, workedFor, queuePosition, startsIn = 0 }: Sighting): number {
	return workedFor ?? (queuePosition === undefined ? age : -startsIn);
}

/** A schedule for each model: what one teaches says nothing about another. */
export class PollSchedules {
	readonly #byModel = new Map<string, PollSchedule>();
	readonly #movement = new QueueMovement();
	readonly #ownQueue = new OwnQueue();

	constructor(private readonly bounds: PollBounds) {}

	of(model: string): PollSchedule {
		const known =
			this.#byModel.get(model) ?? new PollSchedule(this.bounds, this.#movement, this.#ownQueue);
		this.#byModel.set(model, known);
		return known;
	}
}

/** With nothing learned yet, a look is late by at most this share of the job's time. */
const SHARE_UNKNOWN = 0.3;
/** Places for each end that was seen. */
const REACH = 2;
/** For a start further off than this the estimate will drift: look once on the way. */
const FAR_OFF = 20 * SECOND;
const CAUTION = 0.8;
