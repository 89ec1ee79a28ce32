import type { Failure } from '../../../nodes/engine/failure';
import type { EndedJob, Ending } from '../../../nodes/engine/job';
import { type BatchResult, queueTimeOf, summarize } from '../../../nodes/engine/summing/summary';
import { spreadOf } from '../../../nodes/engine/summing/spread';
import { sentence, summaryItem } from '../../../nodes/n8n/summaryItem';
import { progress } from '../../n8n/progress';
import { resultOf } from '../../report/thousandItems';

const START = 1_700_000_000_000;
const DONE: Ending = { outcome: 'completed', output: {}, logs: [], inferenceTime: 2 };
const NOT_TIMED: Ending = { outcome: 'completed', output: {}, logs: [] };
const failed = (type: string): Ending => ({ outcome: 'failed', failure: failure(type) });

function failure(type: string): Failure {
	return { type, message: `It is ${type}`, retryable: false };
}

/** @param from in seconds after the start of the batch, as `until` */
function job(from: number | undefined, until: number, more: Partial<EndedJob> = {}): EndedJob {
	return {
		index: 0,
		submission: { model: 'a/b', input: {}, conditions: {} },
		attempts: 1,
		failedAttempts: [],
		...(from !== undefined && { submittedAt: START + from * 1_000 }),
		endedAt: START + until * 1_000,
		ending: DONE,
		...more,
	};
}

function batch(ended: EndedJob[], more: Partial<BatchResult> = {}): BatchResult {
	const result = { costs: [], rejected: [], progress, requests: {}, startedAt: START };
	return { ...result, ended, elapsed: 60_000, concurrency: 2, ...more };
}

it('counts outcomes, and failures by type with an example of each, the most frequent first', () => {
	const { items, outcomes, failures, generated, reused } = summarize(resultOf(100));
	expect({ items, outcomes, generated, reused }).toEqual({
		items: 100,
		outcomes: { completed: 94, failed: 4, unknown: 2 },
		generated: 94,
		reused: 0,
	});
	expect(failures).toEqual([
		{
			type: 'content_policy_violation',
			outcome: 'failed',
			count: 4,
			example: {
				message: 'prompt: The content could not be processed',
				requestId: '764cabcf-b745-4b3e-ae38-3',
			},
		},
		expect.objectContaining({ type: 'no_answer', outcome: 'unknown', count: 2 }),
	]);
});

it('tells for each model how long jobs waited and worked', () => {
	const { models } = summarize(resultOf(200));
	expect(models).toHaveLength(1);
	const [{ inferenceTime, queueTime, items, completed } = models[0]!] = models;
	expect({ items, completed }).toEqual({ items: 200, completed: 188 });
	expect(inferenceTime!.median).toBeGreaterThan(3);
	expect(inferenceTime!.p90).toBeGreaterThan(inferenceTime!.median);
	expect(inferenceTime!.longest).toBeLessThanOrEqual(6);
	expect(queueTime!.longest).toBeLessThanOrEqual(3);
});

it('leaves what was reused out of the times', () => {
	const result = resultOf(10);
	const ended = result.ended.map((job) => ({ ...job, attempts: 0, foundInHistory: true }));
	const { reused, generated, models, work } = summarize({ ...result, ended });
	expect({ reused, generated, work }).toEqual({ reused: 8, generated: 0, work: 0 });
	expect(models[0]).not.toHaveProperty('inferenceTime');
});

it('follows how many were in flight, from none to none', () => {
	const { course } = summarize(resultOf(300));
	expect(course.at(-1)!.inFlight).toBe(0);
	const most = Math.max(...course.map(({ inFlight }) => inFlight));
	expect(most).toBeGreaterThan(30);
	expect(most).toBeLessThan(90);
});

describe('of a few jobs', () => {
	const reused = { foundInHistory: true, attempts: 0 };

	it('counts as reused what was found without a submit of its own', () => {
		const ended = [
			job(0, 5),
			job(0, 5, reused),
			job(0, 5, { foundInHistory: true, attempts: 1 }),
			job(0, 5, { attempts: 0 }),
		];
		expect(summarize(batch(ended))).toMatchObject({ generated: 3, reused: 1 });
	});

	it('counts items that became no job', () => {
		const rejected = [failure('invalid_input'), failure('invalid_input')];
		const summary = summarize(batch([job(0, 5), job(0, 5)], { rejected }));
		expect(summary.items).toBe(4);
		expect(summary.outcomes).toStrictEqual({ completed: 2, not_submitted: 2 });
		expect(summary.failures).toStrictEqual([
			{
				type: 'invalid_input',
				outcome: 'not_submitted',
				count: 2,
				example: { message: 'It is invalid_input' },
			},
		]);
		expect(summarize(batch([job(0, 5)])).outcomes).toStrictEqual({ completed: 1 });
	});

	it('tells failures apart by type and outcome, the most frequent first, with the first as example', () => {
		const handle = { requestId: 'job-7', model: 'a/b' };
		const unknown: Ending = { outcome: 'unknown', failure: failure('rare') };
		const ended = [
			job(0, 5, { ending: failed('rare'), handle }),
			job(undefined, 5, { ending: unknown }),
			job(0, 5, { ending: failed('usual'), handle }),
			job(0, 5, { ending: failed('usual') }),
			job(0, 5, { ending: failed('usual') }),
			job(0, 5, { ending: unknown }),
		];
		const { failures } = summarize(batch(ended));
		const told = failures.map(({ type, outcome, count }) => `${count} ${outcome} ${type}`);
		expect(told).toEqual(['3 failed usual', '2 unknown rare', '1 failed rare']);
		expect(failures[0]!.example).toStrictEqual({ message: 'It is usual', requestId: 'job-7' });
		expect(failures[1]!.example).toStrictEqual({ message: 'It is rare' });
	});

	it('adds up the work that fal measured, and nothing for what it did not', () => {
		const ended = [
			job(0, 5),
			job(0, 5),
			job(0, 5, { ending: NOT_TIMED }),
			job(0, 5, { ending: failed('usual') }),
			job(0, 5, reused),
		];
		expect(summarize(batch(ended))).toMatchObject({ work: 4, workAlone: 2 });
		expect(summarize(batch(ended, { concurrency: 1 }))).toMatchObject({ workAlone: 4 });
		expect(summarize(batch(ended, { concurrency: undefined }))).toMatchObject({ workAlone: 4 });
		const long: Ending = { ...DONE, inferenceTime: 9 };
		const uneven = [job(0, 10, { ending: long }), ...ended];
		expect(summarize(batch(uneven, { concurrency: 10 }))).toMatchObject({ workAlone: 9 });
	});

	it('tells how many were completed a minute', () => {
		const ended = [job(0, 5), job(0, 5), job(0, 5, { ending: failed('usual') })];
		expect(summarize(batch(ended, { elapsed: 30_000 })).throughput).toBe(4);
		expect(summarize(batch(ended, { elapsed: 0 })).throughput).toBe(0);
	});

	it('tells the times of each model by itself, in the order in which they came', () => {
		const other = { submission: { model: 'c/d', input: {}, conditions: {} } };
		const ended = [
			job(0, 5, other),
			job(0, 10),
			job(0, 3, { ending: failed('usual') }),
			job(0, 3, { ending: NOT_TIMED }),
			job(0, 90, reused),
		];
		const same = (seconds: number) => ({ median: seconds, p90: seconds, longest: seconds });
		expect(summarize(batch(ended)).models).toStrictEqual([
			{ model: 'c/d', items: 1, completed: 1, queueTime: same(3), inferenceTime: same(2) },
			{ model: 'a/b', items: 4, completed: 3, queueTime: same(8), inferenceTime: same(2) },
		]);
	});

	it('takes for waiting all that was not work, never less than nothing', () => {
		expect(queueTimeOf(job(1, 8))).toBe(5);
		expect(queueTimeOf(job(1, 2))).toBe(0);
		expect(queueTimeOf(job(undefined, 8))).toBeUndefined();
		expect(queueTimeOf(job(1, 8, { ending: NOT_TIMED }))).toBeUndefined();
	});

	it('follows how many were in flight by the second, without those that were reused or never taken', () => {
		const ended = [
			job(undefined, 60, { ending: failed('x') }),
			job(0, 2),
			job(1, 3),
			job(0, 60, reused),
		];
		const { course } = summarize(batch(ended));
		expect(course).toHaveLength(61);
		expect(course.map(({ at }) => at)).toEqual(Array.from({ length: 61 }, (_, second) => second));
		expect(course.map(({ inFlight }) => inFlight).slice(0, 6)).toEqual([1, 2, 1, 0, 0, 0]);
		expect(new Set(course.slice(3).map(({ inFlight }) => inFlight))).toEqual(new Set([0]));
	});
});

it('is one sentence for a chat', () => {
	const result = resultOf(100);
	expect(sentence(summarize(result), result)).toBe(
		'Fal Batch: 94 of 100 items done in 16 s; cost 2.35 USD (and perhaps 0.15 USD for what failed); 6 failed, most often content_policy_violation (4).',
	);
});

it('is there when nothing was completed', () => {
	const result = { ...resultOf(3), ended: [], costs: [], elapsed: 0 };
	const { json } = summaryItem(summarize(result), result);
	expect(json).toMatchObject({ items: 0, throughput_per_minute: 0, models: [] });
});

it.each([
	[[5], { median: 5, p90: 5, longest: 5 }],
	[[3, 1, 2], { median: 2, p90: 3, longest: 3 }],
	[[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { median: 5, p90: 9, longest: 10 }],
	[[], undefined],
])('the spread of %j', (figures, spread) => {
	expect(spreadOf(figures)).toEqual(spread);
});
