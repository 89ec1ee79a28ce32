import { summarize } from '../../../nodes/engine/summing/summary';
import { spreadOf } from '../../../nodes/engine/summing/spread';
import { sentence, summaryItem } from '../../../nodes/n8n/summaryItem';
import { resultOf } from '../../report/thousandItems';

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
