/**
 * When to look at a job next: rarely while it is far back in the queue, closely when it is about to end,
 * never in a rush.
 *
 * It learns from the jobs of the same model that have ended: how long they worked (fal measures that) and how
 * long each place in the queue took. From that it picks the look that costs least: a look has a price, and so
 * has every moment in which a job is done and not yet seen to be. So jobs that all take the same time get one
 * look, right after their end; jobs whose time varies get several, where their end is likely. Until something
 * has ended, each wait is a share of the time waited so far, so that a job of a minute costs a dozen looks
 * and not a hundred.
 */
import { SECOND } from '../clock';
import { QueueMovement } from './queueMovement';

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
}

export class PollSchedule {
	readonly #workTimes = new RecentSamples();
	readonly #timesPerPlace = new RecentSamples();
	readonly #travelTimes = new RecentSamples();
	readonly #firstEnd = new AbortController();

	constructor(
		private readonly bounds: PollBounds,
		/** The queue is the account's, so this is shared by all models. */
		readonly movement = new QueueMovement(),
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

	/**
	 * Learns from a job that has ended.
	 *
	 * @param work milliseconds it worked
	 * @param wait milliseconds it waited in the queue before
	 * @param place its place in the queue when it was accepted, if fal said so
	 */
	learn(work: number, wait: number, place: number | undefined): void {
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
		const worked = this.#workedFor(job);
		const look = this.#cheapestLook(worked, worked + least);
		// It has outlived all that are known: it can end at any moment.
		if (look === undefined) return worked * SHARE_OVERDUE;
		const left = look - worked;
		const drifts = job.queuePosition !== undefined && left > FAR_OFF;
		return drifts ? left * CAUTION : left - (this.#travelTimes.least ?? 0);
	}

	/** Negative for a job that still has to wait. */
	#workedFor({ age, workedFor, queuePosition }: Sighting): number {
		if (workedFor !== undefined) return workedFor;
		return queuePosition === undefined ? age : -this.expectedWait(queuePosition);
	}

	/**
	 * The look that costs least for each job that it finds done, if jobs go on ending as they did. Its cost is
	 * its price, the time for which jobs have been done by then without being seen, and the time that those it
	 * just misses will wait for the next look.
	 *
	 * @param soonest milliseconds of work before which no look is allowed
	 * @returns milliseconds of work at which to look; nothing if all known jobs have ended before
	 */
	#cheapestLook(worked: number, soonest: number): number | undefined {
		const ends = this.#workTimes.above(worked);
		const price = PRICE * (this.#workTimes.median ?? 0) * ends.length;
		let cheapest = Infinity;
		let best: number | undefined;
		for (const end of ends) {
			const look = Math.max(end + MARGIN, soonest);
			const nextLook = look + this.bounds.min;
			const found = ends.filter((other) => other <= look);
			const missed = ends.filter((other) => other > look && other < nextLook);
			const cost = (price + lateness(found, look) + lateness(missed, nextLook)) / found.length;
			if (cost < cheapest) [cheapest, best] = [cost, look];
		}
		return best;
	}
}

function lateness(ends: readonly number[], look: number): number {
	return ends.reduce((sum, end) => sum + look - end, 0);
}

/** A schedule for each model: what one teaches says nothing about another. */
export class PollSchedules {
	readonly #byModel = new Map<string, PollSchedule>();
	readonly #movement = new QueueMovement();

	constructor(private readonly bounds: PollBounds) {}

	of(model: string): PollSchedule {
		const known = this.#byModel.get(model) ?? new PollSchedule(this.bounds, this.#movement);
		this.#byModel.set(model, known);
		return known;
	}
}

/** With nothing learned yet, a look is late by at most this share of the job's time. */
const SHARE_UNKNOWN = 0.3;
/** Few jobs outlive all known ones, but the last one of a batch often does: it is looked at closely. */
const SHARE_OVERDUE = 0.1;
/**
 * What a look may cost: as much as a fiftieth of a usual job's time. Log-normal jobs get seven looks
 * for a wall time 1.18 of the ideal; half the price buys 1.16 for nine, twice the price 1.21 for six.
 */
const PRICE = 0.02;
/** After the likely end, so that a job that is on time is not just missed and looked at twice. */
const MARGIN = 25;
/** For a start further off than this the estimate will drift: look once on the way. */
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
		const sorted = this.#inOrder();
		return sorted[Math.floor(sorted.length / 2)];
	}

	/** Three of four samples are above it. */
	get lowerQuartile(): number | undefined {
		const sorted = this.#inOrder();
		return sorted[Math.floor(sorted.length / 4)];
	}

	above(floor: number): number[] {
		return this.#inOrder().filter((sample) => sample > floor);
	}

	#inOrder(): number[] {
		return (this.#sorted ??= [...this.#samples].sort((a, b) => a - b));
	}
}
