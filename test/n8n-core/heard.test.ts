/** What people hear of trouble: what is thrown, what goes to Failed, and what the hint and the log say. */
import { ExecuteContext } from 'n8n-core';
import type { IDataObject, INode } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { NOWHERE, readLog } from './environment';
import { runClockFaster } from './quickClock';
import { type NodeRun, runNode, startNode } from './runNode';

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 10 });
});
afterAll(async () => await fal.close());
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, exhaustedBalance: false });
});
afterEach(() => jest.restoreAllMocks());

const prompts = (count: number) =>
	Array.from({ length: count }, (_, i) => ({ prompt: `prompt ${i}` }));
const localFal = (apiKey = 'local:key') => ({ apiKey, baseUrl: fal.baseUrl });
const run = (items: IDataObject[], rest: Partial<NodeRun> = {}) =>
	runNode({ items, credential: localFal(), ...rest });
const submits = () => fal.counts().calls.submit;
const messages = (items: Array<{ json: IDataObject }>) =>
	items.map(({ json }) => String(Object(json.error).message));

const CONTINUE: Array<Partial<INode>> = [
	{ onError: 'continueRegularOutput' },
	{ onError: 'continueErrorOutput' },
	{ continueOnFail: true },
];

describe('trouble of the whole run, while nothing is at fal', () => {
	it('an empty balance is thrown, in fal’s words and with what to do', async () => {
		fal.options.exhaustedBalance = true;
		const { error, outputs } = await run(prompts(3));
		expect(outputs).toEqual([]);
		expect(error).toMatchObject({
			httpCode: '403',
			message: expect.stringMatching(/^None of 3 items was submitted: .*Exhausted balance.*Check/),
			description: expect.stringContaining('nothing is billed'),
		});
	});

	it('the one item of a loop is named as one', async () => {
		const { error } = await run(prompts(1), { credential: localFal('wrong') });
		expect(error?.message).toMatch(/^The item was not submitted: /);
	});

	it('Retry On Fail repeats it for nothing', async () => {
		fal.options.exhaustedBalance = true;
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
		const { error } = await run(prompts(2), { settings });
		expect(error).toBeDefined();
		expect(fal.counts().jobs.accepted).toBe(0);
		expect(submits()).toBeGreaterThan(2);
	});

	it.each(CONTINUE)('with %j the items are on Failed, and nowhere else', async (settings) => {
		const {
			error,
			outputs,
			run: execution,
		} = await run(prompts(3), {
			credential: localFal('wrong'),
			settings,
		});
		expect(error).toBeUndefined();
		expect(execution.status).toBe('success');
		expect(outputs.map(({ length }) => length)).toEqual(
			settings.onError === 'continueErrorOutput' ? [0, 3, 0] : [0, 3],
		);
		expect(outputs[1]![0]!.json.error).toMatchObject({
			status_code: 401,
			outcome: 'not_submitted',
		});
	});

	it('is not thrown once a job was taken', async () => {
		fal.schedule({ call: 'submit', where: () => submits() > 1, answer: { status: 401 } });
		const { error, completed, failed } = await run(prompts(4), { parameters: { concurrency: 1 } });
		expect(error).toBeUndefined();
		expect([completed.length, failed.length]).toEqual([1, 3]);
	});

	it('is not thrown when a job may have been taken', async () => {
		fal.schedule({ call: 'submit', nth: 1, answer: 'reset_after' });
		fal.schedule({ call: 'submit', answer: { status: 401 } });
		const { error, failed } = await run(prompts(3), { parameters: { concurrency: 1 } });
		expect(error).toBeUndefined();
		expect(failed.map(({ json }) => Object(json.error).outcome)).toEqual([
			'unknown',
			'not_submitted',
			'not_submitted',
		]);
	});
});

describe('an item’s own trouble', () => {
	it('is an item on Failed, also when it is the only one', async () => {
		const { error, outputs } = await run([{ prompt: 'a' }], { parameters: { input: 'no JSON' } });
		expect(error).toBeUndefined();
		expect(outputs.map(({ length }) => length)).toEqual([0, 1]);
	});

	it('a field of the incoming item that is empty is said to be so', async () => {
		const { failed } = await run([{ prompt: ' ', row: 7 }]);
		expect(messages(failed)).toEqual([
			'The Input has nothing in it: "prompt" is empty. Check the expression against the incoming item: it has "prompt" (empty), "row".',
		]);
	});

	it('a field of the incoming item that is not there: names the fields, and what there is', async () => {
		const input = '={{ { "prompt": $json.promt, "negative_prompt": $json.negative } }}';
		const { failed } = await run([{ prompt: 'a', row: 7 }], { parameters: { input } });
		expect(messages(failed)).toEqual([
			'The Input has nothing in it: "prompt", "negative_prompt" are empty. Check the expression against the incoming item: it has "prompt", "row".',
		]);
		expect(submits()).toBe(0);
	});

	it.each([
		['null', '={{ { "prompt": null } }}'],
		['no text', '{ "prompt": "" }'],
		['blanks', '{ "prompt": "  " }'],
	])('a prompt that is %s is missing, too', async (_, input) => {
		const { failed } = await run([{}], { parameters: { input } });
		expect(messages(failed)[0]).toContain('The Input has nothing in it: "prompt" is empty.');
	});

	it('one missing field among others is left out', async () => {
		const input = '={{ { "prompt": $json.prompt, "seed": $json.seed } }}';
		const { completed } = await run([{ prompt: 'a' }], { parameters: { input } });
		expect(completed).toHaveLength(1);
		expect([...fal.jobs.values()][0]!.inputText).toBe('{"prompt":"a"}');
	});

	it('an input without any field is sent: some models take none', async () => {
		await run([{}], { parameters: { input: '{}' } });
		expect([...fal.jobs.values()][0]!.inputText).toBe('{}');
	});

	it('what can’t be written as JSON fails alone, and stops nobody', async () => {
		const { completed, failed } = await run(prompts(3), {
			parameters: {
				input: `={{ (() => {
					const fields = { prompt: $json.prompt };
					if ($json.prompt === 'prompt 0') fields.self = fields;
					if ($json.prompt === 'prompt 1') for (let level = 0, at = fields; level < 400; level++) at = at.deeper = {};
					return fields;
				})() }}`,
			},
		});
		expect(completed.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 2 }]);
		expect(messages(failed)).toEqual([
			'A value holds itself, or is nested without end',
			expect.stringContaining('nested more than 200 levels deep'),
		]);
	});

	it('a failing expression in an option of the item fails that item only', async () => {
		const webhookUrl =
			'={{ $json.prompt === "prompt 0" ? $("No Such Node").item.json.url : "https://n8n.example.com/" + $json.prompt }}';
		const { error, completed, failed } = await run(prompts(3), {
			parameters: { options: { webhookUrl, itemTimeout: 60 } },
		});
		expect(error).toBeUndefined();
		expect(completed.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 1 }, { item: 2 }]);
		expect(failed[0]!.json.error).toMatchObject({ type: 'invalid_input' });
	});

	it('a failing expression in an option of the batch is thrown', async () => {
		const itemTimeout = '={{ $("No Such Node").item.json.timeout }}';
		const { error } = await run(prompts(3), { parameters: { options: { itemTimeout } } });
		expect(error).toBeDefined();
		expect(submits()).toBe(0);
	});
});

describe('failures that nobody catches', () => {
	const WORDS = 'Nothing is connected to the output Failed';

	it('are named in the hint', async () => {
		const { hints } = await run([{ prompt: 'forbidden' }], { connectedOutputs: [0] });
		expect(hints[0]).toContain(WORDS);
	});

	it('are not, when something is connected', async () => {
		const { hints } = await run([{ prompt: 'forbidden' }], { connectedOutputs: [0, 1] });
		expect(hints[0]).not.toContain(WORDS);
	});

	it('nor when there are none', async () => {
		const { hints } = await run([{ prompt: 'a' }]);
		expect(hints[0]).not.toContain(WORDS);
	});
});

describe('everything failed, and On Error says to continue', () => {
	it.each([
		['a figure', { concurrency: 0 }, 'Concurrency must be a whole number from 1 up, but it is 0.'],
		['a model', { model: { __rl: true, mode: 'id', value: '?' } }, 'is not a model ID.'],
	])(
		'%s that can’t be used is told by the hint, since Completed is empty',
		async (_, parameters, words) => {
			const { outputs, hints } = await run(prompts(2), { parameters, settings: CONTINUE[0]! });
			expect(outputs.map(({ length }) => length)).toEqual([0, 2]);
			expect(hints[0]).toMatch(
				/^0 of 2 completed, 2 on Failed: invalid_parameters \(not_submitted\)\. /,
			);
			expect(hints[0]).toContain(words);
			expect(hints[0]).toContain('Nothing is connected to the output Failed');
		},
	);

	it('Submit counts what was submitted', async () => {
		const { hints } = await run(prompts(2), {
			parameters: { operation: 'submit', concurrency: 0 },
			settings: CONTINUE[0]!,
		});
		expect(hints[0]).toMatch(/^0 of 2 submitted, 2 on Failed: /);
	});
});

describe('what the node says about itself costs nobody a result', () => {
	const fails = () => {
		throw new Error('This n8n has no such thing');
	};

	it('execution hints that throw, as in older n8n', async () => {
		jest.spyOn(ExecuteContext.prototype, 'addExecutionHints').mockImplementation(fails);
		const { error, completed } = await run(prompts(2));
		expect([error, completed.length]).toEqual([undefined, 2]);
	});

	it('a log that throws', async () => {
		jest.spyOn(ExecuteContext.prototype, 'logger', 'get').mockImplementation(fails);
		const { error, completed } = await run(prompts(2));
		expect([error, completed.length]).toEqual([undefined, 2]);
	});

	it('a progress line that throws, while it runs and at its end', async () => {
		fal.options.jobTime = () => 40_000;
		const say = jest.spyOn(ExecuteContext.prototype, 'sendMessageToUI').mockImplementation(fails);
		const { error, completed } = await run(prompts(2), { mode: 'manual' });
		fal.options.jobTime = 1;
		expect([error, completed.length]).toEqual([undefined, 2]);
		expect(say.mock.calls.length).toBeGreaterThan(1);
	});

	it('connections that can’t be told', async () => {
		jest.spyOn(ExecuteContext.prototype, 'getChildNodes').mockImplementation(fails);
		const { error, failed } = await run([{ prompt: 'forbidden' }]);
		expect([error, failed.length]).toEqual([undefined, 1]);
	});
});

describe('Include Input Fields', () => {
	const items = [
		{ prompt: 'a', row: 7, error: 'of an earlier run', request_id: 'old', status: 'old' },
		{ prompt: 'forbidden', row: 8, output: 'of an earlier run' },
	];

	it('keeps the fields of the item on both outputs, without those of an earlier job', async () => {
		const { completed, failed } = await run(items, {
			parameters: { options: { includeInputFields: true } },
		});
		const [good] = completed;
		expect(good!.json).toMatchObject({ prompt: 'a', row: 7, status: 'COMPLETED', attempts: 1 });
		expect(good!.json).not.toHaveProperty('error');
		expect(good!.json.request_id).not.toBe('old');
		expect(good!.pairedItem).toEqual({ item: 0 });
		expect(failed[0]!.json).toMatchObject({ row: 8, error: { outcome: 'failed' } });
		expect(failed[0]!.json).not.toHaveProperty('output');
	});

	it('is off unless asked for', async () => {
		const { completed } = await run(items);
		expect(completed[0]!.json).not.toHaveProperty('row');
	});

	it('does the same in Fal Queue Status', async () => {
		const submitted = await run([items[0]!], {
			parameters: { operation: 'submit', options: { includeInputFields: true } },
		});
		const { outputs } = await run([submitted.completed[0]!.json], {
			node: 'Fal Queue Status',
			parameters: { operation: 'wait', options: { includeInputFields: true } },
		});
		expect(outputs[0]![0]!.json).toMatchObject({ row: 7, status: 'COMPLETED' });
	});
});

it('a stop is told in the log: what was paid for, and how to get it', async () => {
	fal.options.jobTime = ({ input }) => (Object(input).prompt === 'prompt 0' ? 10 : 600_000);
	const { outcome, stop } = startNode({ items: prompts(3), credential: localFal() });
	await until(() => fal.calls.some(({ kind, status }) => kind === 'result' && status === 200));
	// The node reads it yet.
	await new Promise((resolve) => setTimeout(resolve, 300));
	stop();
	await outcome;
	await until(() => readLog().includes('Fal Batch was stopped'));
	fal.options.jobTime = 1;
	expect(readLog()).toMatch(
		/Fal Batch was stopped: 1 of 3 items were completed and paid for\. .*Reuse Recent Requests/,
	);
});

it('an address where nobody listens is thrown with what to check', async () => {
	const putClockRight = runClockFaster(30);
	const { error } = await run(prompts(1), {
		credential: { apiKey: 'local:key', baseUrl: NOWHERE },
	}).finally(putClockRight);
	expect(error).toMatchObject({
		name: 'NodeOperationError',
		message: expect.stringContaining('The item was not submitted: fal could not be reached'),
		description: expect.stringContaining('Check fal’s status page'),
	});
});
