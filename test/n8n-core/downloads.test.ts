/** Files of the results, as n8n's binary data: the built nodes in n8n's engine, against the local fal. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { bytesOf, keepBinariesInFiles, keepBinariesInMemory } from './binaryStore';
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
	Object.assign(fal.options, { mediaUrls: 'local', mediaExpiry: Infinity });
	await keepBinariesInFiles();
});
afterEach(() => stopHurrying());

const credential = () => ({ apiKey: 'local:key', baseUrl: fal.baseUrl });
const model = (value: string) => ({ __rl: true, mode: 'id', value });

function run(items: IDataObject[], parameters: INodeParameters = {}, rest: object = {}) {
	return runNode({
		items,
		parameters: { downloadFiles: 'all', ...parameters },
		credential: credential(),
		...rest,
	});
}

const imagesOf = ({ output }: IDataObject) => (output as { images: Array<{ url: string }> }).images;

interface WantedFile {
	readonly file_name: string;
	readonly content_type?: string;
	readonly size?: number;
}

function runFiles(files: WantedFile[], parameters: INodeParameters = {}) {
	const input = '={{ { "prompt": $json.prompt, "files": $json.files } }}';
	const items = [{ prompt: 'a', files: files.map((file) => ({ ...file })) }];
	return run(items, { model: model('acme/files'), input, ...parameters });
}

const FOUR = { input: '={{ { "prompt": $json.prompt, "num_images": 4 } }}' };

describe.each([
	['in files', keepBinariesInFiles],
	['in memory', keepBinariesInMemory],
])('Download Files, n8n keeping binary data %s', (_, keep) => {
	beforeEach(keep);

	it('brings every file of the output, in its order, with name and type', async () => {
		const { completed, error, hints } = await run([{ prompt: 'a' }, { prompt: 'b' }], FOUR);
		expect(error).toBeUndefined();
		expect(completed).toHaveLength(2);
		for (const { binary = {}, json } of completed) {
			expect(Object.keys(binary)).toEqual(['data', 'data_1', 'data_2', 'data_3']);
			const images = imagesOf(json);
			for (const [index, each] of Object.values(binary).entries()) {
				expect(each).toMatchObject({
					mimeType: 'image/jpeg',
					fileType: 'image',
					fileName: images[index]!.url.split('/').at(-1),
				});
				const served = Buffer.from(await (await fetch(images[index]!.url)).arrayBuffer());
				expect(await bytesOf(each)).toEqual(served);
			}
			expect(json.download_errors).toBeUndefined();
		}
		expect(hints.join()).toMatch(/Files downloaded: 8 \(/);
		expect(fal.calls.filter(({ kind }) => kind === 'media').every(({ key }) => !key)).toBe(true);
	});

	it('brings files of every kind and size, the empty one, too', async () => {
		const files = [
			{ file_name: 'film.mp4', content_type: 'video/mp4', size: 3_000_000 },
			{ file_name: 'song.mp3', content_type: 'audio/mpeg', size: 70_000 },
			{ file_name: 'mesh.glb', content_type: 'application/octet-stream', size: 1 },
			{ file_name: 'all.zip', content_type: 'application/zip', size: 65_536 },
			{ file_name: 'nothing.txt', content_type: 'text/plain', size: 0 },
		];
		const { completed } = await runFiles(files);
		const { binary = {}, json } = completed[0]!;
		expect(json.download_errors).toBeUndefined();
		const kinds = Object.values(binary).map(({ fileName, mimeType }) => [fileName, mimeType]);
		expect(kinds).toEqual([
			['film.mp4', 'video/mp4'],
			['song.mp3', 'audio/mpeg'],
			['mesh.glb', 'model/gltf-binary'],
			['all.zip', 'application/zip'],
			['nothing.txt', 'text/plain'],
		]);
		const sizes = await Promise.all(
			Object.values(binary).map(async (each) => (await bytesOf(each)).length),
		);
		expect(sizes).toEqual(files.map(({ size }) => size));
	});

	it('brings data URIs', async () => {
		const { completed } = await run([{ prompt: 'a' }], {
			input: '={{ { "prompt": $json.prompt, "sync_mode": true } }}',
		});
		const [{ binary = {} } = {}] = completed;
		expect(binary.data).toMatchObject({ mimeType: 'image/jpeg', fileName: 'file_1.jpg' });
		expect((await bytesOf(binary.data!)).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
	});

	it('ends one that is too large, with and without its length, and keeps the item', async () => {
		const options = { maxFileSize: 1 };
		const { completed } = await runFiles(
			[
				{ file_name: 'film.mp4', size: 1_000_001 },
				{ file_name: 'small.bin', size: 1_000_000 },
			],
			{ options },
		);
		expect(completed[0]!.json.download_errors).toEqual([
			expect.objectContaining({
				index: 0,
				type: 'too_large',
				url: expect.stringMatching(/film.mp4$/),
			}),
		]);
		expect(Object.keys(completed[0]!.binary ?? {})).toEqual(['data_1']);

		fal.schedule({ call: 'media', answer: { size: 1_500_000, unannounced: true } });
		const again = await runFiles([{ file_name: 'film.mp4', size: 5 }], { options });
		expect(again.completed[0]!.json.download_errors).toMatchObject([{ type: 'too_large' }]);
		expect(again.completed[0]!.binary).toBeUndefined();
	});
});

it('First brings the first file only', async () => {
	const { completed } = await run([{ prompt: 'a' }], { ...FOUR, downloadFiles: 'first' });
	expect(Object.keys(completed[0]!.binary ?? {})).toEqual(['data']);
	expect(fal.counts().calls.media).toBe(1);
});

it('None fetches nothing', async () => {
	const { completed, hints } = await run([{ prompt: 'a' }], { ...FOUR, downloadFiles: 'none' });
	expect(completed[0]!.binary).toBeUndefined();
	expect(fal.counts().calls.media).toBe(0);
	expect(hints.join()).not.toContain('Files');
});

describe('One Item per File', () => {
	it('gives each file an item of its own, linked to the item it was made from', async () => {
		const { completed } = await run([{ prompt: 'a' }, { prompt: 'b' }], {
			...FOUR,
			oneItemPerFile: true,
		});
		expect(completed).toHaveLength(8);
		expect(completed.map(({ pairedItem }) => Object(pairedItem).item)).toEqual([
			0, 0, 0, 0, 1, 1, 1, 1,
		]);
		completed.forEach(({ json, binary }, place) => {
			expect(json.file).toEqual({
				url: imagesOf(json)[place % 4]!.url,
				content_type: 'image/jpeg',
				index: place % 4,
				width: 512,
				height: 384,
				file_name: expect.stringMatching(/\.jpeg$/),
			});
			expect(json).toMatchObject({ status: 'COMPLETED', request_id: expect.any(String) });
			expect(Object.keys(binary ?? {})).toEqual(['data']);
		});
	});

	it('needs no download, and keeps an item without files', async () => {
		const input = '={{ { "files": $json.files } }}';
		const items = [{ files: [] }, { files: [{ file_name: 'a.glb' }, { file_name: 'b.glb' }] }];
		const { completed } = await run(items, {
			model: model('acme/files'),
			input,
			downloadFiles: 'none',
			oneItemPerFile: true,
		});
		expect(completed.map(({ json }) => (json.file as IDataObject | undefined)?.file_name)).toEqual([
			undefined,
			'a.glb',
			'b.glb',
		]);
		expect(fal.counts().calls.media).toBe(0);
	});

	it('gives a file that could not be had its item, too, with the reason', async () => {
		fal.schedule({ call: 'media', answer: { status: 410 } });
		stopHurrying = runClockFaster(20);
		const { completed } = await runFiles([{ file_name: 'a.glb' }], { oneItemPerFile: true });
		expect(completed).toHaveLength(1);
		expect(completed[0]!.json).toMatchObject({
			file: { content_type: 'model/gltf-binary', index: 0 },
			download_errors: [{ index: 0, status_code: 410 }],
		});
	});
});

describe('a file that can’t be had', () => {
	// Three real seconds without a byte are the thirty: a busy machine needs some.
	beforeEach(() => {
		stopHurrying = runClockFaster(10);
	});

	it('leaves its item on Completed with its address, after four tries, and generates nothing', async () => {
		fal.options.mediaExpiry = -1;
		const { completed, failed, hints } = await run([{ prompt: 'a' }]);
		expect(failed).toEqual([]);
		const { json } = completed[0]!;
		const errors = json.download_errors;
		expect(errors).toEqual([
			{
				url: imagesOf(json)[0]!.url,
				index: 0,
				type: 'http_status',
				message: 'the answer has the HTTP status 404',
				status_code: 404,
			},
		]);
		expect(fal.counts().calls.media).toBe(4);
		expect(fal.counts().jobs.accepted).toBe(1);
		expect(hints.join()).toContain('Not downloaded: 1');
	});

	it.each([
		'refuse',
		'reset_before',
		'reset_after',
		'cut',
		'wrong_length',
		'html',
		{ status: 503 },
	] as const)('is there at the second try: %p', async (answer) => {
		fal.schedule({ call: 'media', answer, times: 1 });
		const { completed } = await run([{ prompt: 'a' }]);
		expect(completed[0]!.json.download_errors).toBeUndefined();
		const bytes = await bytesOf(completed[0]!.binary!.data!);
		expect(bytes.subarray(-2)).toEqual(Buffer.from([0xff, 0xd9]));
		expect(fal.counts().calls.media).toBe(2);
	});

	it('and hangs is given up after 30 seconds without a byte', async () => {
		fal.schedule({ call: 'media', answer: 'hang', times: 4 });
		const { completed } = await run([{ prompt: 'a' }]);
		expect(completed[0]!.json.download_errors).toMatchObject([
			{ type: 'no_answer', message: 'no byte came for 30 seconds' },
		]);
	});

	it('is not waited for when the execution is stopped', async () => {
		stopHurrying();
		fal.schedule({ call: 'media', answer: 'hang' });
		const { outcome, stop } = startNode({
			items: [{ prompt: 'a' }],
			parameters: { downloadFiles: 'all' },
			credential: credential(),
		});
		await until(() => fal.counts().calls.media > 0);
		const stoppedAt = Date.now();
		stop();
		await outcome;
		// It would be given up after 30 seconds.
		expect(Date.now() - stoppedAt).toBeLessThan(10_000);
	});
});

describe('a redirect', () => {
	const redirect = (location: string) => ({ status: 302, headers: { location } }) as const;

	it('is followed within fal’s own media', async () => {
		fal.schedule({ call: 'media', answer: redirect('/v3.fal.media/files/elsewhere'), times: 1 });
		fal.schedule({ call: 'media', answer: { status: 200, body: 'there' }, nth: 2 });
		const { completed } = await runFiles([{ file_name: 'a.txt' }]);
		expect((await bytesOf(completed[0]!.binary!.data!)).toString()).toBe('there');
	});

	it('in circles ends after three', async () => {
		fal.schedule({ call: 'media', answer: redirect('#again') });
		const { completed } = await runFiles([{ file_name: 'a.txt' }]);
		expect(completed[0]!.json.download_errors).toMatchObject([{ type: 'too_many_redirects' }]);
		expect(fal.counts().calls.media).toBe(4);
	});

	it('to plain http, or to what else is behind the Base URL, is not followed', async () => {
		const heard: string[] = [];
		const stranger = createServer((request, response) => {
			heard.push(String(request.url));
			response.end('bytes');
		});
		await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
		const { port } = stranger.address() as AddressInfo;
		fal.schedule({ call: 'media', answer: redirect(`http://127.0.0.1:${port}/x`), nth: 1 });
		fal.schedule({ call: 'media', answer: redirect('/api.fal.ai/v1/models'), nth: 2 });
		const { completed } = await runFiles([{ file_name: 'a.txt' }, { file_name: 'b.txt' }]);
		expect(completed[0]!.json.download_errors).toMatchObject([
			{ type: 'not_allowed' },
			{ type: 'not_allowed' },
		]);
		expect(heard).toEqual([]);
		expect(fal.counts().calls.models).toBe(0);
		stranger.close();
	});
});

it('at most five are fetched at once, and no sooner than their job is done', async () => {
	let open = 0;
	let most = 0;
	fal.options.latency = 2_000;
	const watch = setInterval(() => {
		open = fal.calls.filter(({ kind, status }) => kind === 'media' && status === undefined).length;
		most = Math.max(most, open);
	}, 5);
	const { completed } = await run(
		Array.from({ length: 5 }, (_, i) => ({ prompt: `${i}` })),
		FOUR,
	);
	clearInterval(watch);
	fal.options.latency = 0;
	expect(completed.flatMap(({ binary = {} }) => Object.keys(binary))).toHaveLength(20);
	expect(most).toBeLessThanOrEqual(5);
	expect(most).toBeGreaterThan(2);
});

describe('Fal Queue Status', () => {
	it.each(['check', 'wait'])('%s brings the files of what is done', async (operation) => {
		const { completed: handles } = await runNode({
			items: [{ prompt: 'a' }, { prompt: 'b' }],
			parameters: { ...FOUR, operation: 'submit' },
			credential: credential(),
		});
		await until(() => fal.counts().jobs.completed === 2);
		const { completed } = await runNode({
			node: 'Fal Queue Status',
			items: handles.map(({ json }) => json),
			parameters: { operation, downloadFiles: 'all', oneItemPerFile: true },
			credential: credential(),
		});
		expect(completed.map(({ pairedItem }) => Object(pairedItem).item)).toEqual([
			0, 0, 0, 0, 1, 1, 1, 1,
		]);
		const hashes = await Promise.all(
			completed.map(async ({ binary }) =>
				createHash('sha256')
					.update(await bytesOf(binary!.data!))
					.digest('hex'),
			),
		);
		expect(new Set(hashes).size).toBe(8);
	});
});
