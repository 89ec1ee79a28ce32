/** Both nodes as tools of an AI Agent, as n8n 2.41 runs them: what the agent reads, and whether it would pay again. */
import type { IDataObject } from 'n8n-workflow';
import { NodeHelpers, traverseNodeParameters } from 'n8n-workflow';
import type { FalBatch } from '../../nodes/FalBatch/FalBatch.node';
import type { FalQueueStatus } from '../../nodes/FalQueueStatus/FalQueueStatus.node';
import { type LocalFal, startLocalFal } from '../local-fal';
import { asTool } from './asTool';
import { built } from './engineStandIn';
import { runClockFaster } from './quickClock';
import { type NodeRun, runNode } from './runNode';

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 10 });
});
afterAll(async () => await fal.close());
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, jobTime: 1, exhaustedBalance: false });
});

let stopHurrying = () => {};
afterEach(() => stopHurrying());

const call = (input: IDataObject, rest: Partial<NodeRun> = {}) =>
	runNode({
		items: [input],
		asTool: true,
		credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
		...rest,
	});
const RETRY = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

describe('Fal Batch as a tool', () => {
	it('gives a picture’s link on the one output', async () => {
		const { outputs } = await call({ prompt: 'a fox' });
		expect(outputs).toHaveLength(1);
		expect(outputs[0]![0]!.json).toMatchObject({
			status: 'COMPLETED',
			output: { images: [{ url: expect.stringContaining('http') }] },
		});
	});

	it('a refused prompt arrives in words to act on, and is not generated twice', async () => {
		const { outputs, runs } = await call({ prompt: 'forbidden' }, { settings: RETRY });
		expect([outputs.length, runs, fal.counts().jobs.accepted]).toEqual([1, 1, 1]);
		const { json } = outputs[0]![0]!;
		expect(json).not.toHaveProperty('error');
		expect(json).toMatchObject({
			request_id: expect.any(String),
			outcome: 'failed',
			reason: 'content_policy_violation',
			message: expect.stringMatching(
				/flagged by a content checker\. Do not call again for this prompt: /,
			),
		});
	});

	it('a job of unknown fate says not to call again', async () => {
		fal.schedule({ call: 'submit', answer: 'reset_after' });
		const { outputs } = await call({ prompt: 'a' }, { settings: RETRY });
		expect(fal.counts().jobs.accepted).toBe(1);
		expect(outputs[0]![0]!.json).toMatchObject({
			outcome: 'unknown',
			message: expect.stringContaining('Do not call again for this prompt: the job may be running'),
		});
	});

	it('a job that timed out names the request ID to look after', async () => {
		fal.options.jobTime = () => 600_000;
		const options = { itemTimeout: 1, onTimeout: 'leave' };
		const { outputs } = await call({ prompt: 'a' }, { parameters: { options } });
		const { request_id: id, message } = outputs[0]![0]!.json;
		expect(message).toContain(`Tell the user its request ID ${id}.`);
	});

	it('a missing prompt says to correct the input, and that nothing was billed', async () => {
		const { outputs } = await call({ text: 'a fox' });
		expect(outputs[0]![0]!.json).toMatchObject({
			outcome: 'not_submitted',
			message: expect.stringMatching(
				/has nothing in it.*Nothing was generated or billed\. .*correct it/,
			),
		});
	});

	it('a transient failure may be tried once more', async () => {
		fal.schedule({ job: 'internal_server_error', needsRetry: true });
		// The status told of success: what contradicts it is believed after minutes.
		stopHurrying = runClockFaster(30);
		const { outputs } = await call({ prompt: 'a' }, { parameters: { retryBudget: 0 } });
		expect(outputs[0]![0]!.json.message).toContain('It may be tried once more.');
	});

	it('a refused key is thrown in words that are enough by themselves', async () => {
		fal.options.exhaustedBalance = true;
		const { error, outputs } = await call({ prompt: 'a' });
		// n8n gives an agent the message of an error, and nothing else of it.
		expect(outputs[0]![0]!.json).toEqual({ error: error?.message });
		expect(error?.message).toMatch(/Exhausted balance.*Do not call this tool again; tell the user/);
	});

	it('a parameter that can’t be used is thrown with what the agent is to do, too', async () => {
		const { error } = await call({ prompt: 'a' }, { parameters: { concurrency: 0 } });
		expect(error?.message).toMatch(
			/but it is 0\. Nothing was generated.*Do not call this tool again/,
		);
	});

	it('Submit says that the job is under way, and is not to be submitted again', async () => {
		const { outputs } = await call({ prompt: 'a' }, { parameters: { operation: 'submit' } });
		expect(outputs[0]![0]!.json).toMatchObject({
			status: 'IN_QUEUE',
			message: expect.stringContaining('Do not call again for this prompt.'),
		});
	});
});

describe('Fal Queue Status as a tool', () => {
	const look = (handle: IDataObject, operation = 'check') =>
		call(handle, { node: 'Fal Queue Status', parameters: { operation } });

	it('what is not done says so, and not to generate it again', async () => {
		fal.options.jobTime = () => 600_000;
		const { outputs: submitted } = await call(
			{ prompt: 'a' },
			{ parameters: { operation: 'submit' } },
		);
		const { outputs } = await look(submitted[0]![0]!.json);
		expect(outputs).toHaveLength(1);
		expect(outputs[0]![0]!.json).toMatchObject({
			status: 'IN_PROGRESS',
			message: expect.stringContaining('do not generate it again'),
		});
	});

	it('an unknown request says that nothing more can be learned', async () => {
		stopHurrying = runClockFaster(30);
		const handle = { request_id: '00000000-0000-4000-8000-000000000000', model: 'fal-ai/flux/dev' };
		const { outputs } = await look(handle);
		expect(outputs[0]![0]!.json).toMatchObject({
			outcome: 'unknown',
			message: expect.stringContaining('Do not look again'),
		});
	});

	it('fal that does not answer is no end: to look again is told, to generate again is not', async () => {
		fal.schedule({ call: 'status', answer: { status: 503 } });
		stopHurrying = runClockFaster(30);
		const handle = { request_id: '00000000-0000-4000-8000-000000000000', model: 'fal-ai/flux/dev' };
		const { outputs } = await look(handle);
		expect(outputs[0]![0]!.json.message).toContain('Look again later; do not generate it again.');
	});

	it('a request that can’t be cancelled because fal does not know it says so', async () => {
		const handle = { request_id: '00000000-0000-4000-8000-000000000000', model: 'fal-ai/flux/dev' };
		const { outputs } = await look(handle, 'cancel');
		expect(outputs[0]![0]!.json).toMatchObject({
			status: 'NOT_FOUND',
			message: expect.stringContaining('Do not try again'),
		});
	});

	it('a parameter that can’t be used is thrown with what the agent is to do, too', async () => {
		const handle = { request_id: '00000000-0000-4000-8000-000000000000', model: 'fal-ai/flux/dev' };
		const { error } = await call(handle, {
			node: 'Fal Queue Status',
			parameters: { options: { concurrency: 0 } },
		});
		expect(error?.message).toMatch(/but it is 0\. The job goes on at fal\. Do not generate again/);
	});

	it('refuses to park the agent’s execution', async () => {
		const handle = { request_id: '00000000-0000-4000-8000-000000000000', model: 'fal-ai/flux/dev' };
		const { error } = await look(handle, 'waitForWebhooks');
		expect(error?.message).toContain('Wait for Webhooks can’t be used by an AI Agent');
	});
});

describe('what the agent and its builder see', () => {
	const batch = asTool(
		new (built<{ FalBatch: typeof FalBatch }>('nodes/FalBatch/FalBatch.node.js').FalBatch)(),
	);
	const status = asTool(
		new (built<{ FalQueueStatus: typeof FalQueueStatus }>(
			'nodes/FalQueueStatus/FalQueueStatus.node.js',
		).FalQueueStatus)(),
	);
	const toolOf = (type: typeof batch) => {
		const { description } = type;
		const parameters = NodeHelpers.getNodeParameters(
			description.properties,
			{},
			true,
			false,
			{ typeVersion: 1 },
			description,
		);
		return { type, parameters: parameters ?? {} };
	};

	it.each([
		['Fal Batch', batch, /costs money.*never again for a prompt/],
		['Fal Queue Status', status, /free and generates nothing.*do not generate it again/],
	])('%s has a description for the agent, not the one of the panel', (name, type, words) => {
		const { parameters } = toolOf(type);
		const node = { id: '1', name, type: 'tool', typeVersion: 1, position: [0, 0], parameters };
		expect(NodeHelpers.getToolDescriptionForNode(node as never, type)).toMatch(words);
	});

	it.each([
		['Fal Batch', batch, [['prompt', 'string']]],
		[
			'Fal Queue Status',
			status,
			[
				['request_id', 'string'],
				['model', 'string'],
			],
		],
	])(
		'%s asks the agent for what it needs, without anything being written in it',
		(_, type, asked) => {
			const found: Parameters<typeof traverseNodeParameters>[1] = [];
			traverseNodeParameters(toolOf(type).parameters, found);
			expect(found.map(({ key, type: kind }) => [key, kind])).toEqual(asked);
			for (const { description } of found) expect(description).toMatch(/\w+ \w+/);
		},
	);

	it('Wait for Webhooks and Include Input Fields are hidden, everything else is not', () => {
		const shownIn = ({ type, parameters }: ReturnType<typeof toolOf>) => {
			const node = { typeVersion: 1 };
			const { description } = type;
			const isShown = (entry: object) =>
				NodeHelpers.displayParameter(parameters, entry as never, node, description);
			const property = (wanted: string) =>
				description.properties.find((entry) => entry.name === wanted && isShown(entry));
			return ['operation', 'options'].flatMap((wanted) =>
				(property(wanted)?.options ?? []).filter(isShown).map(({ name }) => name),
			);
		};
		expect(shownIn(toolOf(status))).toEqual(expect.arrayContaining(['Cancel', 'Check', 'Wait']));
		expect(shownIn(toolOf(status))).not.toContain('Wait for Webhooks');
		expect(shownIn(toolOf(batch))).toEqual(expect.arrayContaining(['Run', 'Submit']));
		expect(shownIn(toolOf(batch))).not.toContain('includeInputFields');
	});
});
