import { readPlan } from '../../nodes/FalBatch/parameters';
import { fakeNode } from '../n8n/fakeNode';

type Parameters = Readonly<Record<string, unknown>>;

const GOOD = { operation: 'run', model: 'fal-ai/flux/dev', input: { prompt: 'a fox' } };

/** Each of the items differs from a good one in what is given for it. */
async function plan(...items: Parameters[]) {
	const parameters = items.map((item) => ({ ...GOOD, ...item }));
	return await readPlan(fakeNode({ parameters }), items.length);
}

const settingsWith = async (parameters: Parameters) => (await plan(parameters)).settings;
const withOptions = async (options: Parameters) => await plan({ options });

describe('the settings of the batch', () => {
	it('have defaults for what is not set', async () => {
		expect(await settingsWith({})).toEqual({
			follow: true,
			concurrency: 10,
			retryBudget: 4,
			itemTimeout: 3_600_000,
			cancelAbandoned: true,
			onUnknownSubmit: 'report',
			reuseWithin: 0,
			includeLogs: false,
			pollBounds: { min: 500, max: 30_000 },
		});
	});

	it('are those of the first item', async () => {
		expect((await plan({ concurrency: 3 }, { concurrency: 7 })).settings.concurrency).toBe(3);
	});

	it('take seconds and hours, and make milliseconds of them', async () => {
		const options = {
			itemTimeout: 1.5,
			reuseRecentRequests: 0.5,
			minPollInterval: 0.2,
			maxPollInterval: 60,
		};
		expect(await settingsWith({ options })).toMatchObject({
			itemTimeout: 1_500,
			reuseWithin: 1_800_000,
			pollBounds: { min: 200, max: 60_000 },
		});
	});

	it('take a number that an expression gave as text', async () => {
		expect(await settingsWith({ concurrency: '25', retryBudget: ' 3 ' })).toMatchObject({
			concurrency: 25,
			retryBudget: 3,
		});
	});

	it('follow nothing in Submit', async () => {
		expect((await settingsWith({ operation: 'submit' })).follow).toBe(false);
	});

	it.each([
		['a fifth of the items', 100, 20],
		['4 at least', 3, 4],
	])('have a Retry Budget of %s when none is given', async (_, items, budget) => {
		const node = fakeNode({ parameters: [{ ...GOOD, retryBudget: -1 }] });
		expect((await readPlan(node, items)).settings.retryBudget).toBe(budget);
	});

	it('may have no Retry Budget at all', async () => {
		expect((await settingsWith({ retryBudget: 0 })).retryBudget).toBe(0);
	});

	it.each([
		['leave', false],
		['cancel', true],
		['something else', true],
	])('On Timeout or Stop: %s', async (onTimeout, cancelAbandoned) => {
		expect((await withOptions({ onTimeout })).settings.cancelAbandoned).toBe(cancelAbandoned);
	});

	// What may be paid twice is done on the very word only.
	it.each([
		['lookUp', 'lookUp'],
		['submitAgain', 'submitAgain'],
		['report', 'report'],
		['SubmitAgain', 'report'],
		[true, 'report'],
	])('On Unknown Submit: %s', async (onUnknownSubmit, understood) => {
		expect((await withOptions({ onUnknownSubmit })).settings.onUnknownSubmit).toBe(understood);
	});

	it.each([
		['Concurrency', 'whole number from 1 up', { concurrency: 0 }],
		['Concurrency', 'whole number from 1 up', { concurrency: 1.5 }],
		['Concurrency', 'whole number from 1 up', { concurrency: '' }],
		['Retry Budget', 'whole number from -1 up', { retryBudget: -2 }],
		['Item Timeout', 'number from 1 to 2592000', { options: { itemTimeout: 0.5 } }],
		['Item Timeout', 'number from 1 to 2592000', { options: { itemTimeout: 2_592_001 } }],
		['Reuse Recent Requests', 'number from 0 to 720', { options: { reuseRecentRequests: 721 } }],
		['Max Poll Interval', 'number from 1 to 3600', { options: { maxPollInterval: 0 } }],
		['Min Poll Interval', 'number from 0.1 to 3600', { options: { minPollInterval: 0 } }],
	])('are refused where %s is no %s: %j', async (label, range, parameters: Parameters) => {
		await expect(plan(parameters)).rejects.toThrow(`${label} must be a ${range}, but it is`);
	});

	it('that are refused say that nothing was sent', async () => {
		await expect(plan({ concurrency: 0 })).rejects.toThrow(
			expect.objectContaining({
				description: 'Change Concurrency in the node. Nothing was sent to fal.',
			}),
		);
	});

	it('survive options that are none', async () => {
		expect((await settingsWith({ options: 'none' })).itemTimeout).toBe(3_600_000);
	});
});

describe('a job', () => {
	it('is made of each item, in their order', async () => {
		const { jobs, rejected } = await plan(
			{ input: { prompt: 'a' } },
			{ input: { prompt: 'b' }, model: 'workflows/me/mine' },
		);
		expect(jobs).toEqual([
			{
				itemIndex: 0,
				submission: { model: 'fal-ai/flux/dev', input: { prompt: 'a' }, conditions: {} },
			},
			{
				itemIndex: 1,
				submission: { model: 'workflows/me/mine', input: { prompt: 'b' }, conditions: {} },
			},
		]);
		expect(rejected).toEqual([]);
	});

	it('takes its input as JSON text, too, with all digits of a seed', async () => {
		const [job] = (await plan({ input: '{ "prompt": "a", "seed": 196619188014358660 }' })).jobs;
		const digits = JSON.stringify(job!.submission.input).replaceAll('"', '');
		expect(digits).toBe('{prompt:a,seed:196619188014358660}');
	});

	it('takes the conditions of its own item', async () => {
		const { jobs } = await plan({ options: { priority: 'low' } }, {});
		expect(jobs.map(({ submission }) => submission.conditions)).toEqual([{ priority: 'low' }, {}]);
	});

	it('takes every condition that fal knows', async () => {
		const options = {
			webhookUrl: 'https://n8n.example.com/webhook/1?row=2',
			runnerHint: 'lora-7',
			priority: 'low',
			startTimeout: 30,
			noRetry: true,
			storePayloads: false,
			mediaLifecycle: 86_400,
		};
		expect((await withOptions(options)).jobs[0]!.submission.conditions).toEqual({
			webhookUrl: 'https://n8n.example.com/webhook/1?row=2',
			runnerHint: 'lora-7',
			priority: 'low',
			startTimeout: 30,
			noRetry: true,
			storePayloads: false,
			mediaExpiration: 86_400,
		});
	});

	it('takes a switch that an expression gave as text', async () => {
		const given = async (word: string) => {
			const { jobs } = await withOptions({ storePayloads: word, noRetry: word });
			return jobs[0]!.submission.conditions;
		};
		expect(await given('false')).toEqual({ storePayloads: false });
		expect(await given(' True')).toEqual({ noRetry: true });
		expect(await given('')).toEqual({});
	});

	// A word for "no" that is not understood would let fal store what it was not to.
	it('does not submit an item whose switch says neither yes nor no', async () => {
		const { jobs, rejected } = await plan({}, { options: { storePayloads: 'no' } });
		expect(jobs.map(({ itemIndex }) => itemIndex)).toEqual([0]);
		expect(rejected[0]!.failure.message).toBe(
			'Store Payloads must be true or false, but it is "no".',
		);
	});

	it('has no condition where the option is at its default', async () => {
		const options = {
			webhookUrl: '',
			runnerHint: '',
			priority: 'normal',
			startTimeout: 0,
			noRetry: false,
			storePayloads: true,
			mediaLifecycle: 0,
		};
		expect((await withOptions(options)).jobs[0]!.submission.conditions).toEqual({});
	});
});

describe('an item that can’t become a job', () => {
	const rejectedBeside = async (item: Parameters) => (await plan({}, item)).rejected;

	it('is rejected alone, with its model as far as it could be read', async () => {
		const { jobs, rejected } = await plan({}, { input: [1] }, {});
		expect(jobs.map(({ itemIndex }) => itemIndex)).toEqual([0, 2]);
		expect(rejected).toMatchObject([
			{
				itemIndex: 1,
				model: 'fal-ai/flux/dev',
				failure: { type: 'invalid_input', retryable: false },
			},
		]);
	});

	it.each([
		['no model', ''],
		['a model that is no text', null],
		['one part only', 'flux'],
		['the page of another site', 'https://example.com/models/fal-ai/flux'],
	])('has %s', async (_, model) => {
		const [item] = await rejectedBeside({ model });
		expect(item).toEqual({
			itemIndex: 1,
			failure: {
				type: 'invalid_model',
				message: expect.stringMatching(/\w+\. Give a model ID such as "fal-ai\/flux\/dev"/),
				retryable: false,
			},
		});
	});

	it.each([
		['is no JSON', '{ "prompt": "a "fox"" }', /^The Input is not valid JSON: ".*"\. Use an exp/],
		[
			'is a list',
			[1, 2],
			/^The Input must be a JSON object, but it is \[1,2\]\. Use an expression/,
		],
		['is null', 'null', /must be a JSON object, but it is null/],
		['is not there', undefined, /must be a JSON object, but it is undefined/],
		['is long and wrong', 'x'.repeat(500), /^The Input is not valid JSON: "x{79}\.\.\.\. Use/],
	])('has an input that %s', async (_, input, message) => {
		expect((await rejectedBeside({ input }))[0]!.failure.message).toMatch(message);
	});

	it.each([
		['ftp://example.com', /^The Webhook URL must begin with https:\/\/ or http:\/\//],
		['https://', /^The Webhook URL/],
		['localhost:5678', /^The Webhook URL/],
		[7, /^The Webhook URL/],
	])('has the Webhook URL %j', async (webhookUrl, message) => {
		expect((await rejectedBeside({ options: { webhookUrl } }))[0]!.failure.message).toMatch(
			message,
		);
	});

	// It goes into a header.
	it.each(['two\r\nlines', 'näher', 'x'.repeat(257)])(
		'has the Runner Hint %j',
		async (runnerHint) => {
			const [item] = await rejectedBeside({ options: { runnerHint } });
			expect(item!.failure.message).toMatch(/^The Runner Hint may have up to 256 plain/);
		},
	);

	it.each([0.1, -1, 'soon', Number.POSITIVE_INFINITY])(
		'has a Start Timeout of %j',
		async (startTimeout) => {
			const [item] = await rejectedBeside({ options: { startTimeout } });
			expect(item!.failure.message).toMatch(/^The Start Timeout must be more than 0\.1 seconds/);
		},
	);

	it('is rejected also when there is no other', async () => {
		const { jobs, rejected } = await plan({ input: [1] });
		expect([jobs.length, rejected.length]).toEqual([0, 1]);
	});

	it.each([
		['holds itself', endless(), /^The Input can’t be written as JSON: Converting circular/],
		['is nested without end', nested(300), /^The Input is nested more than 200 levels deep/],
		[
			'has empty fields only',
			{ prompt: ' ', seed: null },
			/^The Input has nothing in it: "prompt", "seed" are empty/,
		],
	])('has an input that %s', async (_, input, message) => {
		expect((await rejectedBeside({ input }))[0]!.failure.message).toMatch(message);
	});

	it('is none where there are no items', async () => {
		expect(await readPlan(fakeNode({ parameters: [GOOD] }), 0)).toMatchObject({
			jobs: [],
			rejected: [],
		});
	});
});

function endless(): object {
	const value: Record<string, unknown> = {};
	value.self = value;
	return value;
}

function nested(levels: number): object {
	return levels === 0 ? {} : { deeper: nested(levels - 1) };
}

it('a model that stands in the node and is none is thrown: it concerns all items', async () => {
	await expect(plan({ model: 'flux' }, { model: 'flux' })).rejects.toThrow(
		expect.objectContaining({
			message: expect.stringMatching(/^"flux" is not a model ID\. Give a model ID such as/),
			description: 'Nothing was sent to fal.',
		}),
	);
});

describe('fal’s history, of what fal may not store', () => {
	it.each([
		['On Unknown Submit: Look Up', { onUnknownSubmit: 'lookUp' }],
		['Reuse Recent Requests', { reuseRecentRequests: 1 }],
	])('can’t be used for %s', async (option, options: Parameters) => {
		const unstored = { options: { ...options, storePayloads: false } };
		await expect(plan({ options }, unstored)).rejects.toThrow(
			expect.objectContaining({
				message: `${option} needs Store Payloads`,
				description: expect.stringContaining('Nothing was sent to fal.'),
				context: expect.objectContaining({ itemIndex: 1 }),
			}),
		);
	});

	it('is not asked unless the user wants it', async () => {
		expect((await withOptions({ storePayloads: false })).jobs).toHaveLength(1);
	});

	it('does not matter for items that are not submitted', async () => {
		const options = { onUnknownSubmit: 'lookUp' };
		const item = { input: 'x', options: { ...options, storePayloads: false } };
		expect((await plan({ options }, item)).jobs).toHaveLength(1);
	});
});
