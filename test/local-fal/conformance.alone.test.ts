/**
 * The local fal against fal's own client, unmodified: what `@fal-ai/client` understands as fal's,
 * is fal's. Only its `fetch` is replaced, to find localhost.
 */
import { createHash } from 'node:crypto';
import { ApiError, createFalClient, ValidationError } from '@fal-ai/client';
import type { FalClient, QueueStatus } from '@fal-ai/client';
import { startLocalFal } from './index';
import type { LocalFal } from './index';

const DEV = 'fal-ai/flux/dev';
const KLING = 'fal-ai/kling-video/v2/master/text-to-video';

let fal: LocalFal;
let client: FalClient;

beforeAll(async () => {
	fal = await startLocalFal({ speed: 20 });
	client = clientWith('local:key');
});
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 10, exhaustedBalance: false, jobTime: 1 });
});
afterAll(() => fal.close());

function clientWith(credentials: string): FalClient {
	return createFalClient({
		credentials,
		fetch: (url, init) => fetch(String(url).replace(/^https:\//, fal.baseUrl), init),
	});
}

/** What the promise rejects with. */
async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
	return await promise.then(
		() => {
			throw new Error('It was to reject, and it resolved.');
		},
		(error: unknown) => error,
	);
}

async function completed(model: string, requestId: string): Promise<QueueStatus> {
	return await client.queue.subscribeToStatus(model, { requestId, pollInterval: 10 });
}

describe('the official client', () => {
	it('subscribes, sees every state and gets the output', async () => {
		fal.options.jobTime = 8;
		const seen = new Set<string>();
		const { data, requestId } = await client.subscribe(DEV, {
			input: { prompt: 'a red fox', num_images: 2 },
			pollInterval: 10,
			onQueueUpdate: ({ status }) => seen.add(status),
		});
		expect([...seen]).toEqual(['IN_PROGRESS', 'COMPLETED']);
		expect(requestId).toBe([...fal.jobs.keys()][0]);
		expect(data).toMatchObject({ prompt: 'a red fox', has_nsfw_concepts: [false, false] });
		expect(data.images).toHaveLength(2);
	});

	it('submits, and is told where to go on: the app only, without the path behind it', async () => {
		const submitted = await client.queue.submit(DEV, { input: { prompt: 'x' } });
		const url = `https://queue.fal.run/fal-ai/flux/requests/${submitted.request_id}`;
		expect(submitted).toEqual({
			status: 'IN_QUEUE',
			request_id: submitted.request_id,
			gateway_request_id: submitted.request_id,
			response_url: url,
			status_url: `${url}/status`,
			cancel_url: `${url}/cancel`,
			queue_position: 0,
		});
	});

	it.each([DEV, KLING, 'workflows/acme/poster', 'comfy/acme/portrait'])(
		'follows %s, rebuilding the URLs by its own rules',
		async (model) => {
			const { request_id } = await client.queue.submit(model, { input: { prompt: 'x' } });
			expect((await completed(model, request_id)).status).toBe('COMPLETED');
			const { data, requestId } = await client.queue.result(model, { requestId: request_id });
			expect(requestId).toBe(request_id);
			expect(Object.keys(data as object)).toContain(model === KLING ? 'video' : 'images');
		},
	);

	it('sees its place in the queue count down', async () => {
		fal.options.accountConcurrency = 0;
		const ids: string[] = [];
		for (const prompt of ['1', '2', '3']) {
			ids.push((await client.queue.submit(DEV, { input: { prompt } })).request_id);
		}
		const last = ids[2] ?? '';
		const positions = new Set<number>();
		await client.queue.subscribeToStatus(DEV, {
			requestId: last,
			pollInterval: 10,
			onQueueUpdate: (status) => {
				if (status.status !== 'IN_QUEUE' || positions.has(status.queue_position)) return;
				positions.add(status.queue_position);
				// The one in front leaves; who is the last one then may work.
				const requestId = ids.shift() ?? '';
				if (ids.length === 1) fal.options.accountConcurrency = 1;
				void client.queue.cancel(DEV, { requestId });
			},
		});
		expect([...positions]).toEqual([2, 1]);
	});

	it('gets logs if it asks for them, and null if not', async () => {
		const { request_id: requestId } = await client.queue.submit(KLING, { input: { prompt: 'x' } });
		await completed(KLING, requestId);
		const asked = await client.queue.status(KLING, { requestId, logs: true });
		const silent = await client.queue.status(KLING, { requestId });
		// It takes twelve seconds; timers may be a millisecond early.
		expect(Object(asked).metrics.inference_time).toBeGreaterThan(11.9);
		expect('logs' in asked && asked.logs.at(-1)).toMatchObject({
			message: 'Progress: 100%',
			level: 'INFO',
			source: 'USER',
		});
		expect(silent).toMatchObject({ logs: null });
	});

	it('streams the status until the job has ended', async () => {
		fal.options.jobTime = 8;
		const { request_id: requestId } = await client.queue.submit(DEV, { input: { prompt: 'x' } });
		const stream = await client.queue.streamStatus(DEV, { requestId, logs: true });
		const seen: string[] = [];
		stream.on('data', (status: QueueStatus) => seen.push(status.status));
		expect(await stream.done()).toMatchObject({ status: 'COMPLETED', request_id: requestId });
		expect(seen[0]).toBe('IN_PROGRESS');
	});

	it('cancels a queued job, and finds out that a completed one is too late', async () => {
		fal.options.accountConcurrency = 0;
		const { request_id: requestId } = await client.queue.submit(DEV, { input: { prompt: 'x' } });
		await client.queue.cancel(DEV, { requestId });
		expect(await client.queue.status(DEV, { requestId })).toMatchObject({
			status: 'COMPLETED',
			error_type: 'client_cancelled',
		});
		expect(await rejectionOf(client.queue.cancel(DEV, { requestId }))).toMatchObject({
			status: 400,
			body: { status: 'ALREADY_COMPLETED' },
		});
	});

	// fal takes any input: only the result tells (1.4, 1.7).
	it('gets its bad input accepted, completed, and refused by the result with field errors', async () => {
		const input = { num_images: 9 } as unknown as { prompt: string };
		const { request_id: requestId } = await client.queue.submit(DEV, { input });
		expect(await completed(DEV, requestId)).not.toHaveProperty('error');
		const error = await rejectionOf(client.queue.result(DEV, { requestId }));
		expect(error).toBeInstanceOf(ValidationError);
		const { fieldErrors, requestId: told } = error as ValidationError;
		expect(told).toBe(requestId);
		expect(fieldErrors).toEqual([
			expect.objectContaining({ loc: ['body', 'prompt'], type: 'missing', msg: 'Field required' }),
			expect.objectContaining({ loc: ['body', 'num_images'], type: 'less_than_equal' }),
		]);
		expect((error as ValidationError).getFieldErrors('num_images')).toHaveLength(1);
	});

	it('is told of a violated content policy in fal words', async () => {
		const input = { prompt: 'something forbidden' };
		const error = await rejectionOf(client.subscribe(DEV, { input, pollInterval: 10 }));
		expect((error as ValidationError).fieldErrors).toEqual([
			{
				loc: ['body', 'prompt'],
				msg: 'The content could not be processed because it contained material flagged by a content checker.',
				type: 'content_policy_violation',
				url: 'https://docs.fal.ai/errors/#content_policy_violation',
			},
		]);
	});

	it('gets an ApiError with 401 for a wrong key', async () => {
		const stranger = clientWith('not:mine');
		const error = await rejectionOf(stranger.queue.submit(DEV, { input: { prompt: 'x' } }));
		expect(error).toBeInstanceOf(ApiError);
		expect(error).toMatchObject({
			status: 401,
			body: { detail: 'No user found for Key ID and Secret' },
		});
	});

	it('gets an ApiError with 403 when the balance is exhausted', async () => {
		fal.options.exhaustedBalance = true;
		const error = await rejectionOf(client.queue.submit(DEV, { input: { prompt: 'x' } }));
		expect(error).toMatchObject({
			status: 403,
			body: { detail: expect.stringMatching(/^User is locked\. Reason: Exhausted/) as string },
		});
	});

	it('gets an ApiError with 404 for a model or a request that is not there', async () => {
		const unknownApp = await rejectionOf(client.queue.submit('fal-ai/h3-max', { input: {} }));
		expect(unknownApp).toMatchObject({
			status: 404,
			body: { detail: 'Application "h3-max" not found' },
		});
		const requestId = crypto.randomUUID();
		const unknownRequest = await rejectionOf(client.queue.status(DEV, { requestId }));
		expect(unknownRequest).toMatchObject({ status: 404, body: { status: 'NOT_FOUND' } });
	});

	it('knows its own start timeout from fal time-outs', async () => {
		fal.options.accountConcurrency = 0;
		const { request_id: requestId } = await client.queue.submit(DEV, {
			input: { prompt: 'x' },
			startTimeout: 2,
		});
		expect(await completed(DEV, requestId)).toMatchObject({ error_type: 'request_timeout' });
		const error = await rejectionOf(client.queue.result(DEV, { requestId }));
		expect(error).toMatchObject({ status: 504, isUserTimeout: true });
	});

	it('gets its priority, its hint and its own headers through', async () => {
		const { request_id } = await client.queue.submit(DEV, {
			input: { prompt: 'x' },
			priority: 'low',
			hint: 'same-runner',
			headers: { 'X-Fal-No-Retry': '1', 'X-Fal-Store-IO': '0' },
		});
		expect(fal.jobs.get(request_id)).toMatchObject({
			priority: 'low',
			hint: 'same-runner',
			noRetry: true,
			storesPayloads: false,
		});
	});

	it('uploads a file and can fetch it again', async () => {
		const url = await client.storage.upload(new Blob(['some bytes'], { type: 'text/plain' }));
		const response = await fetch(url);
		expect(response.headers.get('content-type')).toBe('text/plain');
		expect(await response.text()).toBe('some bytes');
	});

	it('uploads a large file in parts', async () => {
		const bytes = Buffer.alloc(90 * 1024 * 1024 + 1, 'large');
		const options = { lifecycle: { expiresIn: 60 } } as const;
		await client.storage.upload(new Blob([bytes], { type: 'video/mp4' }), options);
		expect(fal.counts().calls).toMatchObject({ upload: 0, upload_part: 10, upload_complete: 1 });
		expect(fal.uploads).toEqual([
			expect.objectContaining({
				size: bytes.length,
				sha256: createHash('sha256').update(bytes).digest('hex'),
				lifecycle: '{"expiration_duration_seconds":60}',
			}),
		]);
	});

	it('runs directly, and is refused with 429 where the queue would have waited', async () => {
		const { data } = await client.run(DEV, { input: { prompt: 'x' } });
		expect(data.images).toHaveLength(1);
		fal.options.accountConcurrency = 0;
		const response = await fetch(`${fal.baseUrl}/fal.run/${DEV}`, {
			method: 'POST',
			headers: { authorization: 'Key local:key' },
			body: '{"prompt":"x"}',
		});
		expect(response.status).toBe(429);
		expect(response.headers.get('x-fal-needs-retry')).toBe('1');
		expect(await response.json()).toMatchObject({ type: 'concurrent_requests_limit' });
	});
});
