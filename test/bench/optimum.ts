/**
 * How good the looks are that Fal Batch plans: beside the best ones for somebody who knows the distribution of
 * the work times itself, and beside a look at a fixed distance. No clock and no fal, only the times.
 */
import { WorkTimes } from '../../nodes/engine/following/workTimes';
import { drawTimes, type JobTimes } from './jobTimes';

export interface Looks {
	readonly name: string;
	/** Per job. */
	readonly looks: number;
	/** Milliseconds from the end of a job to the look that finds it done, on average. */
	readonly late: number;
}

/** Half a second after the last answer, and a tenth on the way. */
const APART = 600;
const JOBS: JobTimes = { kind: 'long tail', median: 4, spread: 1 };
/** Nobody can know more of a distribution than this many of its jobs tell. */
const KNOWN = 5_000;
/** Others, on whom the plans are tried. */
const TRIED = 2_000;
const LEARNED_FROM = 50;
const SETS = 20;
/** Milliseconds that a look costs. */
const PRICES = [15, 30, 60, 120];

export function compareLooks(): Looks[] {
	const all = drawTimes(JOBS, KNOWN + TRIED + LEARNED_FROM * SETS);
	const ends = all.slice(0, KNOWN).sort((one, other) => one - other);
	const works = all.slice(KNOWN, KNOWN + TRIED);
	const sets = all.slice(KNOWN + TRIED);
	const longest = Math.max(...works);
	return [
		{
			name: 'a look each 0.6 s, as the official client',
			...average([fixed(APART, longest)], works),
		},
		{ name: `Fal Batch, after ${LEARNED_FROM} jobs`, ...average(learned(sets, longest), works) },
		...PRICES.map((price) => ({
			name: `the best there are, if a look costs ${price} ms`,
			...average([[...bestLooks(ends, price), longest]], works),
		})),
	];
}

function fixed(apart: number, longest: number): number[] {
	return Array.from({ length: Math.ceil(longest / apart) }, (_, look) => (look + 1) * apart);
}

/** What is planned after each fifty jobs. */
function learned(works: readonly number[], longest: number): number[][] {
	return Array.from({ length: SETS }, (_, set) => {
		const times = new WorkTimes();
		for (const work of works.slice(set * LEARNED_FROM, (set + 1) * LEARNED_FROM)) times.add(work);
		const looks = [times.bestLook(0, 0, APART)];
		while (looks.at(-1)! < longest) {
			const last = looks.at(-1)!;
			looks.push(Math.max(last + APART, times.bestLook(last, last + APART, APART)));
		}
		return looks;
	});
}

/** By dynamic programming over all ends, from the last one backwards. */
function bestLooks(ends: readonly number[], price: number): number[] {
	const costs = new Array<number>(ends.length + 1).fill(0);
	const nexts = new Array<number>(ends.length);
	for (let first = ends.length - 1; first >= 0; first--) {
		costs[first] = Infinity;
		const soonest = first === 0 ? 0 : ends[first - 1]! + APART;
		let waited = 0;
		for (let last = first; last < ends.length; last++) {
			const found = last - first;
			if (found > 0) waited += found * (ends[last]! - ends[last - 1]!);
			if (ends[last]! < soonest && last < ends.length - 1) continue;
			const cost = price * (ends.length - first) + waited + costs[last + 1]!;
			if (cost < costs[first]!) [costs[first], nexts[first]] = [cost, last + 1];
		}
	}
	const looks: number[] = [];
	for (let first = 0; first < ends.length; ) {
		first = nexts[first]!;
		looks.push(ends[first - 1]!);
	}
	return looks;
}

/** @param plans moments of work at which a job is looked at, each of the plans for all jobs */
function average(plans: readonly number[][], works: readonly number[]): Omit<Looks, 'name'> {
	let [looks, late] = [0, 0];
	for (const plan of plans) {
		for (const work of works) {
			const found = plan.findIndex((look) => look >= work);
			looks += found + 1;
			late += plan[found]! - work;
		}
	}
	const count = plans.length * works.length;
	return { looks: looks / count, late: late / count };
}
