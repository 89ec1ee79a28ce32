/**
 * What is tried. The grid turns one knob after the other, away from the usual case: 100 jobs of 2 s,
 * 100 ms of latency, an account limit and a concurrency of 10. It runs on the virtual clock; a smaller
 * set runs over real sockets, through n8n's engine and with the official client as it is published.
 */
import { SECOND } from '../../nodes/engine/clock';
import type { LimitChange } from '../engine/simulatedFal';
import type { JobTimes } from './jobTimes';

export interface Scenario {
	/** For `--only`. */
	readonly name: string;
	readonly title: string;
	readonly items: number;
	readonly concurrency: number;
	readonly times: JobTimes;
	/** Milliseconds from request to answer, on average. */
	readonly latency: number;
	/** Jobs of the account that fal works on at once; it queues the others. */
	readonly accountLimit: number;
	/** Jobs that the server holds at all; it answers 429 to further ones. */
	readonly submitLimit?: number;
	/** Limits that are others from a moment on. */
	readonly changes?: readonly LimitChange[];
	/** Share of items whose job is taken, but the answer to the submit is lost (HTTP status 504). */
	readonly ambiguousSubmits?: number;
	/** Every submit is answered 503. */
	readonly outage?: boolean;
	/** Milliseconds after the start at which the execution is stopped. */
	readonly stopAfter?: number;
}

const USUAL: Omit<Scenario, 'name' | 'title'> = {
	items: 100,
	concurrency: 10,
	times: { kind: 'fixed', each: 2 },
	latency: 100,
	accountLimit: 10,
};

const NONE = Number.POSITIVE_INFINITY;

const each = (seconds: number): JobTimes => ({ kind: 'fixed', each: seconds });

export const GRID: readonly Scenario[] = [
	{ ...USUAL, name: 'usual', title: '2 s jobs, account limit 10, concurrency 10' },

	{ ...USUAL, name: 'jobs-0.5s', title: 'jobs of 0.5 s', times: each(0.5) },
	{ ...USUAL, name: 'jobs-10s', title: 'jobs of 10 s', times: each(10) },
	{
		...USUAL,
		name: 'jobs-60s',
		title: 'jobs of 60 s, concurrency 20, no account limit',
		times: each(60),
		concurrency: 20,
		accountLimit: NONE,
	},
	{
		...USUAL,
		name: 'long-tail',
		title: 'log-normal jobs, median 4 s, longest over 40 s',
		times: { kind: 'long tail', median: 4, spread: 1 },
	},
	{
		...USUAL,
		name: 'two-models',
		title: 'pictures of 0.5 s and films of 12 s mixed',
		times: { kind: 'two models', picture: 0.5, film: 12 },
	},

	{ ...USUAL, name: 'limit-2', title: 'account limit 2, concurrency 20', ...limits(2, 20) },
	{ ...USUAL, name: 'limit-10', title: 'account limit 10, concurrency 20', ...limits(10, 20) },
	{ ...USUAL, name: 'limit-40', title: 'account limit 40, concurrency 50', ...limits(40, 50) },
	{ ...USUAL, name: 'limit-none', title: 'no account limit, concurrency 20', ...limits(NONE, 20) },

	{ ...USUAL, name: 'concurrency-5', title: 'account limit 40, concurrency 5', ...limits(40, 5) },
	{
		...USUAL,
		name: 'concurrency-20',
		title: 'account limit 40, concurrency 20',
		...limits(40, 20),
	},

	{ ...USUAL, name: 'items-1000', title: '1,000 items, limit 40, concurrency 40', ...many(1_000) },
	{
		...USUAL,
		name: 'items-10000',
		title: '10,000 items, limit 40, concurrency 40',
		...many(10_000),
	},

	{ ...USUAL, name: 'latency-20', title: 'latency 20 ms', latency: 20 },
	{ ...USUAL, name: 'latency-200', title: 'latency 200 ms', latency: 200 },

	{ ...USUAL, name: '429-above-10', title: '429 above 10 jobs, concurrency 20', ...refusals(10) },
	{ ...USUAL, name: '429-above-2', title: '429 above 2 jobs, concurrency 20', ...refusals(2) },

	{
		...USUAL,
		name: 'limit-changes',
		title: 'account limit 20, from 5 s on 4, from 25 s on 20; concurrency 20',
		...limits(20, 20),
		items: 200,
		changes: [
			{ at: 5 * SECOND, accountLimit: 4 },
			{ at: 25 * SECOND, accountLimit: 20 },
		],
	},
	{
		...USUAL,
		name: '429-changes',
		title: '429 above 20 jobs, from 5 s on above 4, from 25 s on above 20; concurrency 20',
		...refusals(20),
		items: 200,
		changes: [
			{ at: 5 * SECOND, submitLimit: 4 },
			{ at: 25 * SECOND, submitLimit: 20 },
		],
	},

	{
		...USUAL,
		name: 'ambiguous',
		title: '5 % of submits taken, but their answer lost; concurrency 20',
		...limits(20, 20),
		ambiguousSubmits: 0.05,
	},
	{
		...USUAL,
		name: 'outage',
		title: 'every submit answered 503; concurrency 20',
		...limits(20, 20),
		outage: true,
	},
	{
		...USUAL,
		name: 'stop',
		title: 'stopped after 3 s; concurrency 20',
		...limits(20, 20),
		stopAfter: 3 * SECOND,
	},
];

/**
 * The same work ten and a hundred times over; wide enough that ten thousand jobs pass in two minutes. No two
 * jobs take the same, as in life: else two hundred would end at the same moment, over and over.
 */
export const GROWTH: readonly Scenario[] = [100, 1_000, 10_000].map((items) => ({
	...USUAL,
	...limits(NONE, 200),
	items,
	times: { kind: 'long tail', median: 2, spread: 0.2 },
	name: `growth-${items}`,
	title: `${items.toLocaleString('en')} jobs of about 2 s, concurrency 200`,
}));

/** Where polls at a fixed distance begin to add up. */
export const LONG_JOBS: Scenario = {
	...USUAL,
	...limits(NONE, 200),
	items: 400,
	times: { kind: 'long tail', median: 10, spread: 0.2 },
	name: 'long-jobs',
	title: '400 jobs of about 10 s, concurrency 200',
};

/** Leaves a choice in which each contender shows what it is, in two minutes. */
export const QUICK: ReadonlySet<string> = new Set(['429-above-10', 'growth-100', 'growth-1000']);

function limits(accountLimit: number, concurrency: number) {
	return { accountLimit, concurrency };
}

function many(items: number) {
	return { items, ...limits(40, 40) };
}

function refusals(submitLimit: number) {
	return { submitLimit, ...limits(NONE, 20) };
}
