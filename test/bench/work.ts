/** What a contender is given, and what it comes back with. */
import { modelOf } from './jobTimes';
import type { Scenario } from './scenarios';

export interface Work {
	readonly items: readonly WorkItem[];
	readonly concurrency: number;
	/** Milliseconds that a job usually takes, as somebody knows who has tried the model once. */
	readonly usualTime: number;
}

export interface WorkItem {
	readonly model: string;
	readonly input: { readonly prompt: string; readonly item: number };
}

/** What became of each item, as the contender's user sees it. */
export type Outcome =
	| 'completed'
	/** Reported as one that may be running, and billed: the user decides. */
	| 'unknown'
	/** No result, although the item could have had one. */
	| 'lost';

export function workOf(scenario: Scenario, times: readonly number[]): Work {
	const items = times.map((_, item) => ({
		model: modelOf(scenario.times, item),
		input: { prompt: promptOf(item), item },
	}));
	const usualTime = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
	return { items, concurrency: scenario.concurrency, usualTime };
}

export function promptOf(item: number): string {
	return `picture ${item}`;
}

export function itemOf(prompt: string): number {
	return Number(prompt.split(' ')[1]);
}
