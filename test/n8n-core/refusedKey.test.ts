/** Fal Queue Status with a key that fal refuses: nothing is known of jobs that run, and nothing is invented. */
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { readLog } from './environment';
import { runClockFaster } from './quickClock';
import { runNode } from './runNode';

let fal: LocalFal;
let putClockRight: () => void;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 10 });
	// A refusal is asked about once more, ten seconds later.
	putClockRight = runClockFaster(10);
});
afterAll(async () => {
	putClockRight();
	await fal.close();
});
beforeEach(() => {
	fal.reset();
	fal.options.jobTime = 1;
});

async function submit(count: number, parameters: INodeParameters = {}): Promise<IDataObject[]> {
	const { completed } = await runNode({
		items: Array.from({ length: count }, (_, i) => ({ prompt: `prompt ${i}` })),
		parameters: { operation: 'submit', ...parameters },
		credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
	});
	return completed.map(({ json }) => json);
}

function lookAfter(
	items: IDataObject[],
	parameters: INodeParameters,
	settings: Partial<INode> = {},
	apiKey = 'wrong:key',
) {
	const credential = { apiKey, baseUrl: fal.baseUrl };
	return runNode({ node: 'Fal Queue Status', items, parameters, credential, settings });
}

const OPERATIONS = ['check', 'wait', 'cancel', 'waitForWebhooks'];
const CONTINUE = { onError: 'continueErrorOutput' } as const;
const bad = { request_id: '?', model: 'fal-ai/flux/dev' };
const ids = (items: Array<{ json: IDataObject }>) => items.map(({ json }) => json.request_id);

it.each(OPERATIONS)('%s throws: its input still has every request', async (operation) => {
	fal.options.jobTime = () => 600_000;
	const handles = await submit(3);
	const { error, outputs, run } = await lookAfter(handles, { operation });
	expect(outputs).toEqual([]);
	expect(run.status).toBe('error');
	expect(error).toMatchObject({
		httpCode: '401',
		message: expect.stringMatching(
			/^fal did not let any of 3 requests be asked about: No user found.* Check the API Key/,
		),
		description: expect.stringContaining('The jobs themselves go on at fal'),
	});
});

it.each([
	['check', [[], [bad.request_id]]],
	['wait', [[], [bad.request_id]]],
])('%s with On Error "Continue": unfinished requests on Pending', async (operation, before) => {
	fal.options.jobTime = () => 600_000;
	const handles = await submit(2);
	const { outputs } = await lookAfter([...handles, bad], { operation }, CONTINUE);
	// The last one is n8n's own error output.
	expect(outputs.map(ids)).toEqual([...before, handles.map(({ request_id: id }) => id), []]);
	expect(outputs[2]![0]!.json.error).toMatchObject({ outcome: 'unknown', retryable: true });
});

it('Cancel with On Error "Continue": all on Not Cancelled', async () => {
	const handles = await submit(2);
	const { outputs } = await lookAfter([...handles, bad], { operation: 'cancel' }, CONTINUE);
	expect(outputs.map(({ length }) => length)).toEqual([0, 3, 0]);
});

it('Wait for Webhooks with On Error "Continue": gives the handles, and does not park', async () => {
	const handles = await submit(2);
	const settings = { onError: 'continueRegularOutput' } as const;
	const { outputs, run, hints } = await lookAfter(
		handles,
		{ operation: 'waitForWebhooks' },
		settings,
	);
	expect(ids(outputs[0]!)).toEqual(handles.map(({ request_id: id }) => id));
	expect(outputs[0]![0]!.json).not.toHaveProperty('error');
	expect(run.waitTill).toBeUndefined();
	expect(hints[0]).toContain('fal did not let any of 2 requests');
	expect(readLog()).toContain('the execution was not parked');
});

it('a figure that can’t be used, with On Error "Continue": unfinished requests on Pending', async () => {
	const handles = await submit(2);
	const parameters = { operation: 'check', options: { concurrency: 0 } };
	const settings = { onError: 'continueRegularOutput' } as const;
	const { outputs } = await lookAfter(handles, parameters, settings, 'local:key');
	expect(outputs.map(({ length }) => length)).toEqual([0, 0, 2]);
	expect(Object(outputs[2]![0]!.json.error).message).toContain('Concurrency must be');
});

it('a key that is refused meanwhile leaves what was read, and the rest on Pending', async () => {
	const handles = await submit(3);
	await until(() => fal.counts().jobs.completed === 3);
	const refused = handles[1]!.request_id;
	fal.schedule({
		call: 'status',
		where: ({ requestId }) => requestId === refused,
		answer: { status: 401, body: { detail: 'No user found for Key ID and Secret' } },
	});
	const { error, outputs } = await lookAfter(handles, { operation: 'check' }, {}, 'local:key');
	expect(error).toBeUndefined();
	expect(outputs.map(({ length }) => length)).toEqual([2, 0, 1]);
	expect(ids(outputs[2]!)).toEqual([refused]);
});

it('a request of an endpoint that is closed to the key is on Failed, when others can be read', async () => {
	const handles = await submit(2);
	const [closed] = await submit(1, {
		model: { __rl: true, mode: 'id', value: 'workflows/acme/poster' },
	});
	await until(() => fal.counts().jobs.completed === 3);
	fal.schedule({
		call: 'status',
		where: ({ requestId }) => requestId === closed!.request_id,
		answer: { status: 403, body: { detail: 'Cannot access application' } },
	});
	const items = [...handles, closed!];
	const { outputs } = await lookAfter(items, { operation: 'check' }, {}, 'local:key');
	expect(outputs.map(({ length }) => length)).toEqual([2, 1, 0]);
	expect(outputs[1]![0]!.json.error).toMatchObject({ outcome: 'unknown', status_code: 403 });
});

it('an item that is wrong in itself keeps the request ID that it came with', async () => {
	const [handle] = await submit(1);
	const item = { ...handle!, model: 'no id' };
	const { outputs } = await lookAfter([item], { operation: 'check' }, CONTINUE, 'local:key');
	expect(outputs.map(({ length }) => length)).toEqual([0, 1, 0, 0]);
	expect(outputs[1]![0]!.json.request_id).toBe(handle!.request_id);
});
