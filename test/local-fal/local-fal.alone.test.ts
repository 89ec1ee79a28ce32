/** What the local fal promises beyond the official client's view: limits, order, media, switches, faults. */
import { request } from 'node:http';
import { connect } from 'node:net';
import sharp from 'sharp';
import { startLocalFal } from './index';
import type { FaultyAnswer, LocalFal, LocalFalOptions } from './index';
import { promptOf } from './jobs';
import { MODELS } from './models';

const DEV = 'queue.fal.run/fal-ai/flux/dev';
const SCHNELL = 'queue.fal.run/fal-ai/flux/schnell';
const HISTORY = 'api.fal.ai/v1/models/requests/by-endpoint?endpoint_id=fal-ai/flux/schnell';

// Pictures are drawn and many calls are made: a busy machine takes its time for that.
jest.setTimeout(60_000);

/** Of fal's time, in milliseconds: two days, an hour of ours. */
const NEVER = 180_000_000;

let fal: LocalFal;

afterEach(() => fal.close());

async function start(options: Partial<LocalFalOptions> = {}): Promise<void> {
	fal = await startLocalFal({ speed: 50, ...options });
}

interface CallInit {
	method?: string;
	body?: string;
	headers?: Record<string, string>;
}

/** Calls fal with a good key. */
async function call(path: string, { headers, ...init }: CallInit = {}): Promise<Response> {
	return await fetch(`${fal.baseUrl}/${path}`, {
		...init,
		headers: { authorization: 'Key local:key', ...headers },
		signal: AbortSignal.timeout(30_000),
	});
}

async function post(path: string, input: unknown, headers = {}): Promise<Response> {
	const body = typeof input === 'string' ? input : JSON.stringify(input);
	return await call(path, { method: 'POST', body, headers });
}

/** Submits a job. Gives back the path under which fal knows it. */
async function submit(input: unknown = { prompt: 'x' }, headers = {}): Promise<string> {
	const response = await post(SCHNELL, input, headers);
	const { response_url } = (await response.json()) as { response_url: string };
	return response_url.replace('https://', '');
}

async function end(path: string): Promise<Response> {
	return await until(
		() => call(`${path}/status`),
		({ status }) => status === 200,
	);
}

/** The result, once there is one. */
async function resultOf(path: string): Promise<Response> {
	await end(path);
	return await call(path);
}

async function until<T>(look: () => Promise<T>, isGood: (seen: T) => boolean): Promise<T> {
	for (const latest = Date.now() + 30_000; ; ) {
		const seen = await look();
		if (isGood(seen)) return seen;
		if (Date.now() > latest) throw new Error('It did not come to that within 30 s.');
		await pause(5);
	}
}

async function allEnded(): Promise<void> {
	await until(
		async () => fal.counts().jobs,
		({ accepted, completed, failed, cancelled }) => accepted === completed + failed + cancelled,
	);
}

async function pause(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
}

interface HistoryItem {
	request_id: string;
	ended_at: string | null;
}

/** One page of the history. */
async function history(query = ''): Promise<HistoryItem[]> {
	const response = await call(`${HISTORY}&${query}`);
	return ((await response.json()) as { items: HistoryItem[] }).items;
}

type Page = Record<string, unknown> & { next_cursor: string | null };

async function pagesOf(path: string): Promise<Page[]> {
	const pages: Page[] = [];
	for (let cursor: string | null = ''; cursor !== null; cursor = pages.at(-1)!.next_cursor) {
		const response = await call(cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path);
		pages.push((await response.json()) as Page);
	}
	return pages;
}

interface ImagesOutput {
	images: Array<{ url: string; width: number; height: number; content_type: string }>;
}

async function imagesOf(input: object): Promise<ImagesOutput['images']> {
	const response = await resultOf(await submit(input));
	return ((await response.json()) as ImagesOutput).images;
}

async function bytesOf(url = ''): Promise<Buffer> {
	return Buffer.from(await (await fetch(url)).arrayBuffer());
}

describe('the account', () => {
	it('never runs more jobs than it may, and refuses none', async () => {
		await start({ accountConcurrency: 0 });
		await Promise.all(Array.from({ length: 39 }, () => submit()));
		fal.options.accountConcurrency = 3;
		await submit();
		await allEnded();
		expect(fal.counts().jobs).toEqual({ accepted: 40, completed: 40, failed: 0, cancelled: 0 });
		expect(fal.peakInProgress).toBe(3);
		expect(fal.peakOpen).toBe(40);
	});

	it('runs jobs in the order they came, low priority after normal', async () => {
		const order: Array<string | undefined> = [];
		await start({ accountConcurrency: 0, onJobEnd: ({ input }) => order.push(promptOf(input)) });
		await submit({ prompt: 'first' });
		await submit({ prompt: 'low' }, { 'x-fal-queue-priority': 'low' });
		await submit({ prompt: 'second' }, { 'x-fal-queue-priority': 'normal' });
		fal.options.accountConcurrency = 1;
		await submit({ prompt: 'third' }, { 'x-fal-queue-priority': 'unheard of' });
		await allEnded();
		expect(order).toEqual(['first', 'second', 'third', 'low']);
	});

	it('keeps exact places when somebody leaves the queue', async () => {
		await start({ accountConcurrency: 0 });
		const paths: string[] = [];
		for (const prompt of ['1', '2', '3', '4']) paths.push(await submit({ prompt }));
		await call(`${paths[1]}/cancel`, { method: 'PUT' });
		const statuses = await Promise.all(
			[0, 2, 3].map(async (index) => await (await call(`${paths[index]}/status`)).json()),
		);
		expect(statuses.map((status) => (status as { queue_position: number }).queue_position)).toEqual(
			[0, 1, 2],
		);
	});

	it('counts every job and every call, however many come at once', async () => {
		await start({ accountConcurrency: Infinity });
		await Promise.all(Array.from({ length: 100 }, () => submit()));
		await allEnded();
		expect(fal.counts()).toMatchObject({
			calls: { submit: 100, status: 0 },
			jobs: { accepted: 100, completed: 100 },
		});
		expect(fal.calls).toHaveLength(100);
	});

	it('forgets everything but its options with a reset', async () => {
		await start({ accountConcurrency: 1 });
		const path = await submit();
		fal.reset();
		expect((await call(`${path}/status`)).status).toBe(404);
		expect(fal.counts()).toMatchObject({ calls: { submit: 0, status: 1 }, jobs: { accepted: 0 } });
		expect(fal.options.accountConcurrency).toBe(1);
	});
});

/** `fetch` refuses to send one. */
async function statusOfGetWithBody(path: string): Promise<number | undefined> {
	return await new Promise((resolve, reject) => {
		const headers = { authorization: 'Key local:key', 'content-length': 2 };
		request(`${fal.baseUrl}/${path}`, { headers }, (response) => {
			response.resume();
			resolve(response.statusCode);
		})
			.on('error', reject)
			.end('{}');
	});
}

describe('a picture', () => {
	it('is real, has the size the output says, and differs by prompt', async () => {
		await start();
		const [fox] = await imagesOf({ prompt: 'a red fox', image_size: 'portrait_4_3' });
		const [owl] = await imagesOf({
			prompt: 'a <grey> owl & a 🦉\u0007',
			output_format: 'png',
			seed: 1,
		});
		const [foxBytes, owlBytes] = [await bytesOf(fox?.url), await bytesOf(owl?.url)];
		expect(await sharp(foxBytes).metadata()).toMatchObject({
			format: 'jpeg',
			width: 384,
			height: 512,
		});
		expect(await sharp(owlBytes).metadata()).toMatchObject({
			format: 'png',
			width: 512,
			height: 384,
		});
		const [foxColour, owlColour] = await Promise.all(
			[foxBytes, owlBytes].map((bytes) => sharp(bytes).stats()),
		);
		expect(foxColour?.dominant).not.toEqual(owlColour?.dominant);
	});

	it('is the same for the same prompt and seed', async () => {
		await start();
		const input = { prompt: 'a red fox', seed: 7 };
		expect(await imagesOf(input)).toEqual(await imagesOf(input));
	});

	it('comes inside the answer with sync_mode, and then not into the history', async () => {
		await start();
		const [image] = await imagesOf({ prompt: 'x', sync_mode: true });
		expect(image?.url).toMatch(/^data:image\/jpeg;base64,/);
		const history = await call(`${HISTORY}&expand=payloads`);
		expect(await history.json()).toMatchObject({ items: [{ json_output: null }] });
	});

	it('moves when it stands for a video', async () => {
		await start();
		const model = 'queue.fal.run/fal-ai/kling-video/v2/master/text-to-video';
		const submitted = (await (await post(model, { prompt: 'x' })).json()) as {
			response_url: string;
		};
		const result = await resultOf(submitted.response_url.replace('https://', ''));
		const { video } = (await result.json()) as { video: { url: string; content_type: string } };
		const bytes = await bytesOf(video.url);
		expect(video.content_type).toBe('image/webp');
		expect((await sharp(bytes, { pages: -1 }).metadata()).pages).toBe(12);
	});
});

describe('a seed', () => {
	it('keeps every digit it was sent with', async () => {
		await start();
		const result = await resultOf(await submit('{"prompt":"x","seed":196619188014358660}'));
		expect(await result.text()).toContain('"seed":196619188014358660,');
		const history = await (await call(`${HISTORY}&expand=payloads`)).text();
		expect(history.match(/196619188014358660/g)).toHaveLength(2);
	});

	it('has eighteen digits when the model draws it', async () => {
		await start();
		const result = await resultOf(await submit());
		expect(await result.text()).toMatch(/"seed":\d{18},/);
	});
});

describe('the switch', () => {
	it('keys: an unknown key, another scheme and no key are 401, each in its own words', async () => {
		await start({ keys: ['a:b'] });
		const details = await Promise.all(
			['Key c:d', 'Bearer a:b', 'Key ab', undefined].map(async (authorization) => {
				const response = await fetch(`${fal.baseUrl}/${DEV}`, {
					method: 'POST',
					body: '{}',
					headers: authorization === undefined ? {} : { authorization },
				});
				expect(response.status).toBe(401);
				return ((await response.json()) as { detail: string }).detail;
			}),
		);
		expect(details).toEqual([
			'No user found for Key ID and Secret',
			expect.stringMatching(/^Invalid Key Authorization/),
			expect.stringMatching(/^Invalid Key Authorization/),
			expect.stringMatching(/^Cannot access application "fal-ai\/flux\/dev"/),
		]);
	});

	it('allowAnonymous: public models need no key', async () => {
		await start({ allowAnonymous: true });
		const response = await fetch(`${fal.baseUrl}/${DEV}`, { method: 'POST', body: '{}' });
		expect(response.status).toBe(200);
	});

	it('latency: every answer takes its time', async () => {
		await start({ latency: 100, speed: 1 });
		const before = performance.now();
		await call(`${DEV}/nothing`);
		expect(performance.now() - before).toBeGreaterThan(95);
	});

	it('jobTime: a function decides per job', async () => {
		await start({ jobTime: ({ inputText }) => (inputText.includes('slow') ? NEVER : 0) });
		await submit({ prompt: 'slow' });
		const quick = await submit({ prompt: 'quick' });
		await end(quick);
		expect(fal.counts().jobs.completed).toBe(1);
	});

	it.each([
		['seconds', /^3$/],
		['date', / GMT$/],
	] as const)('submitLimit: 429 with Retry-After as %s', async (form, expected) => {
		await start({ submitLimit: 1, retryAfter: { form, seconds: 3 }, accountConcurrency: 0 });
		const open = await submit();
		const response = await post(SCHNELL, { prompt: 'x' });
		expect(response.status).toBe(429);
		expect(response.headers.get('retry-after')).toMatch(expected);
		await call(`${open}/cancel`, { method: 'PUT' });
		expect((await post(SCHNELL, { prompt: 'x' })).status).toBe(200);
	});

	it.each([
		['requested', 202, 'CANCELLATION_REQUESTED'],
		['ok', 200, 'OK'],
	] as const)('cancelAnswer %s', async (cancelAnswer, code, status) => {
		await start({ accountConcurrency: 0, cancelAnswer });
		const response = await call(`${await submit()}/cancel`, { method: 'PUT' });
		expect([response.status, await response.json()]).toEqual([code, { status }]);
	});

	it.each([
		['stops', { cancelled: 1, completed: 0 }],
		['finishes', { cancelled: 0, completed: 1 }],
	] as const)('cancelRunning: a running job %s', async (cancelRunning, counts) => {
		// A second: it works when the cancel comes.
		await start({ cancelRunning, jobTime: 100 });
		const path = await submit();
		expect((await call(`${path}/cancel`, { method: 'PUT' })).status).toBe(202);
		await allEnded();
		expect(fal.counts().jobs).toMatchObject(counts);
	});

	it.each([
		['completed_with_error', 200, 499],
		['not_found', 404, 404],
	] as const)('afterCancel: %s', async (afterCancel, status, result) => {
		await start({ accountConcurrency: 0, afterCancel });
		const path = await submit();
		await call(`${path}/cancel`, { method: 'PUT' });
		expect((await call(`${path}/status`)).status).toBe(status);
		expect((await call(path)).status).toBe(result);
	});

	it.each([400, 202] as const)('resultBeforeCompletion: %d', async (resultBeforeCompletion) => {
		await start({ resultBeforeCompletion, jobTime: () => NEVER });
		const response = await call(await submit());
		expect(response.status).toBe(resultBeforeCompletion);
		expect(await response.json()).toEqual({ detail: 'Request is still in progress' });
	});

	it('strictPaths: the full model id answers 405, and works without it', async () => {
		await start();
		const path = (await submit()).replace('/flux/', '/flux/schnell/');
		const refused = await call(`${path}/status`);
		expect([refused.status, await refused.text()]).toEqual([405, '405: Method Not Allowed']);
		fal.options.strictPaths = false;
		expect((await end(path)).status).toBe(200);
		fal.options.jobTime = () => NEVER;
		const poster = await post('queue.fal.run/workflows/acme/poster', { prompt: 'x' });
		const { status_url } = (await poster.json()) as { status_url: string };
		expect((await call(status_url.replace('https://', ''))).status).toBe(202);
	});

	it('errorOnStatus: model errors show on the status too', async () => {
		await start({ errorOnStatus: true });
		const status = await end(await submit({}));
		expect(await status.json()).toMatchObject({ error: 'Field required', error_type: 'missing' });
	});

	it('logWindow: only the latest lines', async () => {
		await start({ logWindow: 2 });
		const path = await submit();
		await end(path);
		const { logs } = (await (await call(`${path}/status?logs=true`)).json()) as { logs: unknown[] };
		expect(logs).toMatchObject([{ message: '75%| 3/4 steps' }, { message: '100%| 4/4 steps' }]);
	});

	it('resultExpiry: a result is not found after it', async () => {
		await start();
		const path = await submit();
		expect((await resultOf(path)).status).toBe(200);
		fal.options.resultExpiry = 10_000;
		await until(
			() => call(path),
			({ status }) => status === 404,
		);
	});

	it('jobUrls: another host in the answers to a submit and to a look', async () => {
		await start({ jobUrls: 'http://elsewhere.example' });
		const submitted = await (await post(SCHNELL, { prompt: 'x' })).json();
		const [requestId] = fal.jobs.keys();
		const url = `http://elsewhere.example/fal-ai/flux/requests/${requestId}`;
		const urls = { response_url: url, status_url: `${url}/status`, cancel_url: `${url}/cancel` };
		expect(submitted).toMatchObject(urls);
		const status = await call(`queue.fal.run/fal-ai/flux/requests/${requestId}/status`);
		expect(await status.json()).toMatchObject(urls);
	});

	it("mediaUrls: fal's own addresses", async () => {
		await start({ mediaUrls: 'fal' });
		const [image] = await imagesOf({ prompt: 'x' });
		expect(image?.url).toMatch(/^https:\/\/v3\.fal\.media\/files\//);
		expect((await call(image?.url.replace('https://', '') ?? '')).status).toBe(200);
	});
});

describe('storage', () => {
	const begin = async (path = 'initiate') => {
		const body = { content_type: 'image/png', file_name: 'a fox.png' };
		const answer = await post(`rest.fal.ai/storage/upload/${path}`, body, '');
		return (await answer.json()) as { upload_url: string; file_url: string };
	};
	const put = async (url: string, body: string) => await fetch(url, { method: 'PUT', body });

	it('keeps the name of an upload in its address, or not', async () => {
		await start();
		expect((await begin()).file_url).toMatch(/\/a%20fox\.png$/);
		fal.options.uploadNames = 'own';
		expect((await begin()).file_url).not.toContain('fox');
	});

	it('takes bytes only where an upload was begun, and only for its time', async () => {
		await start();
		const { upload_url: url } = await begin();
		expect((await put(`${url}x`, 'bytes')).status).toBe(403);
		expect((await put(url, 'bytes')).status).toBe(200);
		fal.options.uploadExpiry = -1;
		expect((await put((await begin()).upload_url, 'bytes')).status).toBe(403);
		expect(fal.uploads).toHaveLength(1);
	});

	it('puts parts together only by their etags', async () => {
		await start();
		const { upload_url: url } = await begin('initiate-multipart');
		const at = (end: string) => url.replace('?', `/${end}?`);
		const part = (await (await put(at('1'), 'one')).json()) as { partNumber: number; etag: string };
		const complete = async (etag: string) =>
			await fetch(at('complete'), {
				method: 'POST',
				body: JSON.stringify({ parts: [{ ...part, etag }] }),
			});
		expect((await complete('"wrong"')).status).toBe(400);
		expect((await complete(part.etag)).status).toBe(200);
		expect(fal.uploads).toMatchObject([{ size: 3 }]);
	});

	it('forgets media after their time', async () => {
		await start({ mediaExpiry: -1 });
		const [image] = await imagesOf({ prompt: 'x' });
		expect((await fetch(image?.url ?? '')).status).toBe(404);
	});
});

describe('the queue', () => {
	it('answers 405 for a method or a path that it does not have', async () => {
		await start();
		const path = await submit();
		const calls = [
			call(DEV),
			call(`${path}/cancel`),
			post(`${path}/status`, {}),
			call(`${path}/unheard-of`),
		];
		expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([405, 405, 405, 405]);
	});

	it('gives the result under /response too, and to nobody who sends a body', async () => {
		await start();
		const path = await submit();
		await end(path);
		expect((await call(`${path}/response`)).status).toBe(200);
		expect(await statusOfGetWithBody(path)).toBe(422);
	});

	it('answers 400 to what is not JSON', async () => {
		await start();
		const response = await post(DEV, '{"prompt":');
		expect(response.status).toBe(400);
		expect(await response.json()).toMatchObject({ error_type: 'bad_request' });
	});

	it('takes no more than fal_max_queue_length', async () => {
		await start({ accountConcurrency: 0 });
		const limited = `${SCHNELL}?fal_max_queue_length=1`;
		expect((await post(limited, { prompt: 'x' })).status).toBe(200);
		expect((await post(limited, { prompt: 'x' })).status).toBe(429);
	});

	it('lets the newer start timeout win over the older one', async () => {
		await start({ accountConcurrency: 0 });
		const path = await submit(
			{ prompt: 'x' },
			{ 'x-fal-request-start-timeout': '0.5', 'x-fal-request-timeout': '500' },
		);
		const result = await resultOf(path);
		expect(result.status).toBe(504);
		expect(result.headers.get('x-fal-request-timeout-type')).toBe('user');
		expect(await result.json()).toMatchObject({ error_type: 'request_timeout' });
	});
});

describe('the platform API', () => {
	it('lists and searches models, page by page', async () => {
		await start();
		const pages = await pagesOf('api.fal.ai/v1/models?limit=2');
		const models = pages.flatMap((page) => page.models as Array<{ endpoint_id: string }>);
		expect(models.map(({ endpoint_id }) => endpoint_id)).toEqual(MODELS.map(({ id }) => id));
		// fal's cursors encode the number of the page: this is the example of its spec.
		expect(pages[0]).toMatchObject({ next_cursor: 'Mg==', has_more: true });
		const found = await call('api.fal.ai/v1/models?q=schnell');
		expect(await found.json()).toMatchObject({
			models: [{ endpoint_id: 'fal-ai/flux/schnell' }],
			next_cursor: null,
			has_more: false,
		});
	});

	it('gives prices to those with a key, for models that it knows', async () => {
		await start();
		const pricing = 'api.fal.ai/v1/models/pricing?endpoint_id=';
		expect(await (await call(`${pricing}fal-ai/flux/dev`)).json()).toMatchObject({
			prices: [{ endpoint_id: 'fal-ai/flux/dev', unit_price: 0.025, unit: 'image' }],
		});
		expect((await call(`${pricing}fal-ai/unheard-of`)).status).toBe(404);
		const anonymous = await fetch(`${fal.baseUrl}/${pricing}fal-ai/flux/dev`);
		expect(anonymous.status).toBe(401);
		expect(await anonymous.json()).toMatchObject({ error: { type: 'authorization_error' } });
	});

	it('remembers what ended, without the payloads that were not to be stored', async () => {
		await start();
		await Promise.all([end(await submit({})), end(await submit({ prompt: 'open' }))]);
		await end(await submit({ prompt: 'secret' }, { 'x-fal-store-io': '0' }));
		const all = (await (await call(`${HISTORY}&expand=payloads`)).json()) as { items: unknown[] };
		expect(all.items).toHaveLength(3);
		expect(JSON.stringify(all)).not.toContain('secret');
		const failed = await call(`${HISTORY}&status=user_error`);
		expect(await failed.json()).toMatchObject({ items: [{ status_code: 422 }] });
		const page = await call(`${HISTORY}&limit=1`);
		expect(await page.json()).toMatchObject({ items: [{ status_code: 200 }], has_more: true });
		const later = await call(`${HISTORY}&start=${new Date(Date.now() + 1000).toISOString()}`);
		expect(await later.json()).toMatchObject({ items: [] });
	});

	it('lists what is open too where that is switched on, in front and without an end', async () => {
		await start({ historyShows: 'all', accountConcurrency: 1 });
		fal.schedule({ job: 'stuck_in_queue', where: ({ inputText }) => inputText.includes('stuck') });
		await submit({ prompt: 'stuck' });
		await end(await submit());
		const open = { ended_at: null, status_code: null, duration: null, json_output: null };
		expect(await history('expand=payloads')).toMatchObject([
			{ ...open, sent_at: expect.any(String), json_input: { prompt: 'stuck' } },
			{ ended_at: expect.any(String), status_code: 200, json_input: { prompt: 'x' } },
		]);
		expect(await history('status=success')).toHaveLength(1);
		fal.options.historyShows = 'ended';
		expect(await history()).toMatchObject([{ status_code: 200 }]);
	});

	it('tells history as late as it is told to', async () => {
		// A second and a half each, of which every look takes a part.
		await start({ historyShows: 'all', historyDelay: 75_000, jobTime: () => 75_000 });
		await submit();
		expect(await history()).toEqual([]);
		// It hears of the job before it hears of its end.
		const seen = await until(history, ({ length }) => length === 1);
		expect(seen).toMatchObject([{ ended_at: null }]);
		await until(history, ([entry]) => entry?.ended_at !== null);
	});

	it('pages and filters a history of thousands, each request once', async () => {
		const JOBS = 2000;
		await start({ speed: 1000, accountConcurrency: 1000 });
		const path = await submit({ prompt: 'first' });
		await end(path);
		const [first] = await history();
		while (fal.jobs.size < JOBS) {
			const length = Math.min(100, JOBS - fal.jobs.size);
			await Promise.all(Array.from({ length }, () => submit()));
		}
		await allEnded();
		const startedAt = Date.now();
		const pages = await pagesOf(`${HISTORY}&limit=100&expand=payloads`);
		const took = Date.now() - startedAt;
		const items = pages.flatMap((page) => page.items as HistoryItem[]);
		expect(pages).toHaveLength(JOBS / 100);
		expect(new Set(items.map(({ request_id }) => request_id))).toEqual(new Set(fal.jobs.keys()));
		const ends = items.map(({ ended_at }) => ended_at);
		expect(ends).toEqual(ends.toSorted().reverse());
		// What ended at the very moment is in a time that starts with it, and not in one that ends with it.
		const moment = first?.ended_at ?? '';
		const from = (await pagesOf(`${HISTORY}&limit=100&start=${moment}`)).flatMap(
			(page) => page.items as HistoryItem[],
		);
		expect(from).toHaveLength(JOBS);
		expect(await history(`end=${moment}`)).toEqual([]);
		expect(took).toBeLessThan(30_000);
	}, 120_000);

	it('says which dates it can not read', async () => {
		await start();
		const response = await call(`${HISTORY}&start=yesterday`);
		expect(response.status).toBe(400);
		expect(await response.json()).toMatchObject({ error: { type: 'validation_error' } });
	});

	it('publishes the schema by which a model checks its input', async () => {
		await start();
		const openapi = 'fal.ai/api/openapi/queue/openapi.json?endpoint_id=';
		expect(await (await call(`${openapi}fal-ai/flux/dev`)).json()).toMatchObject({
			components: { schemas: { FluxDevInput: { required: ['prompt'] } } },
			paths: { '/fal-ai/flux/dev': { post: {} } },
		});
		const unknown = await call(`${openapi}fal-ai/unheard-of`);
		expect([unknown.status, await unknown.json()]).toEqual([404, null]);
	});
});

describe('a fault', () => {
	/** Whether an answer came, and whether the job was taken. */
	async function strike(answer: FaultyAnswer): Promise<{ answered: boolean; taken: number }> {
		await start();
		fal.schedule({ call: 'submit', answer, times: 1 });
		const hangedUp = new AbortController();
		const asked = fetch(`${fal.baseUrl}/${SCHNELL}`, {
			method: 'POST',
			body: '{"prompt":"x"}',
			headers: { authorization: 'Key local:key' },
			signal: hangedUp.signal,
		}).then(
			() => true,
			() => false,
		);
		if (answer === 'hang' || answer === 'hang_before') {
			await until(
				async () => fal.counts().calls.submit,
				(submits) => submits > 0,
			);
			await pause(300);
			hangedUp.abort();
		}
		const answered = await asked;
		return { answered, taken: fal.counts().jobs.accepted };
	}

	it.each([
		['refuse', 0],
		['reset_before', 0],
		['hang_before', 0],
		['reset_after', 1],
		['hang', 1],
	] as const)('%s leaves the caller without an answer and %d jobs taken', async (answer, taken) => {
		expect(await strike(answer)).toEqual({ answered: false, taken });
	});

	it.each([
		[{ status: 503 }, 0],
		[{ status: 502, taken: true }, 1],
	] as const)('%j answers in place of fal with %d jobs taken', async (answer, taken) => {
		expect(await strike(answer)).toEqual({ answered: true, taken });
	});

	it.each([
		['empty', /^$/, 'application/json; charset=utf-8'],
		['half_json', /^\{"status":"IN_QUEUE".*[^}]$/, 'application/json; charset=utf-8'],
		['html', /^<!doctype html>/, 'text/html'],
		['wrong_content_type', /^\{.*\}$/, 'text/plain'],
		[{ size: 100_000 }, /^\{"filler":"x{99987}"\}$/, 'application/json; charset=utf-8'],
		['trickle', /^\{.*\}$/, 'application/json; charset=utf-8'],
	] as const)('%j spoils the answer to a submit that was taken', async (answer, body, type) => {
		await start({ speed: 1000 });
		fal.schedule({ call: 'submit', answer });
		const response = await post(SCHNELL, { prompt: 'x' });
		expect(await response.text()).toMatch(body);
		expect(response.headers.get('content-type')).toBe(type);
		expect(fal.counts().jobs.accepted).toBe(1);
	});

	it.each([
		['empty', true],
		['half_json', true],
		['html', false],
		[{ status: 502, taken: true }, false],
	] as const)('%j: whether the headers of the answer are fal’s: %p', async (answer, areFals) => {
		await start();
		fal.schedule({ call: 'submit', answer });
		const { headers } = await post(SCHNELL, { prompt: 'x' });
		expect(headers.has('x-fal-request-id')).toBe(areFals);
	});

	it('endless_trickle begins with the right answer, and never ends', async () => {
		await start({ speed: 1000 });
		fal.schedule({ call: 'submit', answer: 'endless_trickle' });
		const response = await post(SCHNELL, { prompt: 'x' });
		const reader = response.body!.getReader();
		let seen = '';
		while (!/"queue_position":0\s{3}/.test(seen)) {
			const { value, done } = await reader.read();
			expect(done).toBe(false);
			seen += Buffer.from(value!).toString();
		}
		await reader.cancel();
	});

	it('strikes the nth call, each nth, those that match, and so often', async () => {
		await start({ accountConcurrency: 0 });
		fal.schedule({ call: 'submit', nth: 2, answer: { status: 500 } });
		fal.schedule({ call: 'submit', every: 3, times: 1, answer: { status: 503 } });
		const withdraw = fal.schedule({
			call: 'any',
			where: ({ kind, prompt }) => kind === 'submit' && prompt === 'struck',
			answer: { status: 429, headers: { 'retry-after': '1' }, body: { detail: 'slow down' } },
		});
		const prompts = ['x', 'x', 'x', 'struck', 'x', 'x'];
		const seen: number[] = [];
		for (const prompt of prompts) seen.push((await post(SCHNELL, { prompt })).status);
		withdraw();
		seen.push((await post(SCHNELL, { prompt: 'struck' })).status);
		expect(seen).toEqual([200, 500, 503, 429, 200, 200, 200]);
	});

	it('of the machinery ends the job with its own type and status', async () => {
		await start();
		fal.schedule({ job: 'runner_disconnected', times: 1 });
		const path = await submit();
		expect(await (await end(path)).json()).toMatchObject({ error_type: 'runner_disconnected' });
		const result = await call(path);
		expect([result.status, result.headers.get('x-fal-error-type')]).toEqual([
			503,
			'runner_disconnected',
		]);
		expect((await resultOf(await submit())).status).toBe(200);
	});

	it('of the model says whether another try makes sense', async () => {
		await start();
		fal.schedule({ job: 'internal_server_error', times: 1 });
		fal.schedule({ job: 'downstream_service_error', needsRetry: false, nth: 2 });
		const [first, second] = [await resultOf(await submit()), await resultOf(await submit())];
		expect([first.status, first.headers.get('x-fal-needs-retry')]).toEqual([500, '1']);
		expect([second.status, second.headers.get('x-fal-needs-retry')]).toEqual([500, '0']);
	});

	it('that passes is retried by fal itself, unless the submit forbids it', async () => {
		await start();
		fal.schedule({ job: 'runner_connection_error', attempts: 2 });
		const retried = await submit();
		const single = await submit({ prompt: 'x' }, { 'x-fal-no-retry': 'true' });
		expect((await resultOf(retried)).status).toBe(200);
		expect((await resultOf(single)).status).toBe(503);
		const [job] = [...fal.jobs.values()];
		expect(job?.attempts).toBe(3);
		expect(job?.gatewayRequestId).not.toBe(job?.requestId);
	});

	it('can leave a job in the queue for ever, from where it can be cancelled', async () => {
		await start();
		fal.schedule({ job: 'stuck_in_queue', where: ({ inputText }) => inputText.includes('stuck') });
		const stuck = await submit({ prompt: 'stuck' });
		await end(await submit());
		expect(await (await call(`${stuck}/status`)).json()).toMatchObject({
			status: 'IN_QUEUE',
			queue_position: 0,
		});
		expect((await call(`${stuck}/cancel`, { method: 'PUT' })).status).toBe(202);
	});
});

describe('a fal that is gone', () => {
	/** Why a new connection fails; nothing if it doesn't. */
	async function refusal(): Promise<string | undefined> {
		const { hostname, port } = new URL(fal.baseUrl);
		return await new Promise((resolve) => {
			const socket = connect({ host: hostname, port: Number(port) });
			socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
			socket.once('connect', () => resolve(void socket.destroy()));
		});
	}

	it('refuses connections, and comes back on the same port with all its jobs', async () => {
		await start({ jobTime: () => NEVER });
		const path = await submit();
		const hanging = fetch(`${fal.baseUrl}/${path}/status/stream`, {
			headers: { authorization: 'Key local:key' },
		});
		const stream = (await hanging).text();
		fal.goDark();
		await expect(stream).rejects.toThrow();
		expect(await refusal()).toBe('ECONNREFUSED');
		fal.goDark();
		await fal.comeBack();
		await fal.comeBack();
		expect(await refusal()).toBeUndefined();
		expect((await call(`${path}/status`)).status).toBe(202);
	});

	it('may go with an answer, which still arrives', async () => {
		await start();
		fal.schedule({ call: 'submit', times: 1, answer: 'then_dark' });
		const path = await submit();
		expect(await refusal()).toBe('ECONNREFUSED');
		await fal.comeBack();
		expect((await end(path)).status).toBe(200);
	});

	it('can be closed for good', async () => {
		await start();
		fal.goDark();
		await expect(fal.close()).resolves.toBeUndefined();
	});
});
