/** Who is next: the first waiting job, in the order of the items, whose model can be submitted to now. */
import type { Clock } from '../clock';
import type { Failure } from '../failure';
import type { Job, Unsuccessful } from '../job';
import type { PastRequest } from '../remembering/history';
import { OutageBound } from '../submitting/outageBound';
import { Lane } from './lane';

export class Lanes {
	readonly #byModel = new Map<string, Lane>();
	readonly #whole: OutageBound;
	#closedFor: Failure | undefined;
	#firstOrder = 0;
	#lastOrder = 0;

	/**
	 * @param concurrency the most jobs of a model at fal, 1 or more
	 * @param outageCost submits that an outage may cost the batch, 1 or more
	 */
	constructor(
		private readonly concurrency: number,
		outageCost: number,
		private readonly clock: Clock,
		private readonly random: () => number,
	) {
		this.#whole = new OutageBound(outageCost);
	}

	/** Why nothing of the batch is submitted any more. */
	get closedFor(): Failure | undefined {
		if (this.#closedFor) return this.#closedFor;
		const reasons = [...this.#byModel.values()].map((lane) => lane.closedFor);
		return reasons.every(Boolean) ? reasons[0] : undefined;
	}

	of({ submission: { model } }: Job): Lane {
		const known = this.#byModel.get(model);
		if (known) return known;
		const lane = new Lane(this.concurrency, this.#whole, this.clock, this.random);
		if (this.#closedFor) lane.close(this.#closedFor);
		this.#byModel.set(model, lane);
		return lane;
	}

	/** @param request to be taken over instead of submitting the job */
	add(job: Job, request?: PastRequest): void {
		this.of(job).add({ job, order: this.#lastOrder++, ...(request && { request }) });
	}

	/** It comes before all that wait. */
	putBack(job: Job): void {
		this.of(job).putBack({ job, order: --this.#firstOrder });
	}

	/** The lane whose next job is to get a slot. */
	get next(): Lane | undefined {
		let first: Lane | undefined;
		for (const lane of this.#byModel.values()) {
			const order = lane.head?.order ?? Number.POSITIVE_INFINITY;
			const isSooner = order < (first?.head?.order ?? Number.POSITIVE_INFINITY);
			if (isSooner && lane.opening.kind === 'open') first = lane;
		}
		return first;
	}

	/**
	 * Milliseconds until a lane may open by time alone; infinite when none will. It may be 0: time passes
	 * between asking who is next and asking this.
	 */
	get untilNext(): number {
		let soonest = Number.POSITIVE_INFINITY;
		for (const lane of this.#byModel.values()) {
			const { opening } = lane;
			if (!lane.head) continue;
			if (opening.kind === 'open') return 0;
			if (opening.kind === 'later') soonest = Math.min(soonest, opening.wait);
		}
		return soonest;
	}

	/** @returns jobs of other models that fal holds or is just being offered */
	followedBeside(lane: Lane): number {
		let held = 0;
		for (const other of this.#byModel.values()) if (other !== lane) held += other.held;
		return held;
	}

	/** Why nothing is submitted for the moment, where a person would wonder. */
	get holdUp(): string | undefined {
		for (const lane of this.#byModel.values()) if (lane.holdUp) return lane.holdUp;
		return undefined;
	}

	/** Nothing is submitted from now on; the first reason stays. */
	close(reason: Failure): void {
		this.#closedFor ??= reason;
		for (const lane of this.#byModel.values()) lane.close(reason);
	}

	/** Removes the jobs of models to which nothing is submitted any more. @returns them, and how they end */
	takeHopeless(): Array<{ readonly job: Job; readonly ending: Unsuccessful }> {
		return [...this.#byModel.values()].flatMap((lane) => {
			const ending = lane.hopeless;
			return ending ? lane.clear().map((job) => ({ job, ending })) : [];
		});
	}

	/** Removes all jobs that are still to be submitted. @returns them */
	clear(): Job[] {
		return [...this.#byModel.values()].flatMap((lane) => lane.clear());
	}

	hearOfAnEnd(): void {
		for (const lane of this.#byModel.values()) lane.hearOfAnEnd();
	}

	/** Submits nothing more if the outage has used up its bound. */
	closeIfSpent(reason: Failure): void {
		if (this.#whole.isReached) this.close(reason);
	}
}
