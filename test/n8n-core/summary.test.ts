/** The output Summary, as n8n runs it. */
import type { IDataObject } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { type NodeRun, runNode } from './runNode';

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 20 });
});
afterAll(async () => await fal.close());
beforeEach(() => fal.reset());

const run = (items: IDataObject[], options: IDataObject, rest: Partial<NodeRun> = {}) =>
	runNode({
		items,
		parameters: { options, retryBudget: 0 } as NodeRun['parameters'],
		credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
		...rest,
	});

it('is one item beside the two outputs', async () => {
	const { outputs } = await run([{ prompt: 'a' }, { prompt: 'forbidden' }, { prompt: 'c' }], {
		summary: 'item',
	});
	expect(outputs.map(({ length }) => length)).toEqual([2, 1, 1]);
	expect(outputs[2]![0]!.json).toMatchObject({
		message: expect.stringMatching(
			/^Fal Batch: 2 of 3 items done in \d+ s; cost 0\.006 USD \(and perhaps 0\.003 USD for what failed\); 1 failed, most often content_policy_violation \(1\)\.$/,
		),
		items: 3,
		outcomes: { completed: 2, failed: 1 },
		failures: [{ type: 'content_policy_violation', count: 1 }],
		generated: 2,
		reused: 0,
		requests: { submit: 3 },
		cost: { currency: 'USD', billed: 0.006, billed_jobs: 2, may_have_been_billed: 0.003 },
		models: [{ model: 'fal-ai/flux/schnell', items: 3 }],
	});
	expect(outputs[2]![0]!.binary).toBeUndefined();
});

it('is there when nothing was completed', async () => {
	const { outputs } = await run([{ prompt: 'forbidden' }], { summary: 'item' });
	expect(outputs.map(({ length }) => length)).toEqual([0, 1, 1]);
	expect(outputs[2]![0]!.json).toMatchObject({ outcomes: { failed: 1 }, generated: 0 });
});

describe('of a run that could not begin, where On Error says to continue', () => {
	const begin = (options: IDataObject, concurrency: unknown = 0) =>
		run([{ prompt: 'a' }, { prompt: 'b' }], options, {
			parameters: { options, concurrency } as NodeRun['parameters'],
			settings: { onError: 'continueRegularOutput' },
		});

	it('says why nothing was submitted, with all items on Failed', async () => {
		const { outputs, error } = await begin({ summary: 'item' });
		expect(error).toBeUndefined();
		expect(outputs.map(({ length }) => length)).toEqual([0, 2, 1]);
		const { json } = outputs[2]![0]!;
		expect(json).toMatchObject({
			message: expect.stringMatching(
				/^Fal Batch: 0 of 2 items done in \d+ s; 2 failed, most often invalid_parameters \(2\); nothing was submitted: Concurrency must be a whole number from 1 up, but it is 0\.$/,
			),
			items: 2,
			outcomes: { not_submitted: 2 },
			failures: [{ type: 'invalid_parameters', outcome: 'not_submitted', count: 2 }],
			retries: { used: 0 },
			requests: { total: 0 },
			stopped_for: 'Concurrency must be a whole number from 1 up, but it is 0',
		});
		// What was set is just what could not be used.
		expect(json.concurrency).not.toHaveProperty('setting');
		expect(JSON.stringify(json)).not.toContain('null');
		expect(fal.counts().jobs.accepted).toBe(0);
	});

	it('has a report, so that a mail finds its attachment', async () => {
		const { outputs } = await begin({ summary: 'report' });
		const html = Buffer.from(outputs[2]![0]!.binary!.report!.data, 'base64').toString();
		expect(html).toContain('Concurrency must be a whole number');
		expect(html).toContain('No job was at fal.');
		expect(html).not.toContain('<article');
	});

	it.each([
		['not wanted', { summary: 'off' }],
		['its own option can’t be read', { summary: '={{ $json.x.y }}' }],
	])('is not there when %s', async (_, options) => {
		const { outputs } = await begin(options);
		expect(outputs.map(({ length }) => length)).toEqual([0, 2]);
	});
});

it('says what ended a batch early', async () => {
	const items = Array.from({ length: 6 }, (_, i) => ({ prompt: `prompt ${i}` }));
	const { outputs } = await run(items, { summary: 'item', spendLimit: 0.006 });
	expect(outputs.map(({ length }) => length)).toEqual([2, 4, 1]);
	expect(outputs[2]![0]!.json.message).toMatch(
		/; 4 failed, most often spend_limit \(4\); it stopped submitting: The Spend Limit of 0\.006 .*\.$/,
	);
});

it('is off unless it is wanted', async () => {
	const { outputs } = await run([{ prompt: 'a' }], { summary: 'off' });
	expect(outputs).toHaveLength(2);
});

it('brings the report as a file to look at', async () => {
	const { outputs } = await run([{ prompt: '<script>alert(1)</script>' }], { summary: 'report' });
	const { report } = outputs[2]![0]!.binary!;
	expect(report).toMatchObject({
		mimeType: 'text/html',
		fileName: expect.stringMatching(/^fal-batch-[\dT-]+\.html$/),
	});
	const html = Buffer.from(report!.data, 'base64').toString();
	expect(html).toContain('&lt;script&gt;');
	expect(html).not.toContain('<script>alert');
});

it('does not come in an agent’s way', async () => {
	const { outputs } = await run([{ prompt: 'a' }], { summary: 'report' }, { asTool: true });
	expect(outputs).toHaveLength(1);
	expect(outputs[0]).toHaveLength(1);
});
