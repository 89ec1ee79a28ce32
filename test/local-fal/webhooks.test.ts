/**
 * fal's callbacks, received by a real server and verified by code of the test's own, written from
 * fal-queue.md 5.4 and not from the sender.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { startLocalFal } from './index';
import type { LocalFal } from './index';

const SPEED = 50;

interface Callback {
	readonly headers: IncomingHttpHeaders;
	readonly raw: string;
	readonly query: unknown;
}

// A busy machine takes its time.
jest.setTimeout(60_000);

let fal: LocalFal;
let receiver: FastifyInstance;
let received: Callback[] = [];
/** What the receiver answers, one by one; 200 when there are no more. */
let answers: number[] = [];
let receiverUrl: string;

beforeAll(async () => {
	fal = await startLocalFal({ speed: SPEED });
	receiver = Fastify({ forceCloseConnections: true });
	receiver.removeAllContentTypeParsers();
	receiver.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
		done(null, body),
	);
	receiver.post('/callback', async ({ headers, body, query }, reply) => {
		received.push({ headers, raw: String(body), query });
		const status = answers.shift() ?? 200;
		return await reply.code(status).header('location', '/elsewhere').send('');
	});
	receiverUrl = `${await receiver.listen({ host: '127.0.0.1', port: 0 })}/callback`;
});
beforeEach(() => {
	fal.reset();
	fal.options.webhooks = {};
	received = [];
	answers = [];
});
afterAll(async () => {
	await fal.close();
	await receiver.close();
});

/** Submits a quick job with a callback. Gives back its request id. */
async function submit(input: object = { prompt: 'x' }, url = receiverUrl): Promise<string> {
	const query = new URLSearchParams({ fal_webhook: url });
	const response = await fetch(`${fal.baseUrl}/queue.fal.run/fal-ai/flux/schnell?${query}`, {
		method: 'POST',
		headers: { authorization: 'Key local:key' },
		body: JSON.stringify(input),
	});
	const { request_id } = (await response.json()) as { request_id: string };
	return request_id;
}

async function until(condition: () => boolean): Promise<void> {
	for (const end = Date.now() + 30_000; !condition(); ) {
		if (Date.now() > end) throw new Error('It did not come to that within 30 s.');
		await pause(5);
	}
}

async function pause(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
}

async function publishedKeys(): Promise<string[]> {
	const response = await fetch(`${fal.baseUrl}/rest.fal.ai/.well-known/jwks.json`);
	const { keys } = (await response.json()) as { keys: Array<{ x: string }> };
	return keys.map(({ x }) => x);
}

/** Section 5.4, line by line. */
async function isProven({ headers, raw }: Callback): Promise<boolean> {
	const header = (name: string): string => String(headers[`x-fal-webhook-${name}`]);
	const signed = [
		header('request-id'),
		header('user-id'),
		header('timestamp'),
		createHash('sha256').update(raw, 'utf8').digest('hex'),
	].join('\n');
	const age = Math.abs(Date.now() / 1000 - Number(header('timestamp')));
	const byOneOfThem = (await publishedKeys()).some((x) => {
		const jwk = { kty: 'OKP', crv: 'Ed25519', x: x.replace(/=+$/, '') };
		const key = createPublicKey({ format: 'jwk', key: jwk });
		return verify(null, Buffer.from(signed), key, Buffer.from(header('signature'), 'hex'));
	});
	return byOneOfThem && age <= 300;
}

describe('a callback', () => {
	it('brings the output under a signature that the published key proves', async () => {
		const request_id = await submit();
		await until(() => received.length === 1);
		const [callback] = received as [Callback];
		expect(JSON.parse(callback.raw)).toMatchObject({
			request_id,
			gateway_request_id: request_id,
			status: 'OK',
			payload: { prompt: 'x' },
		});
		expect(callback.headers['x-fal-webhook-request-id']).toBe(request_id);
		expect(await isProven(callback)).toBe(true);
		expect(await isProven({ ...callback, raw: `${callback.raw} ` })).toBe(false);
	});

	it('keeps the query parameters of its URL', async () => {
		await submit({ prompt: 'x' }, `${receiverUrl}?order=17&signature=abc`);
		await until(() => received.length === 1);
		expect(received[0]?.query).toEqual({ order: '17', signature: 'abc' });
	});

	it('says ERROR with the body of the failed result', async () => {
		await submit({});
		await until(() => received.length === 1);
		expect(JSON.parse(received[0]?.raw ?? '')).toMatchObject({
			status: 'ERROR',
			error: 'Invalid status code: 422',
			payload: { detail: [{ loc: ['body', 'prompt'], type: 'missing' }] },
		});
	});

	it('can say OK without its payload', async () => {
		fal.options.webhooks = { payloadError: true };
		await submit();
		await until(() => received.length === 1);
		expect(JSON.parse(received[0]?.raw ?? '')).toMatchObject({
			status: 'OK',
			payload: null,
			payload_error: expect.stringContaining('not JSON serializable') as string,
		});
	});

	it('comes again after 4xx and 5xx, until it is acknowledged', async () => {
		answers = [500, 404];
		await submit();
		await until(() => fal.deliveries.length === 3);
		expect(fal.deliveries.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
			[1, 'retried'],
			[2, 'retried'],
			[3, 'acknowledged'],
		]);
	});

	it('does not follow a redirect and does not come again', async () => {
		answers = [302];
		await submit();
		await until(() => fal.deliveries.length === 1);
		await pause(3000 / SPEED);
		expect(fal.deliveries).toEqual([expect.objectContaining({ outcome: 'rejected', status: 302 })]);
		expect(received).toHaveLength(1);
	});

	it('comes twice when every callback is duplicated', async () => {
		fal.options.webhooks = { duplicateEvery: 1 };
		await submit();
		await until(() => received.length === 2);
		expect(received[0]?.raw).toBe(received[1]?.raw);
	});

	it('comes with the retry when the first attempt is dropped', async () => {
		fal.options.webhooks = { dropFirstEvery: 1 };
		await submit();
		await until(() => received.length === 1);
		expect(fal.deliveries[0]?.outcome).toBe('dropped');
	});

	it('never comes when it is lost', async () => {
		fal.options.webhooks = { loseEvery: 2 };
		const first = await submit();
		await until(() => received.length === 1);
		await submit();
		await until(() => fal.counts().jobs.completed === 2);
		await pause(3000 / SPEED);
		expect(received.map(({ headers }) => headers['x-fal-webhook-request-id'])).toEqual([first]);
	});

	it('comes later than the end of the job when it is late', async () => {
		fal.options.webhooks = { lateEvery: 1, lateBy: 10_000 };
		const requestId = await submit();
		await until(() => received.length === 1);
		const arrived = Date.now();
		const progress = fal.jobs.get(requestId)?.progress;
		const ended = progress?.status === 'COMPLETED' ? progress.endedAt : arrived;
		// Timers may be a millisecond early.
		expect(arrived - ended).toBeGreaterThanOrEqual(10_000 / SPEED - 1);
	});

	it.each(['wrong', 'stale'] as const)('is not proven by a %s signature', async (signature) => {
		fal.options.webhooks = { signature };
		await submit();
		await until(() => received.length === 1);
		expect(await isProven(received[0] as Callback)).toBe(false);
	});

	it('is proven by a key that is padded, too', async () => {
		fal.options.padJwksX = true;
		await submit();
		await until(() => received.length === 1);
		expect(await publishedKeys()).toEqual([expect.stringMatching(/=$/) as string]);
		expect(await isProven(received[0] as Callback)).toBe(true);
		fal.options.padJwksX = false;
	});
});
