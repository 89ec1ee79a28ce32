/** Files of incoming items, uploaded for the input: the built node in n8n's engine, against the local fal. */
import { createHash } from 'node:crypto';
import type { IBinaryKeyData, IDataObject, INodeParameters } from 'n8n-workflow';
import { LONG } from '../long';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { keepBinariesInFiles, keepBinariesInMemory, stored } from './binaryStore';
import { runClockFaster } from './quickClock';
import { runNode, startNode } from './runNode';

let fal: LocalFal;
let stopHurrying = () => {};

beforeAll(async () => {
	fal = await startLocalFal({ speed: 10 });
});
afterAll(async () => await fal.close());
beforeEach(async () => {
	fal.reset();
	Object.assign(fal.options, {
		uploadNames: 'kept',
		accountConcurrency: 40,
		uploadExpiry: Infinity,
		historyShows: 'ended',
	});
	await keepBinariesInFiles();
});
afterEach(() => stopHurrying());

const model = (value: string) => ({ __rl: true, mode: 'id', value });
const bytes = (text: string, size = text.length) => Buffer.alloc(size, text);
const sha256 = (buffer: Buffer) => createHash('sha256').update(buffer).digest('hex');
const files = (...rows: Array<[field: string, binaryProperty: string]>) => ({
	file: rows.map(([field, binaryProperty]) => ({ field, binaryProperty })),
});

async function binaryOf(content: Record<string, Buffer>): Promise<IBinaryKeyData> {
	const entries = Object.entries(content).map(
		async ([name, each]) => [name, await stored(each, `${name}.png`, 'image/png')] as const,
	);
	return Object.fromEntries(await Promise.all(entries));
}

async function options(contents: Array<Record<string, Buffer>>, parameters: INodeParameters = {}) {
	const binary = await Promise.all(contents.map(binaryOf));
	return {
		items: contents.map((_, i): IDataObject => ({ prompt: `prompt ${i}` })),
		binary,
		parameters: { files: files(['image_url', 'data']), ...parameters },
		credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
	};
}

async function run(contents: Array<Record<string, Buffer>>, parameters: INodeParameters = {}) {
	return await runNode(await options(contents, parameters));
}

const inputs = () => [...fal.jobs.values()].map(({ input }) => input as IDataObject);

describe.each([
	['in files', keepBinariesInFiles],
	['in memory', keepBinariesInMemory],
])('Files, n8n keeping binary data %s', (_, keep) => {
	beforeEach(keep);

	it('are uploaded, and their addresses are in the input', async () => {
		const contents = [
			{ data: bytes('a', 300_000) },
			{ data: bytes('b', 10) },
			{ data: bytes('c', 0) },
		];
		const { completed, error } = await run(contents);
		expect(error).toBeUndefined();
		expect(completed).toHaveLength(3);
		for (const [i, { data }] of contents.entries()) {
			const { image_url: url, prompt } = inputs().find((each) => each.prompt === `prompt ${i}`)!;
			expect(url).toMatch(new RegExp(`/v3.fal.media/files/.*/fal-queue-${sha256(data)}.png$`));
			expect(Buffer.from(await (await fetch(String(url))).arrayBuffer())).toEqual(data);
			expect(prompt).toBe(`prompt ${i}`);
		}
		expect(fal.uploads.map(({ contentType }) => contentType)).toEqual(Array(3).fill('image/png'));
		const puts = fal.calls.filter(({ kind }) => kind === 'upload');
		expect(puts.map(({ key }) => key)).toEqual([undefined, undefined, undefined]);
	});

	// Half a GB is moved for it, and more in n8n's memory.
	it('above 90 MB go in parts, as the official client sends them', async () => {
		if (!LONG && keep !== keepBinariesInFiles) return;
		const large = Buffer.concat([bytes('x', 90 * 1024 * 1024), bytes('the end')]);
		const { completed } = await run([{ data: large }]);
		expect(completed).toHaveLength(1);
		expect(fal.counts().calls).toMatchObject({ upload: 0, upload_part: 10, upload_complete: 1 });
		expect(fal.uploads).toEqual([
			expect.objectContaining({ size: large.length, sha256: sha256(large) }),
		]);
	});
});

it('several files, and paths, make what the model wants', async () => {
	const content = { data: bytes('a'), data_1: bytes('b'), mask: bytes('c') };
	await run([content], {
		files: files(
			['image_urls', 'data, data_1'],
			['elements.0.mask_url', 'mask'],
			['image_urls', 'mask'],
		),
	});
	const url = (text: string) => expect.stringContaining(sha256(bytes(text)));
	expect(inputs()).toEqual([
		{
			prompt: 'prompt 0',
			image_urls: [url('a'), url('b'), url('c')],
			elements: [{ mask_url: url('c') }],
		},
	]);
	expect(fal.uploads).toHaveLength(3);
});

it('the same picture for 100 items is uploaded once, for their retries, too', async () => {
	fal.schedule({ job: 'runner_disconnected', nth: 1 });
	const { completed } = await run(
		Array.from({ length: 100 }, () => ({ data: bytes('same', 50_000) })),
		{ concurrency: 40 },
	);
	expect(completed).toHaveLength(100);
	expect(fal.counts().calls).toMatchObject({ upload_initiate: 1, upload: 1, submit: 101 });
});

it('a list of them needs no prompt', async () => {
	const { completed } = await run([{ data: bytes('a') }], {
		model: model('fal-ai/birefnet/v2'),
		input: '={{ { "prompt": $json.promt } }}',
	});
	expect(completed).toHaveLength(1);
});

it('a file that is not there fails its item alone, before anything is sent', async () => {
	const { completed, failed } = await run([{ data: bytes('a') }, { other: bytes('b') }]);
	expect(completed).toHaveLength(1);
	expect(failed[0]!.json.error).toMatchObject({
		outcome: 'not_submitted',
		message: expect.stringMatching(/'?data'?/),
	});
	expect(fal.counts().calls.upload).toBe(1);
});

it('uploads live as long as Media Lifecycle says', async () => {
	await run([{ data: bytes('a') }], { options: { mediaLifecycle: 3_600 } });
	await run([{ data: bytes('b') }]);
	expect(fal.uploads.map(({ lifecycle }) => lifecycle)).toEqual([
		'{"expiration_duration_seconds":3600}',
		undefined,
	]);
});

it('Submit uploads, too', async () => {
	const { completed } = await run([{ data: bytes('a') }], { operation: 'submit' });
	expect(completed[0]!.json.status).toBe('IN_QUEUE');
	expect(inputs()[0]!.image_url).toContain('fal-queue-');
});

it('at most five are uploaded at once', async () => {
	let most = 0;
	fal.options.latency = 1_000;
	const watch = setInterval(() => {
		const open = fal.calls.filter(
			({ kind, status }) => /^upload/.test(kind) && status === undefined,
		);
		most = Math.max(most, open.length);
	}, 5);
	await run(
		Array.from({ length: 20 }, (_, i) => ({ data: bytes(`${i}`) })),
		{ concurrency: 20 },
	);
	clearInterval(watch);
	fal.options.latency = 0;
	expect(most).toBe(5);
});

describe('trouble with an upload', () => {
	beforeEach(() => {
		stopHurrying = runClockFaster(10);
	});

	it.each([
		['upload_initiate', { status: 503 }],
		['upload_initiate', 'reset_after'],
		['upload', { status: 503 }],
		['upload', 'reset_before'],
		['upload', 'refuse'],
		['upload', 'reset_after'],
	] as const)('that passes is not noticed: %s, %p', async (call, answer) => {
		fal.schedule({ call, answer, times: 1 });
		const { completed } = await run([{ data: bytes('a', 100_000) }]);
		expect(completed).toHaveLength(1);
		expect(fal.counts().jobs.accepted).toBe(1);
	});

	it('that stays makes the item not_submitted, and names the file', async () => {
		fal.schedule({ call: 'upload', answer: { status: 503, body: 'out of disks' } });
		const { failed, completed, error } = await run([{ data: bytes('a', 1_230_000) }]);
		expect([error, completed]).toEqual([undefined, []]);
		expect(failed[0]!.json.error).toMatchObject({
			outcome: 'not_submitted',
			status_code: 503,
			retryable: true,
			message:
				'The file "data.png" (1.23 MB) could not be uploaded to fal: out of disks. Nothing was submitted or billed.',
		});
		expect(fal.counts().calls).toMatchObject({ upload: 4, submit: 0 });
	});

	it('of an address that has expired begins anew', async () => {
		fal.options.uploadExpiry = -1;
		fal.schedule({
			call: 'upload',
			answer: 'empty',
			where: () => (fal.options.uploadExpiry = Infinity) > 0,
		});
		const { completed } = await run([{ data: bytes('a') }]);
		expect(completed).toHaveLength(1);
		expect(fal.counts().calls.upload_initiate).toBe(2);
	});

	it('of one part is that part’s, and a wrong etag the whole file’s', async () => {
		if (!LONG) return;
		const large = bytes('x', 90 * 1024 * 1024 + 1);
		fal.schedule({ call: 'upload_part', answer: { status: 500 }, nth: 3 });
		fal.schedule({
			call: 'upload_part',
			answer: { status: 200, body: { partNumber: 2, etag: '"wrong"' }, taken: true },
			nth: 5,
		});
		const { completed } = await run([{ data: large }]);
		expect(completed).toHaveLength(1);
		expect(fal.counts().calls).toMatchObject({ upload_part: 21, upload_complete: 2 });
		expect(fal.uploads.map((upload) => upload.sha256)).toEqual([sha256(large)]);
	});

	it('when fal is away uploads nothing, and throws', async () => {
		stopHurrying();
		stopHurrying = runClockFaster(200);
		fal.goDark();
		const { error, completed } = await run([{ data: bytes('a') }, { data: bytes('b') }]);
		await fal.comeBack();
		expect(completed).toEqual([]);
		expect(error?.message).toMatch(/could not be reached/);
		expect(fal.uploads).toEqual([]);
	});

	it('a refused key is thrown, as for a submit', async () => {
		const wrong = {
			...(await options([{ data: bytes('a') }])),
			credential: { apiKey: 'x:y', baseUrl: fal.baseUrl },
		};
		const { error } = await runNode(wrong);
		expect(error?.message).toMatch(/was not submitted/);
		expect(fal.counts().calls.upload).toBe(0);
	});
});

it('a stopped execution submits nothing after its uploads', async () => {
	fal.schedule({ call: 'upload', answer: 'hang' });
	const { outcome, stop } = startNode(await options([{ data: bytes('a') }]));
	await until(() => fal.counts().calls.upload > 0);
	const stoppedAt = Date.now();
	stop();
	await outcome;
	// It would be given up after 30 seconds.
	expect(Date.now() - stoppedAt).toBeLessThan(10_000);
	expect(fal.counts().calls.submit).toBe(0);
});

describe('Reuse Recent Requests', () => {
	const again = { options: { reuseRecentRequests: 1 } };
	// What may still be missing in fal's history is waited for.
	beforeEach(() => {
		stopHurrying = runClockFaster(30);
	});

	it('knows a file by its content, wherever it was uploaded', async () => {
		const contents = [{ data: bytes('a') }, { data: bytes('b') }];
		await run(contents);
		const { completed } = await run([...contents, { data: bytes('c') }], again);
		expect(completed.map(({ json }) => json.found_in_history)).toEqual([true, true, undefined]);
		expect(fal.counts().jobs.accepted).toBe(3);
		expect(fal.uploads).toHaveLength(3);
	});

	it('is refused where fal’s addresses don’t tell of the content', async () => {
		fal.options.uploadNames = 'own';
		await run([{ data: bytes('a') }]);
		const { error } = await run([{ data: bytes('a') }], again);
		expect(error?.message).toMatch(/can’t be used with Files/);
		expect(fal.counts().jobs.accepted).toBe(1);
	});
});

it.each(['kept', 'own'] as const)(
	'Look Up finds a job whose answer was lost (names: %s)',
	async (names) => {
		fal.options.uploadNames = names;
		fal.schedule({ call: 'submit', answer: 'reset_after', nth: 2 });
		const contents = Array.from({ length: 4 }, (_, i) => ({ data: bytes(`${i}`) }));
		const { completed } = await run(contents, { options: { onUnknownSubmit: 'lookUp' } });
		expect(completed).toHaveLength(4);
		expect(fal.counts().jobs.accepted).toBe(4);
	},
);
