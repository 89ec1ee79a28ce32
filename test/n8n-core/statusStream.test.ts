/** Follow Jobs By: Status Stream, as n8n runs it: the built nodes in n8n's real engine, over sockets. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type FaultyAnswer, type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { runClockFaster } from './quickClock';
import { type NodeRun, runNode, startNode } from './runNode';

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 10 });
});
afterAll(async () => await fal.close());
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, jobTime: () => 3_000 });
});
let slowDown = () => {};
afterEach(() => slowDown());

const FILM = 'fal-ai/kling-video/v2/master/text-to-video';
const prompts = (count: number) => Array.from({ length: count }, (_, i) => ({ prompt: `p ${i}` }));
const streamed = (items: IDataObject[], parameters: INodeParameters = {}): NodeRun => ({
	items,
	credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
	parameters: {
		...parameters,
		options: { followJobsBy: 'statusStream', ...(parameters.options as INodeParameters) },
	},
});
const calls = () => fal.counts().calls;
const lookedAt = () =>
	fal.calls.filter(({ kind }) => kind === 'status').map(({ requestId }) => requestId);

/** No look before the first end, which so is heard of by stream, however slow the machine is. */
const NO_LOOKS = { minPollInterval: 600, maxPollInterval: 600 };

it('a stream in the place of looks: every item comes out, and the hint counts the streams', async () => {
	const { completed, failed, hints } = await runNode(streamed(prompts(12), { options: NO_LOOKS }));
	expect([completed.length, failed.length]).toEqual([12, 0]);
	expect(completed.map(({ json }) => Object(json.output).prompt)).toEqual(
		prompts(12).map(({ prompt }) => prompt),
	);
	expect(calls()).toMatchObject({ submit: 12, status_stream: 12, result: 12 });
	expect(new Set(lookedAt()).size).toBeLessThan(12);
	expect(hints[0]).toContain('12 stream');
	expect(completed[0]!.json.inference_time).toBeGreaterThan(2);
	await until(() => fal.openStreams === 0);
});

it('does not stream unless it was chosen', async () => {
	await runNode({ ...streamed(prompts(2)), parameters: { options: { followJobsBy: 'polling' } } });
	expect(calls().status_stream).toBe(0);
});

it('gives each line of the logs once, and those behind the last look too', async () => {
	fal.options.jobTime = 1;
	const model = { __rl: true, mode: 'id', value: FILM };
	const { completed } = await runNode(
		streamed([{ prompt: 'a' }], { model, options: { includeLogs: true } }),
	);
	const logs = completed[0]!.json.logs as IDataObject[];
	expect(logs.at(-1)).toMatchObject({ message: 'Progress: 100%' });
	expect(new Set(logs.map(({ message }) => message)).size).toBe(logs.length);
});

it('holds twenty connections at the most, and Stop closes them, also those from which nothing comes', async () => {
	fal.options.jobTime = () => 6_000_000;
	fal.schedule({ call: 'status_stream', nth: 2, answer: 'stream_silent' });
	fal.schedule({ call: 'status_stream', nth: 3, answer: 'stream_swallowed' });
	const { outcome, stop } = startNode(streamed(prompts(24), { concurrency: 24 }));
	// All are in flight, and the four that get no stream are looked at.
	await until(() => fal.counts().jobs.accepted === 24 && fal.openStreams === 20);
	await until(() => calls().status >= 4);
	expect(calls().status_stream).toBe(20);
	stop();
	await outcome;
	await until(() => fal.openStreams === 0);
	expect(fal.peakStreams).toBe(20);
	expect(calls()).toMatchObject({ submit: 24, cancel: 24, status_stream: 20 });
});

const FAULTS: FaultyAnswer[] = [
	'stream_ends_early',
	'stream_cut',
	'stream_swallowed',
	'stream_buffered',
	'stream_garbage',
	'stream_huge_event',
	'stream_json',
	'stream_mixed_up',
	'wrong_content_type',
	'html',
	'empty',
	'refuse',
	'reset_after',
	'trickle',
	...[404, 429, 500].map((status) => ({ status, body: { detail: 'no' } })),
];

it('whatever the streams do, each item is completed once', async () => {
	const expected = { completed: 4, submitted: 4, isKeyTold: false };
	const seen = await Promise.all(
		FAULTS.map(async (answer) => {
			const own = await startLocalFal({ speed: 10, jobTime: () => 3_000 });
			own.schedule({ call: 'status_stream', answer });
			const { completed, everythingWritten } = await runNode({
				...streamed(prompts(4), { options: { minPollInterval: 0.1 } }),
				credential: { apiKey: 'local:key', baseUrl: own.baseUrl },
			});
			await until(() => own.openStreams === 0);
			const submitted = own.counts().jobs.accepted;
			await own.close();
			const isKeyTold = everythingWritten.includes('local:key');
			return { answer, completed: completed.length, submitted, isKeyTold };
		}),
	);
	expect(seen).toEqual(FAULTS.map((answer) => ({ answer, ...expected })));
});

it('falls silent: the job is looked at after 40 s', async () => {
	// Three seconds of ours: it works when the stream begins, and is done when the silence has lasted for four.
	fal.options.jobTime = () => 30_000;
	slowDown = runClockFaster(10);
	fal.schedule({ call: 'status_stream', answer: 'stream_silent' });
	const { completed } = await runNode(streamed(prompts(1), { options: NO_LOOKS }));
	expect(completed).toHaveLength(1);
	expect(calls()).toMatchObject({ submit: 1, status_stream: 1, status: 1 });
});

it('is not tried any more after three troubles', async () => {
	slowDown = runClockFaster(10);
	fal.schedule({ call: 'status_stream', answer: { status: 429 } });
	await runNode(streamed(prompts(5), { concurrency: 1, options: { minPollInterval: 0.1 } }));
	expect(calls().status_stream).toBe(3);
});

it('says so when streams were given up', async () => {
	fal.schedule({ call: 'status_stream', answer: { status: 500 } });
	const { completed, hints } = await runNode(streamed(prompts(4)));
	expect(completed).toHaveLength(4);
	expect(hints.join(' ')).toMatch(
		/Status Stream was given up after 3 troubles, the last of which was: the answer has the HTTP status 500\./,
	);
});

it('Fal Queue Status, Wait: looks once, and is told of those that are open', async () => {
	// They are still at work when they are looked at.
	fal.options.jobTime = () => 6_000_000;
	const { completed: submitted } = await runNode({
		...streamed(prompts(3)),
		parameters: { operation: 'submit' },
	});
	const { outcome, stop } = startNode({
		...streamed(submitted.map(({ json }) => json)),
		node: 'Fal Queue Status',
	});
	await until(() => fal.openStreams === 3);
	expect(calls()).toMatchObject({ submit: 3, status_stream: 3 });
	stop();
	await outcome;
	await until(() => fal.openStreams === 0);
});

it('Fal Queue Status, Wait: gives out each result once', async () => {
	const { completed: submitted } = await runNode({
		...streamed(prompts(3)),
		parameters: { operation: 'submit' },
	});
	fal.schedule({ call: 'status_stream', nth: 2, answer: 'stream_cut' });
	const { completed, failed } = await runNode({
		...streamed(submitted.map(({ json }) => json)),
		node: 'Fal Queue Status',
	});
	expect([completed.length, failed.length]).toEqual([3, 0]);
	expect(calls().submit).toBe(3);
});
