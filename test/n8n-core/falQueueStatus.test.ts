/** Fal Queue Status as n8n runs it: the built node in n8n's real engine, against the local fal over sockets. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { runNode } from './runNode';

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 10 });
});
afterAll(async () => await fal.close());
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

function lookAfter(items: IDataObject[], parameters: INodeParameters) {
	return runNode({ node: 'Fal Queue Status', items, parameters, credential: credential() });
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `prompt ${i}`);
const places = (items: Array<{ pairedItem?: unknown }>) =>
	items.map(({ pairedItem }) => Object(pairedItem).item);

describe('Check', () => {
	it('takes what Submit gives out, and sorts done, failed and pending requests', async () => {
		fal.options.accountConcurrency = 3;
		fal.options.jobTime = ({ input }) =>
			['a', 'forbidden'].includes(Object(input).prompt) ? 10 : 600_000;
		const handles = await submit(['a', 'forbidden', 'c', 'd', 'e', 'f']);
		await new Promise((resolve) => setTimeout(resolve, 300));
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
		await new Promise((resolve) => setTimeout(resolve, 120));
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
		await new Promise((resolve) => setTimeout(resolve, 150));
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
		const { outputs } = await lookAfter(handles, { operation: 'wait', maxWait: 0.01 });
		expect(outputs.map(({ length }) => length)).toEqual([0, 0, 2]);
		expect(outputs[2]![0]!.json).toMatchObject({ status: 'IN_PROGRESS' });
		expect(fal.counts().calls.cancel).toBe(0);
	});

	it('on 500 requests at once keeps to its concurrency and to the polling goal', async () => {
		fal.options.jobTime = () => 10_000;
		const handles = await submit(numbered(500), { concurrency: 40 });
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
		expect(outputs.map(({ length }) => length)).toEqual([500, 0, 0]);
		expect(peak).toBeLessThanOrEqual(15);
		process.stderr.write(`Wait on 500 requests: ${requests / 500} requests each\n`);
		// With the submit, design section 9 allows 8 for jobs of a minute.
		expect(requests / 500).toBeLessThanOrEqual(7);
	});
});

describe('Cancel', () => {
	it('gives each request to the right output, with fal’s answer', async () => {
		fal.options.accountConcurrency = 1;
		fal.options.jobTime = ({ input }) => (Object(input).prompt === 'quick' ? 10 : 600_000);
		const handles = await submit(['quick', 'running', 'queued'], { concurrency: 1 });
		await new Promise((resolve) => setTimeout(resolve, 100));
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
