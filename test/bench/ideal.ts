/**
 * The ideal schedule: the same jobs in the same order, each started the moment a place is free, by
 * somebody who knows everything at once (no latency, no polls). List scheduling, as the textbooks call it.
 */
import type { Scenario } from './scenarios';

/** @returns milliseconds from the first start to the last end */
export function idealTime(scenario: Scenario, times: readonly number[]): number {
	const ends: number[] = [];
	let next = 0;
	for (let now = 0; ; now = laterThan(now, ends, scenario)) {
		while (ends.length > 0 && ends[0]! <= now) ends.shift();
		while (next < times.length && ends.length < places(scenario, now)) {
			insert(ends, now + times[next++]!);
		}
		if (next === times.length) return ends.at(-1) ?? now;
	}
}

/** The next moment at which something can start. */
function laterThan(now: number, ends: readonly number[], { changes = [] }: Scenario): number {
	const moments = changes.map(({ at }) => at).filter((at) => at > now);
	return Math.min(...moments, ends[0] ?? Infinity);
}

function places(scenario: Scenario, now: number): number {
	const { concurrency, changes = [] } = scenario;
	const past = changes.filter(({ at }) => at <= now);
	const { accountLimit, submitLimit = Infinity } = Object.assign({}, scenario, ...past) as Scenario;
	return Math.min(concurrency, accountLimit, submitLimit);
}

function insert(ends: number[], end: number): void {
	let place = ends.length;
	while (place > 0 && ends[place - 1]! > end) place--;
	ends.splice(place, 0, end);
}
