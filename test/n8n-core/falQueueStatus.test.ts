/** Fal Queue Status as n8n runs it: the built node in n8n's real engine, against the local fal over sockets. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type Job, type LocalFal, startLocalFal } from '../local-fal';
import { howMany } from '../long';
import { until } from '../until';
import { runClockFaster } from './quickClock';
import { runNode } from './runNode';

const SPEED = 10;
/** To be waited for at once. */
const REQUESTS = howMany('REQUESTS', { quick: 150, long: 500 });

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: SPEED });
});
afterAll(async () => await fal.close());

// As much faster as the local fal.
let stopHurrying = () => {};
beforeEach(() => (stopHurrying = runClockFaster(SPEED)));
afterEach(() => stopHurrying());

beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, jobTime: 1, resultExpiry: Infinity });
});

const credential = () => ({ apiKey: 'local:key', baseUrl: fal.baseUrl });

async function submit(prompts: string[], parameters: INodeParameters = {}): Promise<IDataObject[]> {
	const { completed } = await runNode({
		items: prompts.map((prompt) => ({ prompt })),
		parameters: { operation: 'submit', ...parameters },
		credential: credential(),
	});
	return completed.map(({ json }) => json);
}

function lookAfter(
	items: IDataObject[],
	parameters: INodeParameters,
	connectedOutputs: readonly number[] = [],
) {
	const node = 'Fal Queue Status';
	return runNode({ node, items, parameters, connectedOutputs, credential: credential() });
}

/** Waits until so many jobs, and no more, are open. */
async function untilOpen(open: number) {
	const isEnded = ({ progress }: Pick<Job, 'progress'>) => progress.status === 'COMPLETED';
	await until(() => [...fal.jobs.values()].filter(isEnded).length === fal.jobs.size - open);
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `prompt ${i}`);
const places = (items: Array<{ pairedItem?: unknown }>) =>
	items.map(({ pairedItem }) => Object(pairedItem).item);

describe('Check', () => {
	it('takes what Submit gives out, and sorts done, failed and pending requests', async () => {
		fal.options.accountConcurrency = 3;
		fal.options.jobTime = ({ input }) =>
			['a', 'forbidden'].includes(Object(input).prompt) ? 10 : 600_000;
		// In this order: the last one is what waits.
		const handles = await submit(['a', 'forbidden', 'c', 'd', 'e', 'f'], { concurrency: 1 });
		await untilOpen(4);
		const { outputs } = await lookAfter(handles, { operation: 'check' });
		const [completed, failed, pending] = outputs;
		expect(places(completed!)).toEqual([0]);
		expect(completed![0]!.json).toMatchObject({
			request_id: handles[0]!.request_id,
			model: 'fal-ai/flux/schnell',
			status: 'COMPLETED',
			output: { prompt: 'a' },
		});
		expect(places(failed!)).toEqual([1]);
		expect(failed![0]!.json.error).toMatchObject({
			type: 'content_policy_violation',
			status_code: 422,
		});
		expect(places(pending!)).toEqual([2, 3, 4, 5]);
		expect(pending![0]!.json).toMatchObject({ status: 'IN_PROGRESS' });
		expect(pending!.at(-1)!.json).toMatchObject({ status: 'IN_QUEUE', queue_position: 0 });
	});

	it('one bad item among good ones fails alone, with the reason', async () => {
		const [good] = await submit(['a']);
		await untilOpen(0);
		const bad = [
			{ request_id: '', model: good!.model },
			{ request_id: '../../admin', model: good!.model },
			{ request_id: good!.request_id, model: 'no id' },
			{ request_id: '00000000-0000-4000-8000-000000000000', model: good!.model },
			{ request_id: good!.request_id, model: 'fal-ai/kling-video/v2/master/text-to-video' },
		];
		const { outputs } = await lookAfter([good!, ...bad], { operation: 'check' });
		const [completed, failed, pending] = outputs;
		expect([places(completed!), places(failed!), pending]).toEqual([[0], [1, 2, 3, 4, 5], []]);
		expect(failed!.map(({ json }) => Object(json.error).message)).toEqual([
			expect.stringContaining('There is no request ID'),
			expect.stringContaining('is not a request ID'),
			expect.stringContaining('is not a model ID'),
			expect.stringContaining('fal does not know this request'),
			expect.stringContaining('fal does not know this request'),
		]);
	});

	it('a result that has expired is told as such, and not as a failure of the job', async () => {
		const handles = await submit(['a']);
		fal.options.resultExpiry = 1;
		await untilOpen(0);
		await new Promise((resolve) => setTimeout(resolve, 10));
		const { outputs } = await lookAfter(handles, { operation: 'check' });
		expect(outputs[1]![0]!.json.error).toMatchObject({ outcome: 'unknown', status_code: 404 });
	});

	it('when fal can’t be asked, nothing is called failed', async () => {
		const handles = await submit(['a']);
		fal.schedule({ call: 'status', answer: { status: 503 } });
		const { outputs } = await lookAfter(handles, { operation: 'check' });
		expect(outputs[2]![0]!.json).toMatchObject({
			request_id: handles[0]!.request_id,
			error: { type: 'not_seen', outcome: 'unknown' },
		});
	});
});

describe('Wait', () => {
	it('gives the results of all when they are done, linked to their items', async () => {
		const handles = await submit(numbered(30).with(7, 'forbidden'));
		const { outputs } = await lookAfter(handles, { operation: 'wait' });
		expect(outputs.map(({ length }) => length)).toEqual([29, 1, 0]);
		expect(outputs[0]!.map(({ json }) => Object(json.output).prompt)).toEqual(
			numbered(30).filter((_, i) => i !== 7),
		);
	});

	it('gives out what is not done when Max Wait is over', async () => {
		fal.options.jobTime = () => 600_000;
		const handles = await submit(['a', 'b']);
		const { outputs } = await lookAfter(handles, { operation: 'wait', maxWait: 0.04 });
		expect(outputs.map(({ length }) => length)).toEqual([0, 0, 2]);
		expect(outputs[2]![0]!.json).toMatchObject({ status: 'IN_PROGRESS' });
		expect(fal.counts().calls.cancel).toBe(0);
	});

	it(`on ${REQUESTS} requests at once keeps to its concurrency and to the polling goal`, async () => {
		// A look takes as long as it takes: on a quick clock each one comes late.
		stopHurrying();
		fal.options.jobTime = () => 10_000;
		const handles = await submit(numbered(REQUESTS), { concurrency: 40 });
		let now = 0;
		let peak = 0;
		const end = fal.schedule({
			call: 'status',
			where: () => {
				peak = Math.max(peak, ++now);
				setImmediate(() => now--);
				return false;
			},
			answer: 'hang',
		});
		const before = fal.counts().calls;
		const { outputs } = await lookAfter(handles, {
			operation: 'wait',
			options: { concurrency: 15 },
		});
		end();
		const after = fal.counts().calls;
		const requests = after.status - before.status + (after.result - before.result);
		expect(outputs.map(({ length }) => length)).toEqual([REQUESTS, 0, 0]);
		expect(peak).toBeLessThanOrEqual(15);
		process.stderr.write(`Wait on ${REQUESTS} requests: ${requests / REQUESTS} requests each\n`);
		// With the submit, design section 9 allows 8 for jobs of a minute.
		expect(requests / REQUESTS).toBeLessThanOrEqual(7);
	});
});

describe('the hint', () => {
	const bad = { request_id: '?', model: 'a/b' };

	it('begins with how many are on which output, and why', async () => {
		fal.options.jobTime = ({ input }) => (Object(input).prompt === 'slow' ? 600_000 : 10);
		const handles = await submit(['quick', 'slow', 'forbidden']);
		const { hints } = await lookAfter(
			[...handles, bad],
			{ operation: 'wait', maxWait: 0.05 },
			[0, 1, 2],
		);
		expect(hints).toEqual([
			'1 of 4 completed, 2 on Failed: 1 × content_policy_violation, 1 × invalid_request_id (unknown); 1 on Pending: IN_PROGRESS.',
		]);
	});

	it('says when nobody looks after what is pending', async () => {
		fal.options.jobTime = () => 600_000;
		const { hints } = await lookAfter(await submit(['a']), { operation: 'check' }, [0, 1]);
		expect(hints[0]).toMatch(
			/^0 of 1 completed, 1 on Pending: IN_PROGRESS\. Nothing is connected to the output Pending/,
		);
	});

	it('of Cancel counts what was cancelled', async () => {
		const { hints } = await lookAfter([bad], { operation: 'cancel' });
		expect(hints[0]).toMatch(
			/^0 of 1 cancelled, 1 on Not Cancelled: invalid_request_id \(unknown\)\. "\?" is not a request ID\./,
		);
	});

	it('of Wait for Webhooks says which items have nothing to wait for', async () => {
		const handles = await submit(['a']);
		const { hints } = await lookAfter([...handles, bad], { operation: 'waitForWebhooks' });
		expect(hints[0]).toMatch(/^For 1 of 2 items there is nothing to wait for: "\?" is not/);
	});
});

it('a Request ID whose expression fails is named as that, and costs the others nothing', async () => {
	const handles = await submit(['a', 'b']);
	const requestId = '={{ $itemIndex === 0 ? $("No Such Node").item.json.id : $json.request_id }}';
	const { outputs } = await lookAfter(handles, { operation: 'wait', requestId });
	expect(outputs.map(({ length }) => length)).toEqual([1, 1, 0]);
	expect(outputs[1]![0]!.json).toMatchObject({
		model: handles[0]!.model,
		error: { type: 'invalid_request_id', message: expect.stringContaining('Give the request_id') },
	});
});

it('a Model whose expression fails keeps the request ID', async () => {
	const handles = await submit(['a']);
	const model = '={{ $("No Such Node").item.json.model }}';
	const { outputs } = await lookAfter(handles, { operation: 'wait', model });
	expect(outputs[1]![0]!.json).toMatchObject({
		request_id: handles[0]!.request_id,
		error: { type: 'invalid_model' },
	});
});

describe('Cancel', () => {
	it('gives each request to the right output, with fal’s answer', async () => {
		fal.options.accountConcurrency = 1;
		fal.options.jobTime = ({ input }) => (Object(input).prompt === 'quick' ? 10 : 600_000);
		const handles = await submit(['quick', 'running', 'queued'], { concurrency: 1 });
		await untilOpen(2);
		const unknown = {
			request_id: '00000000-0000-4000-8000-000000000000',
			model: handles[0]!.model,
		};
		const { outputs } = await lookAfter([...handles, unknown, { request_id: '?', model: 'a/b' }], {
			operation: 'cancel',
		});
		const [cancelled, not] = outputs;
		expect(cancelled!.map(({ json }) => json.status)).toEqual(
			Array(2).fill('CANCELLATION_REQUESTED'),
		);
		expect(places(cancelled!)).toEqual([1, 2]);
		expect(places(not!)).toEqual([0, 3, 4]);
		expect(not!.map(({ json }) => json.status)).toEqual([
			'ALREADY_COMPLETED',
			'NOT_FOUND',
			undefined,
		]);
	});
});
