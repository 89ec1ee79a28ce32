/** fal's request history as memory, as the user sets it: the built node in n8n's real engine, over sockets. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { runClockFaster } from './quickClock';
import { runNode, startNode } from './runNode';

const SPEED = 10;

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: SPEED });
});
afterAll(async () => await fal.close());

let stopHurrying = () => {};
afterEach(() => stopHurrying());
/** Only where nothing hangs on when fal took a request: its clock is not the node's then. */
const hurry = () => (stopHurrying = runClockFaster(SPEED));

beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, historyShows: 'ended', jobTime: 1 });
});

const prompts = (count: number) => Array.from({ length: count }, (_, i) => ({ prompt: `p ${i}` }));
const credential = () => ({ apiKey: 'local:key', baseUrl: fal.baseUrl });
const run = (
	items: IDataObject[],
	options: INodeParameters,
	parameters: INodeParameters = {},
	rest: object = {},
) => runNode({ items, parameters: { options, ...parameters }, credential: credential(), ...rest });
const ids = (items: Array<{ json: IDataObject }>) => items.map(({ json }) => json.request_id);
const calls = () => fal.counts().calls;

describe('On Unknown Submit: Look Up', () => {
	it('completes every item, each with a job of its own, though answers to submits are lost', async () => {
		fal.schedule({ call: 'submit', every: 3, answer: 'reset_after' });
		// Half of them have the same input as the other half.
		const items = [...prompts(6), ...prompts(6)];
		const { completed, failed, hints } = await run(items, { onUnknownSubmit: 'lookUp' });
		expect(failed).toEqual([]);
		expect(completed.map(({ json }) => Object(json.output).prompt)).toEqual(
			items.map(({ prompt }) => prompt),
		);
		expect(fal.counts().jobs.accepted).toBe(12);
		expect(new Set(ids(completed))).toEqual(new Set(fal.jobs.keys()));
		expect(completed.filter(({ json }) => json.found_in_history)).toHaveLength(4);
		expect(hints[0]).toContain('Found in fal’s request history, and not paid for again: 4.');
	});

	it('finds jobs that go on, too, where fal shows them', async () => {
		fal.options.historyShows = 'all';
		fal.options.jobTime = () => 60_000;
		fal.schedule({ call: 'submit', times: 1, answer: 'reset_after' });
		const { completed } = await run(prompts(1), { onUnknownSubmit: 'lookUp' });
		expect(ids(completed)).toEqual([...fal.jobs.keys()]);
		// It was found long before its end, and followed.
		expect(calls().status).toBeGreaterThan(0);
	});

	it('says that it was looked for where there is none', async () => {
		hurry();
		fal.schedule({ call: 'submit', times: 1, answer: 'reset_before' });
		const { failed } = await run(prompts(1), { onUnknownSubmit: 'lookUp', itemTimeout: 5 });
		expect(failed[0]!.json.error).toMatchObject({
			outcome: 'unknown',
			message: expect.stringMatching(/looked for .* for \d+ seconds, and did not appear there\.$/),
		});
		expect(fal.jobs.size).toBe(0);
	});
});

describe('Reuse Recent Requests', () => {
	const options = { reuseRecentRequests: 1 };

	it('gives the results of the run before, and pays for none', async () => {
		const items = [...prompts(5), ...prompts(2)];
		const before = await run(items, options);
		expect(before.hints[0]).not.toContain('Found');
		const again = await run(items, options);
		expect(again.failed).toEqual([]);
		expect(new Set(ids(again.completed))).toEqual(new Set(ids(before.completed)));
		expect(again.completed.map(({ json }) => Object(json.output).prompt)).toEqual(
			items.map(({ prompt }) => prompt),
		);
		expect(again.completed[0]!.json).toMatchObject({ attempts: 0, found_in_history: true });
		expect(again.hints[0]).toContain('Found in fal’s request history, and not paid for again: 7.');
		expect(calls()).toMatchObject({ submit: 7, result: 14 });
		expect(fal.counts().jobs.accepted).toBe(7);
	});

	it('knows the input by all its digits', async () => {
		const of = async (input: string) => {
			const { completed } = await run([{}], options, { input });
			expect(completed).toHaveLength(1);
			return completed[0]!.json.request_id;
		};
		// Not as the seed: Node before 21 sends it as text, which fal takes, and the local fal does not.
		const first = await of('{ "mark": 196619188014358661, "prompt": "a" }');
		expect(await of('{ "prompt": "a", "mark": 196619188014358661 }')).toBe(first);
		expect(await of('{ "mark": 196619188014358662, "prompt": "a" }')).not.toBe(first);
		const rounded = await of('={{ { seed: 2 ** 60, prompt: "a" } }}');
		expect(await of('={{ { prompt: "a", seed: 2 ** 60 } }}')).toBe(rounded);
		expect(fal.counts().jobs.accepted).toBe(3);
	});

	it('goes on with the jobs of an execution that was stopped', async () => {
		fal.options.historyShows = 'all';
		fal.options.jobTime = () => 30_000;
		const parameters = { concurrency: 20, options: { ...options, onTimeout: 'leave' } };
		const { outcome, stop } = startNode({
			items: prompts(8),
			parameters,
			credential: credential(),
		});
		await until(() => fal.jobs.size === 8);
		stop();
		await outcome;
		const { completed, failed } = await run(prompts(8), {}, parameters);
		expect(failed).toEqual([]);
		expect(new Set(ids(completed))).toEqual(new Set(fal.jobs.keys()));
		expect(calls()).toMatchObject({ submit: 8, cancel: 0 });
	});

	// It waits half a minute before it submits the rest: of a run that was at work just now, there may be
	// jobs that fal does not show yet.
	it('submits what the run before did not get to', async () => {
		hurry();
		const before = await run(prompts(3), options);
		const { completed, hints } = await run(prompts(5), options);
		expect(ids(completed).slice(0, 3)).toEqual(ids(before.completed));
		expect(completed).toHaveLength(5);
		expect(hints[0]).toContain('not paid for again: 3.');
		expect(fal.counts().jobs.accepted).toBe(5);
	});

	it('submits everything when the history can’t be read, and says so', async () => {
		fal.schedule({ call: 'history', answer: { status: 403, body: { detail: 'No permission' } } });
		const { completed, hints } = await run(prompts(2), options);
		expect(completed).toHaveLength(2);
		expect(hints[0]).toContain('request history could not be read (to its end): No permission.');
	});

	it('reads a history whose pages are too large in smaller ones', async () => {
		await run(prompts(3), options);
		fal.schedule({ call: 'history', times: 1, answer: { size: 40_000_000 } });
		const { completed, hints } = await run(prompts(3), options);
		expect(completed.every(({ json }) => json.found_in_history)).toBe(true);
		expect(hints[0]).not.toContain('could not be read');
		expect(fal.counts().jobs.accepted).toBe(3);
	});

	it('hands out the requests of before in Submit', async () => {
		const before = await run(prompts(3), options);
		const { completed } = await run(prompts(3), options, { operation: 'submit' });
		expect(new Set(ids(completed))).toEqual(new Set(ids(before.completed)));
		expect(completed[0]!.json).toMatchObject({ status: 'COMPLETED', found_in_history: true });
		expect(calls().submit).toBe(3);
	});
});

describe('a memory that can’t work', () => {
	it.each([
		['Look Up', { onUnknownSubmit: 'lookUp', storePayloads: false }],
		['Reuse Recent Requests', { reuseRecentRequests: 2, storePayloads: false }],
		[
			'Reuse Recent Requests',
			{ reuseRecentRequests: 2, storePayloads: '={{ $json.prompt !== "p 2" }}' },
		],
	])('(%s with %j) is refused before anything is sent', async (option, options) => {
		const { error } = await run(prompts(4), options as INodeParameters);
		expect(error?.message).toMatch(new RegExp(`${option} needs Store Payloads$`));
		expect(error).toMatchObject({
			description: expect.stringContaining('Nothing was sent to fal'),
		});
		expect(fal.calls).toHaveLength(0);
	});

	it('is refused at each of n8n’s tries, and nothing is sent', async () => {
		const { error } = await run(
			prompts(2),
			{ reuseRecentRequests: 2, storePayloads: false },
			{},
			{ settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 } },
		);
		expect(error?.message).toContain('needs Store Payloads');
		expect(fal.calls).toHaveLength(0);
	});

	it.each([-1, 721, 'many', '={{ Infinity }}'])('of %j hours is refused', async (hours) => {
		const { error } = await run(prompts(1), { reuseRecentRequests: hours });
		expect(error?.message).toMatch(/^Reuse Recent Requests must be a number from 0 to 720/);
		expect(fal.calls).toHaveLength(0);
	});

	it('is none unless the user wants one', async () => {
		await run(prompts(2), { storePayloads: false });
		await run(prompts(2), {});
		expect(fal.calls.filter(({ kind }) => kind === 'history')).toEqual([]);
		expect(fal.counts().jobs.accepted).toBe(4);
	});
});

it('n8n’s Retry On Fail generates nothing again, whatever is remembered', async () => {
	const items = prompts(10).map((item, i) => (i % 5 ? item : { prompt: 'forbidden' }));
	const { completed, failed } = await run(
		items,
		{ reuseRecentRequests: 1, onUnknownSubmit: 'lookUp' },
		{},
		{ settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 } },
	);
	expect([completed.length, failed.length]).toEqual([8, 2]);
	expect(fal.counts().jobs.accepted).toBe(10);
});

it('the API key is in nothing that was written, whatever becomes of the history', async () => {
	const apiKey = 'secret-key-id:secret-key-value';
	fal.options.keys = ['local:key', apiKey];
	fal.schedule({ call: 'submit', every: 2, answer: 'reset_after' });
	fal.schedule({ call: 'history', every: 2, answer: 'html' });
	const { everythingWritten } = await runNode({
		items: prompts(4),
		parameters: { options: { onUnknownSubmit: 'lookUp', reuseRecentRequests: 1 } },
		credential: { apiKey, baseUrl: fal.baseUrl },
		mode: 'manual',
	});
	expect(fal.calls.some(({ kind }) => kind === 'history')).toBe(true);
	expect(everythingWritten).not.toContain('secret-key');
});
