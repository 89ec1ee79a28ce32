/** Fal Batch as n8n runs it: the built node in n8n's real engine, against the local fal over sockets. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { NOWHERE } from './environment';
import { runClockFaster } from './quickClock';
import { runNode, searchModels, startNode } from './runNode';

const SPEED = 10;

let fal: LocalFal;
const warnings: string[] = [];
const onWarning = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);

beforeAll(async () => {
	process.on('warning', onWarning);
	fal = await startLocalFal({ speed: SPEED });
});
afterAll(async () => {
	process.off('warning', onWarning);
	await fal.close();
});
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, {
		accountConcurrency: 40,
		latency: 0,
		jobTime: 1,
		exhaustedBalance: false,
		submitLimit: undefined,
	});
});

// As much faster as the local fal.
let stopHurrying = () => {};
beforeEach(() => (stopHurrying = runClockFaster(SPEED)));
afterEach(() => stopHurrying());

const prompts = (count: number) =>
	Array.from({ length: count }, (_, i) => ({ prompt: `prompt ${i}` }));

function run(items: IDataObject[], parameters: INodeParameters = {}, rest: object = {}) {
	return runNode({ items, parameters, credential: localFal(), ...rest });
}

function localFal() {
	return { apiKey: 'local:key', baseUrl: fal.baseUrl };
}

describe('Run', () => {
	it('gives each item to exactly one output, in order and linked to its input', async () => {
		const items = prompts(30).map((item, i) =>
			i % 10 === 4 ? { prompt: 'forbidden fruit' } : item,
		);
		const { completed, failed, error } = await run(items, { concurrency: 6 });
		expect(error).toBeUndefined();
		expect(failed.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 4 },
			{ item: 14 },
			{ item: 24 },
		]);
		const linked = [...completed, ...failed].map(({ pairedItem }) => Object(pairedItem).item);
		expect(linked.toSorted((a, b) => a - b)).toEqual(items.map((_, i) => i));
		for (const { json, pairedItem } of completed) {
			expect(json).toMatchObject({
				status: 'COMPLETED',
				model: 'fal-ai/flux/schnell',
				attempts: 1,
				output: { prompt: items[Object(pairedItem).item]!.prompt },
			});
		}
		expect(fal.peakOpen).toBeLessThanOrEqual(6);
		expect(fal.counts().jobs.accepted).toBe(30);
	});

	it('tells a failed item in fal’s own words, with its request id', async () => {
		const { failed } = await run([{ prompt: 'a forbidden thing' }]);
		expect(failed[0]!.json).toMatchObject({
			request_id: expect.stringMatching(/^[\w-]+$/),
			error: {
				type: 'content_policy_violation',
				message: expect.stringContaining('flagged by a content checker'),
				status_code: 422,
				detail: [expect.objectContaining({ type: 'content_policy_violation' })],
				retryable: false,
				outcome: 'failed',
			},
		});
	});

	it('keeps all digits of a seed beyond 2^53, coming and going', async () => {
		const { completed } = await run([{ prompt: 'a' }]);
		const [job] = fal.jobs.values();
		expect(job!.ownSeed).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
		expect(completed[0]!.json.output).toMatchObject({ seed: String(job!.ownSeed) });

		fal.reset();
		await run([{}], { input: '{ "prompt": "a", "seed": 196619188014358661 }' });
		// Node before 21 can't write such a number; there its digits travel as text.
		const written = 'rawJSON' in JSON ? '196619188014358661' : '"196619188014358661"';
		const [again] = fal.jobs.values();
		expect(again!.inputText).toBe(`{"prompt":"a","seed":${written}}`);
	});

	it('gives the model’s logs when asked to, each line once', async () => {
		const { completed } = await run([{ prompt: 'a' }], {
			model: { __rl: true, mode: 'id', value: 'fal-ai/kling-video/v2/master/text-to-video' },
			options: { includeLogs: true, minPollInterval: 0.1 },
		});
		const logs = completed[0]!.json.logs as IDataObject[];
		expect(logs.length).toBeGreaterThan(2);
		expect(new Set(logs.map(({ message, timestamp }) => `${timestamp}${message}`)).size).toBe(
			logs.length,
		);
	});

	it('sends fal’s options along', async () => {
		await run([{ prompt: 'a' }], {
			options: {
				priority: 'low',
				runnerHint: 'studio-7',
				startTimeout: 90,
				noRetry: true,
				storePayloads: false,
				mediaLifecycle: 3600,
				webhookUrl: '={{ "https://n8n.example.com/webhook/x?prompt=" + $json.prompt }}',
			},
		});
		const [job] = fal.jobs.values();
		expect(job).toMatchObject({
			priority: 'low',
			hint: 'studio-7',
			noRetry: true,
			storesPayloads: false,
			webhookUrl: 'https://n8n.example.com/webhook/x?prompt=a',
		});
		expect(job!.headers).toMatchObject({
			'x-fal-request-start-timeout': '90',
			'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":3600}',
		});
	});

	it('sums the run up in a hint', async () => {
		const { hints } = await run([{ prompt: 'a' }, { prompt: 'forbidden' }], { retryBudget: 7 });
		expect(hints[0]).toMatch(/^1 of 2 completed, 1 on Failed: content_policy_violation\. /);
		expect(hints[0]).toMatch(/Retries: 0 of 7\. Peak in flight: 2\. Requests: \d+ \(2 submit, /);
	});

	it('shows its progress in the log and, in a manual run, in the browser', async () => {
		const { everythingWritten } = await run(prompts(2), { retryBudget: 77 }, { mode: 'manual' });
		const line = 'Fal Batch: 2 of 2 completed, 0 failed, 0 in flight, 77 retries left';
		const lines = everythingWritten.split('\n').filter((written) => written.includes(line));
		expect(lines).toHaveLength(2);
		// Which execution and which batch, as several of them write into one log.
		expect(lines[0]).toMatch(/\[execution \S+, Fal Batch #1\]/);
		expect(lines[1]).toMatch(/^sendConsoleMessage /);
	});

	it('makes no Node warnings at a concurrency of 60', async () => {
		fal.options.latency = 50;
		const { completed } = await run(prompts(80), { concurrency: 60 });
		expect(completed).toHaveLength(80);
		expect(warnings.filter((warning) => warning.includes('MaxListeners'))).toEqual([]);
	});

	it('completes everything though fal pushes back above 2 jobs', async () => {
		fal.options.submitLimit = 2;
		const { completed, hints } = await run(prompts(20), { concurrency: 10, retryBudget: 0 });
		expect(completed).toHaveLength(20);
		expect(hints[0]).toContain('fal pushed back');
		expect(fal.peakOpen).toBeLessThanOrEqual(2);
	});

	it('five executions with one credential stay within its Max Concurrent Jobs together', async () => {
		// The first ten long enough for a busy machine to have all of them there at once.
		let begun = 0;
		fal.options.jobTime = () => (++begun <= 10 ? 20_000 : 1_000);
		const executions = Array.from({ length: 5 }, () =>
			runNode({
				items: prompts(12),
				parameters: { concurrency: 10 },
				credential: { ...localFal(), maxConcurrentJobs: 10 },
				credentialId: 'shared',
			}),
		);
		const outcomes = await Promise.all(executions);
		expect(outcomes.map(({ completed }) => completed.length)).toEqual([12, 12, 12, 12, 12]);
		expect(fal.peakOpen).toBe(10);
	});
});

describe('the list of models', () => {
	it('is fal’s catalogue, searched as the user types', async () => {
		const { results } = await searchModels({ items: [], credential: localFal() }, 'kling 2.0');
		expect(results).toEqual([
			expect.objectContaining({
				value: 'fal-ai/kling-video/v2/master/text-to-video',
				name: expect.stringContaining('(fal-ai/kling-video/v2/master/text-to-video)'),
				url: 'https://fal.ai/models/fal-ai/kling-video/v2/master/text-to-video',
			}),
		]);
	});

	it('that can’t be loaded says what to do', async () => {
		const credential = { apiKey: 'local:key', baseUrl: NOWHERE };
		await expect(searchModels({ items: [], credential })).rejects.toMatchObject({
			message: expect.stringContaining('could not be loaded: the connection was refused'),
			description: expect.stringContaining('choose the model by its ID'),
		});
	});
});

describe('Submit', () => {
	it('gives the request ids at once, and follows nothing', async () => {
		const { completed, failed } = await run(prompts(12), { operation: 'submit' });
		expect(failed).toEqual([]);
		const inputs = completed.map(({ json }) => fal.jobs.get(String(json.request_id))?.input);
		expect(inputs).toEqual(prompts(12));
		expect(fal.jobs.size).toBe(12);
		expect(completed[0]!.json).toMatchObject({ status: 'IN_QUEUE', model: 'fal-ai/flux/schnell' });
		expect(fal.counts().calls).toMatchObject({ submit: 12, status: 0, result: 0 });
	});
});

describe('money', () => {
	it('never submits twice when the answer to a submit is lost', async () => {
		fal.schedule({ call: 'submit', every: 3, answer: 'reset_after' });
		const { completed, failed } = await run(prompts(9));
		expect(fal.counts().jobs.accepted).toBe(9);
		expect(completed).toHaveLength(6);
		expect(failed.map(({ json }) => Object(json.error).outcome)).toEqual(Array(3).fill('unknown'));
	});

	it('is not run again by Retry On Fail because items failed', async () => {
		const { runs } = await run(
			[{ prompt: 'forbidden' }, { prompt: 'b' }],
			{},
			{ settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 } },
		);
		expect(runs).toBe(1);
		expect(fal.counts().jobs.accepted).toBe(2);
	});

	it('a stop submits nothing more and cancels every open job within a second', async () => {
		fal.options.latency = 200;
		fal.options.accountConcurrency = 2;
		fal.options.jobTime = () => 600_000;
		const { outcome, stop } = startNode({
			items: prompts(60),
			parameters: { concurrency: 20 },
			credential: localFal(),
		});
		// In the middle of the first submits: fal has taken them, and its answers are in the air.
		await until(() => fal.jobs.size >= 20);
		const stoppedAt = Date.now();
		stop();
		await outcome;
		await until(() => fal.counts().jobs.cancelled === 20);
		// Long enough for a submit that should not have been to show.
		await new Promise((resolve) => setTimeout(resolve, 1_000));
		const submits = fal.calls.filter(({ kind, at }) => kind === 'submit' && at > stoppedAt + 100);
		const cancels = fal.calls.filter(({ kind }) => kind === 'cancel');
		expect(submits).toEqual([]);
		expect(new Set(cancels.map(({ requestId }) => requestId))).toEqual(new Set(fal.jobs.keys()));
		expect(fal.jobs.size).toBe(20);
		// Within a second on a clock of our own (batch.properties); this machine may have other things to do.
		for (const { at } of cancels) expect(at - stoppedAt).toBeLessThan(5_000);
	});
});

it('a stop of Submit cancels what it has not handed out', async () => {
	// Sped up ten times: a hundred milliseconds for each submit, and so half a second for all.
	fal.options.latency = 1_000;
	fal.options.jobTime = () => 600_000;
	const { outcome, stop } = startNode({
		items: prompts(60),
		parameters: { operation: 'submit', concurrency: 10 },
		credential: localFal(),
	});
	await until(() => fal.jobs.size >= 20);
	stop();
	await outcome;
	// What was on its way then is cancelled when its answer has come.
	await new Promise((resolve) => setTimeout(resolve, 500));
	await until(() => fal.counts().jobs.cancelled === fal.jobs.size);
	const cancels = fal.calls.filter(({ kind }) => kind === 'cancel');
	expect(fal.jobs.size).toBeLessThan(60);
	expect(new Set(cancels.map(({ requestId }) => requestId))).toEqual(new Set(fal.jobs.keys()));
});

describe('bad input', () => {
	const submits = () => fal.counts().calls.submit;

	it('a bad key: the node throws in fal’s words, after a few submits', async () => {
		const { error, failed, outputs } = await runNode({
			items: prompts(40),
			parameters: { concurrency: 3 },
			credential: { apiKey: 'wrong', baseUrl: fal.baseUrl },
		});
		expect(error).toMatchObject({
			name: 'NodeApiError',
			httpCode: '401',
			message: expect.stringMatching(
				/^None of 40 items was submitted: .*Check the API Key in the Fal API credential/,
			),
		});
		expect([failed, outputs]).toEqual([[], []]);
		expect(submits()).toBeLessThanOrEqual(3);
	});

	it('an exhausted balance: the batch stops, what runs is collected, the rest is not submitted', async () => {
		const { outcome } = startNode({
			items: prompts(40),
			parameters: { concurrency: 4 },
			credential: localFal(),
		});
		await until(() => fal.counts().jobs.accepted > 0);
		fal.options.exhaustedBalance = true;
		const { completed, failed } = await outcome;
		expect(completed.length).toBe(fal.counts().jobs.accepted);
		expect(completed.length + failed.length).toBe(40);
		for (const { json } of failed) {
			expect(json.error).toMatchObject({ outcome: 'not_submitted', status_code: 403 });
			expect(Object(json.error).message).toContain('Exhausted balance');
		}
	});

	it('a model in the node that fal does not know: the node throws, after a few submits', async () => {
		const { error } = await run(prompts(50), {
			concurrency: 5,
			model: { __rl: true, mode: 'id', value: 'fal-ai/no-such-model' },
		});
		expect(error).toMatchObject({
			httpCode: '404',
			message: expect.stringContaining('Check the model ID'),
		});
		// Each of them twice: one odd answer does not decide.
		expect(submits()).toBeLessThanOrEqual(10);
	});

	it('a model by expression that fal does not know: each item says so on Failed', async () => {
		const { error, failed } = await run(prompts(50), {
			concurrency: 5,
			model: { __rl: true, mode: 'id', value: '={{ "fal-ai/no-such-model" }}' },
		});
		expect(error).toBeUndefined();
		expect(failed).toHaveLength(50);
		expect(failed[49]!.json.error).toMatchObject({ status_code: 404, outcome: 'not_submitted' });
		expect(submits()).toBeLessThanOrEqual(10);
	});

	it.each([
		['a page of another site', 'url', 'https://example.com/models/fal-ai/flux/dev'],
		['a space in it', 'id', 'fal-ai/flux dev'],
		['a way up', 'id', 'fal-ai/../../admin'],
		['one part only', 'id', 'flux'],
	])('a model that is no id (%s): the node says so before it submits', async (_, mode, value) => {
		const { error } = await run(prompts(2), { model: { __rl: true, mode, value } });
		expect(error?.message).toContain('fal-ai/flux/dev');
		expect(submits()).toBe(0);
	});

	it.each([
		['text that is no JSON', '{ "prompt": "a "quoted" word" }', 'not valid JSON'],
		['an array', '[1, 2]', 'must be a JSON object'],
		['null', 'null', 'must be a JSON object'],
		['a number', '={{ 7 }}', 'must be a JSON object'],
	])('an input that is %s: its items say so on Failed', async (_, input, words) => {
		const { error, failed } = await run(prompts(2), { input });
		expect(error).toBeUndefined();
		expect(failed.map(({ json }) => Object(json.error).message)).toEqual(
			Array(2).fill(expect.stringContaining(words)),
		);
		expect(submits()).toBe(0);
	});

	it('one bad item among good ones fails alone', async () => {
		const input = '={{ $json.prompt === "prompt 1" ? "oops" : { prompt: $json.prompt } }}';
		const { completed, failed } = await run(prompts(3), { input });
		expect(completed.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 2 }]);
		expect(failed).toEqual([
			expect.objectContaining({
				pairedItem: { item: 1 },
				json: expect.objectContaining({
					error: expect.objectContaining({ type: 'invalid_input', outcome: 'not_submitted' }),
				}),
			}),
		]);
	});

	it.each([
		['Concurrency', { concurrency: 0 }],
		['Concurrency', { concurrency: 2.5 }],
		['Concurrency', { concurrency: '={{ "many" }}' }],
		['Retry Budget', { retryBudget: -5 }],
		['Retry Budget', { retryBudget: '={{ "lots" }}' }],
		['Item Timeout', { options: { itemTimeout: 0 } }],
	])('%s as in %j: the node says so before it submits', async (label, parameters) => {
		const { error } = await run(prompts(2), parameters as INodeParameters);
		expect(error?.message).toMatch(new RegExp(`^${label} must be a (whole )?number from`));
		expect(submits()).toBe(0);
	});

	it('parameters that can’t be used go to Failed when the node is to continue on errors', async () => {
		const { error, failed } = await run(
			prompts(2),
			{ concurrency: 0 },
			{ settings: { onError: 'continueRegularOutput' } },
		);
		expect(error).toBeUndefined();
		expect(failed).toHaveLength(2);
	});

	it('no items: no output and no error', async () => {
		const { error, completed, failed } = await run([]);
		expect([error, completed, failed]).toEqual([undefined, [], []]);
		expect(submits()).toBe(0);
	});

	it('a Base URL that is no URL: the node says so', async () => {
		const { error } = await runNode({
			items: prompts(2),
			credential: { apiKey: 'local:key', baseUrl: 'my gateway' },
		});
		expect(error?.message).toContain('The Base URL of the Fal API credential can’t be used');
	});

	it('a Base URL that can’t be reached: the node throws, and with On Error "Continue" the items say so', async () => {
		stopHurrying = runClockFaster(100);
		const unreachable = {
			items: prompts(20),
			parameters: { concurrency: 2, retryBudget: 1 },
			credential: { apiKey: 'local:key', baseUrl: NOWHERE },
		};
		const { error } = await runNode(unreachable);
		expect(error?.message).toContain('fal could not be reached: the connection was refused');
		expect(error?.description).toContain('Check fal’s status page');

		const { failed } = await runNode({
			...unreachable,
			settings: { onError: 'continueRegularOutput' },
		});
		expect(failed).toHaveLength(20);
		for (const { json } of failed) {
			expect(json.error).toMatchObject({ outcome: 'not_submitted', type: 'not_reached' });
			expect(Object(json.error).message).toContain('the connection was refused');
		}
	});

	it('an answer that is not JSON: the submit’s fate is unknown, and it is not sent again', async () => {
		fal.schedule({ call: 'submit', times: 1, answer: 'html' });
		const { failed, completed } = await run(prompts(3), { concurrency: 1 });
		expect(failed[0]!.json.error).toMatchObject({ outcome: 'unknown', type: 'unreadable_answer' });
		expect(completed).toHaveLength(2);
		expect(fal.counts().jobs.accepted).toBe(3);
	});

	it('a result of 50 MB: the item fails with its request id and what to do', async () => {
		fal.schedule({ call: 'result', times: 5, answer: { size: 50_000_000 } });
		const { failed } = await run([{ prompt: 'a' }]);
		expect(failed[0]!.json).toMatchObject({
			request_id: [...fal.jobs.keys()][0],
			error: { outcome: 'unknown', message: expect.stringMatching(/larger than 32 MB.*sync_mode/) },
		});
	});

	it('a redirect is not followed: the key goes nowhere else', async () => {
		const seen: string[] = [];
		const stranger = createServer((request, response) => {
			seen.push(`${request.headers.authorization}`);
			response.end('{}');
		}).listen(0, '127.0.0.1');
		await new Promise((resolve) => stranger.once('listening', resolve));
		const { port } = stranger.address() as AddressInfo;
		fal.schedule({
			call: 'any',
			answer: { status: 307, headers: { location: `http://127.0.0.1:${port}/` } },
		});
		const { failed } = await run(prompts(1));
		stranger.close();
		expect(failed[0]!.json.error).toMatchObject({ outcome: 'not_submitted', status_code: 307 });
		expect(seen).toEqual([]);
	});
});

it('the API key is in nothing that was written: output, errors, hints, logs, execution data', async () => {
	const apiKey = 'secret-key-id:secret-key-value';
	fal.options.keys = ['local:key', apiKey];
	fal.schedule({ call: 'submit', every: 4, answer: 'reset_after' });
	fal.schedule({ call: 'status', every: 5, answer: 'html' });
	fal.schedule({ call: 'result', every: 6, answer: { status: 500, body: { detail: 'Oops' } } });
	const credentials = [
		{ apiKey, baseUrl: fal.baseUrl },
		{ apiKey: `${apiKey}-wrong`, baseUrl: fal.baseUrl },
		{ apiKey, baseUrl: NOWHERE },
	];
	for (const [index, credential] of credentials.entries()) {
		// What is unreachable is waited for minutes.
		if (index === 2) stopHurrying = runClockFaster(100);
		const { everythingWritten, failed, error } = await runNode({
			items: prompts(12),
			parameters: { concurrency: 4, retryBudget: 0 },
			credential,
			mode: 'manual',
		});
		expect(error !== undefined || failed.length > 0).toBe(true);
		expect(everythingWritten).not.toContain('secret-key');
	}
});
