/** What is measured of one contender in one scenario. */
import type { Scenario } from './scenarios';
import type { Outcome } from './work';

export interface Figures {
	/** Milliseconds. */
	readonly wallTime: number;
	readonly requests: Requests;
	/** Submits that were answered 429. */
	readonly pushbacks: number;
	readonly items: number;
	readonly completed: number;
	readonly unknown: number;
	readonly lost: number;
	/** Jobs that were generated beyond one for an item. */
	readonly generatedTwice: number;
	/** Only where the execution was stopped. */
	readonly stopped?: Stopped;
	/** Only where it ran in a process of its own. */
	readonly machine?: Machine;
	/** Items that were really run, where the figures are scaled up from fewer. */
	readonly scaledFrom?: number;
}

export interface Requests {
	readonly submit: number;
	readonly status: number;
	readonly result: number;
	readonly cancel: number;
}

export interface Stopped {
	/** Jobs at fal when it was stopped. */
	readonly openJobs: number;
	/** Of those, cancelled within a second. */
	readonly cancelled: number;
	readonly submitsAfter: number;
}

export interface Machine {
	/** Milliseconds of CPU for each job. */
	readonly cpuPerJob: number;
	/** Bytes over the start, at the highest. */
	readonly rss: number;
	/** Bytes of live heap (right after a garbage collection) over the start, at the highest. */
	readonly heap: number;
	/** Bytes of heap over the start that are in use when all is done: the results. */
	readonly kept: number;
	/** 99th percentile of the delay of the event loop, in milliseconds. */
	readonly loopDelay: number;
}

export function requestsInAll({ requests }: Figures): number {
	return Object.values(requests).reduce((sum, count) => sum + count, 0);
}

export function requestsPerJob(figures: Figures): number {
	return requestsInAll(figures) / figures.items;
}

export function countOutcomes(outcomes: readonly Outcome[], { outage, stopAfter }: Scenario) {
	// Where fal took nothing, or the user had enough, there was no result to have.
	const couldBeHad = !outage && stopAfter === undefined;
	const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
	return {
		items: outcomes.length,
		completed: count('completed'),
		unknown: count('unknown'),
		lost: couldBeHad ? count('lost') : 0,
	};
}
