/** Fal Trigger as n8n runs it: the built node in n8n-core's webhook context, called back over sockets. */
import type { INodeParameters } from 'n8n-workflow';
import { type KeyHost, startKeyHost } from '../callbacks/keyHost';
import { post } from '../callbacks/post';
import { keyPair, type RawCallback, signedCallback } from '../callbacks/signedCallbacks';
import { type LocalFal, startLocalFal } from '../local-fal';
import { until } from '../until';
import { logWritten } from './environment';
import {
	Database,
	loadTrigger,
	startTrigger,
	type TriggerOptions,
	type TriggerServer,
} from './triggerServer';

const MODEL = 'fal-ai/flux/schnell';
const API_KEY = 'local:key';

let fal: LocalFal;
/** What a test has started; ended after it. */
const started: Array<{ close(): Promise<void> }> = [];

beforeAll(async () => {
	fal = await startLocalFal({ speed: 10, accountConcurrency: 40 });
});
afterAll(async () => await fal.close());
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { jobTime: () => 10, webhooks: {} });
});
afterEach(async () => {
	for (const { close } of started.splice(0)) await close();
});

async function trigger(options: Partial<TriggerOptions> = {}): Promise<TriggerServer> {
	const credential = { apiKey: API_KEY, baseUrl: fal.baseUrl };
	const server = await startTrigger({ credential, ...options });
	started.push(server);
	return server;
}

async function submit(prompt: string, webhookUrl: string): Promise<string> {
	const query = `fal_webhook=${encodeURIComponent(webhookUrl)}`;
	const response = await fetch(`${fal.baseUrl}/queue.fal.run/${MODEL}?${query}`, {
		method: 'POST',
		headers: { authorization: `Key ${API_KEY}`, 'content-type': 'application/json' },
		body: JSON.stringify({ prompt }),
	});
	return Object(await response.json()).request_id;
}

/** Submits one, and waits until its callback has been acknowledged. */
async function completionOf(prompt: string, server: TriggerServer, query = '') {
	const requestId = await submit(prompt, `${server.url}${query}`);
	await until(() => fal.deliveries.some(({ outcome }) => outcome === 'acknowledged'));
	return { requestId, ...server.database.executions[0]! };
}

describe('a job that is done', () => {
	it('comes out of Completed, with its output, its account and what the Webhook URL carried', async () => {
		const server = await trigger();
		const { requestId, completed, failed } = await completionOf(
			'a fox',
			server,
			`?row=7&model=${MODEL}&note=caf%C3%A9+%26+more&tag=a&tag=b`,
		);
		const [job] = fal.jobs.values();
		expect(failed).toEqual([]);
		expect(completed).toEqual([
			{
				json: {
					request_id: requestId,
					model: MODEL,
					status: 'COMPLETED',
					output: expect.objectContaining({ prompt: 'a fox', seed: String(job!.ownSeed) }),
					user_id: 'local-user',
					correlation: { row: '7', model: MODEL, note: 'café & more', tag: ['a', 'b'] },
				},
			},
		]);
		// The order in which a person reads them.
		expect(Object.keys(completed[0]!.json)).toEqual([
			'output',
			'request_id',
			'model',
			'status',
			'user_id',
			'correlation',
		]);
	});

	it('keeps all digits of a seed beyond 2^53', async () => {
		const { completed } = await completionOf('a fox', await trigger());
		const [job] = fal.jobs.values();
		expect(job!.ownSeed).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
		expect(completed[0]!.json.output).toMatchObject({ seed: String(job!.ownSeed) });
	});

	it('has no model when nobody said which, and an empty correlation', async () => {
		const { completed } = await completionOf('a fox', await trigger());
		expect(completed[0]!.json).not.toHaveProperty('model');
		expect(completed[0]!.json.correlation).toEqual({});
	});
});

describe('a job that has failed', () => {
	it('comes out of Failed, in fal’s own words, with the same fields', async () => {
		const server = await trigger();
		const { requestId, completed, failed } = await completionOf(
			'a forbidden thing',
			server,
			`?row=8&model=${MODEL}`,
		);
		expect(completed).toEqual([]);
		expect(failed).toEqual([
			{
				json: {
					request_id: requestId,
					model: MODEL,
					user_id: 'local-user',
					correlation: { row: '8', model: MODEL },
					error: {
						type: 'content_policy_violation',
						message: expect.stringContaining('flagged by a content checker'),
						status_code: 422,
						detail: [expect.objectContaining({ type: 'content_policy_violation' })],
						retryable: false,
						outcome: 'failed',
					},
				},
			},
		]);
	});
});

describe('with an Account User ID', () => {
	it.each(['local-user', '  local-user '])(
		'of %j, jobs of that account are taken',
		async (userId) => {
			const server = await trigger({ parameters: { userId } });
			expect((await completionOf('a fox', server)).completed).toHaveLength(1);
		},
	);

	it('of another account, jobs are refused with 401 and start nothing', async () => {
		const server = await trigger({ parameters: { userId: 'somebody-else' } });
		await submit('a fox', server.url);
		await until(() => (server.answers[401] ?? 0) > 0);
		expect(server.database.executions).toEqual([]);
		expect(server.database.staticData).toEqual({});
	});
});

describe('however often fal delivers', () => {
	it('100 completions start 100 executions, though each comes twice at the same moment', async () => {
		fal.options.webhooks = { duplicateEvery: 1, delayScale: 0.1 };
		const server = await trigger();
		const ids = await Promise.all(
			Array.from({ length: 100 }, (_, row) => submit(`prompt ${row}`, `${server.url}?row=${row}`)),
		);
		await until(() => acknowledged() === 200);
		const { executions } = server.database;
		const rows = executions.map(({ completed }) => Object(completed[0]!.json.correlation).row);
		process.stdout.write(
			`100 completions, each delivered twice: ${executions.length} executions; answers by status ${JSON.stringify(server.answers)}\n`,
		);
		expect(executions.map(({ completed }) => completed[0]!.json.request_id).toSorted()).toEqual(
			ids.toSorted(),
		);
		expect(new Set(rows).size).toBe(100);
	});

	it('20 copies at the same moment start one, and the others are put off until it is certain', async () => {
		const { host, callback, server } = await ownFal();
		let insert = () => {};
		server.database.insert = () => new Promise((resolve) => (insert = resolve));
		const copies = Array.from({ length: 20 }, () => send(server, callback));
		await until(() => server.answers[503] === 19);
		insert();
		const statuses = (await Promise.all(copies)).map(({ status }) => status);
		expect(statuses.toSorted()).toEqual([200, ...Array(19).fill(503)]);
		expect(server.database.executions).toHaveLength(1);
		expect((await send(server, callback)).text).toContain('Received before');
		expect(host.asked).toBe(1);
	});

	it('one of which no execution could be made is taken when it comes again', async () => {
		fal.options.webhooks = { delayScale: 0.1 };
		const server = await trigger();
		const troubles = [new Error('database is locked'), new Error('database is locked')];
		server.database.insert = async () => {
			const trouble = troubles.shift();
			if (trouble) throw trouble;
		};
		await completionOf('a fox', server);
		expect(fal.deliveries.map(({ status }) => status)).toEqual([500, 500, 200]);
		expect(server.database.executions).toHaveLength(1);
	});

	/** Milliseconds, in which a busy machine has let the first delivery arrive. */
	const TOO_LONG = 1_000;

	// A yes to the second delivery, and fal would not send a third: the completion would be lost.
	it('one that n8n takes too long over, and then fails with, is taken when it comes again', async () => {
		fal.options.webhooks = { firstTimeout: TOO_LONG, delayScale: 0.5 };
		const server = await trigger();
		let attempts = 0;
		server.database.insert = async () => {
			if (++attempts > 1) return;
			await until(() => fal.deliveries.length >= 2);
			throw new Error('database is locked');
		};
		await completionOf('a fox', server);
		const statuses = fal.deliveries.map(({ status }) => status);
		expect(statuses[0]).toBeUndefined();
		expect(statuses[1]).toBe(503);
		expect(statuses.at(-1)).toBe(200);
		expect(server.database.executions).toHaveLength(1);
	});

	it('one that n8n takes too long over, and then keeps, is not taken again', async () => {
		fal.options.webhooks = { firstTimeout: TOO_LONG, delayScale: 0.5 };
		const server = await trigger();
		server.database.insert = async () => await until(() => fal.deliveries.length >= 2);
		await completionOf('a fox', server);
		const statuses = fal.deliveries.map(({ status }) => status);
		expect([statuses[0], statuses[1], statuses.at(-1)]).toEqual([undefined, 503, 200]);
		expect(server.database.executions).toHaveLength(1);
	});

	it.each([
		['n8n 2', false],
		['n8n 1', true],
	])(
		'another process of %s, or the one after a restart, does not take it again',
		async (which, isN8n1) => {
			const { host, sign, server } = await ownFal({ database: new Database(), isN8n1 });
			// All servers with one database are one workflow to the node.
			const callback = sign({ requestId: which.replace(' ', '-') });
			expect((await send(server, callback)).status).toBe(200);
			let node;
			jest.isolateModules(() => (node = loadTrigger()));
			const { database } = server;
			const credential = { apiKey: API_KEY, baseUrl: host.baseUrl };
			const other = await trigger({ credential, database, node });
			expect((await send(other, callback)).text).toContain('Received before');
			expect(database.executions).toHaveLength(1);
			// It has keys of its own, so it is another process indeed.
			expect(host.asked).toBe(2);
		},
	);

	it('n8n’s database keeps the last 200, however many come', async () => {
		const { sign, server } = await ownFal();
		for (let i = 0; i < 300; i++) await send(server, sign({ requestId: `request-${i}` }));
		const { staticData } = server.database;
		expect(server.database.executions).toHaveLength(300);
		const kept = Object(staticData['node:Fal Trigger']).takenCompletions;
		expect(kept).toHaveLength(200);
		expect(kept.at(-1)).toBe('request-299 OK');
		expect(JSON.stringify(staticData).length).toBeLessThan(10_000);
	});

	it('while the workflow is tried out in the editor, each delivery is taken', async () => {
		const { callback, server } = await ownFal({ mode: 'manual' });
		for (let i = 0; i < 3; i++) expect((await send(server, callback)).status).toBe(200);
		expect(server.database.executions).toHaveLength(3);
		expect(server.database.staticData).toEqual({});
	});
});

describe('a result that fal left out of its callback', () => {
	beforeEach(() => {
		fal.options.webhooks = { payloadError: true };
	});

	it('is fetched by its request ID, from the model that the Webhook URL names', async () => {
		const { requestId, completed } = await completionOf(
			'a fox',
			await trigger({ parameters: { options: { model: 'fal-ai/another/model' } } }),
			`?row=7&model=${MODEL}`,
		);
		expect(completed[0]!.json).toMatchObject({
			request_id: requestId,
			model: MODEL,
			status: 'COMPLETED',
			output: { prompt: 'a fox' },
			user_id: 'local-user',
			correlation: { row: '7' },
		});
		expect(fal.counts().calls).toMatchObject({ status: 1, result: 1 });
	});

	it.each([MODEL, `https://fal.ai/models/${MODEL}`])(
		'is fetched from the model in the options, given as %s',
		async (model) => {
			const server = await trigger({ parameters: { options: { model } } });
			const { completed } = await completionOf('a fox', server);
			expect(completed[0]!.json).toMatchObject({ model: MODEL, output: { prompt: 'a fox' } });
		},
	);

	it.each([[''], ['?model=no'], ['?model=a%2Fb&model=c%2Fd'], ['?model=..%2F..%2Fadmin']])(
		'goes to Failed, with its request ID and what to do, when the model is not known (%s)',
		async (query) => {
			const { requestId, failed } = await completionOf('a fox', await trigger(), query);
			expect(failed[0]!.json).toMatchObject({
				request_id: requestId,
				error: { type: 'payload_missing', outcome: 'unknown', retryable: false },
			});
			expect(messageOf(failed[0]!.json)).toMatch(
				/^The job is done, but fal left the result out of its callback: Response payload is not JSON serializable\..* It could not be fetched: Its model is not known: add "\?model=/,
			);
			expect(fal.counts().calls).toMatchObject({ status: 0, result: 0 });
		},
	);

	// One 404 decides nothing, and for a second one there is no time: fal waits for its answer.
	it('goes to Failed, with its request ID, when fal does not know it any more', async () => {
		fal.schedule({ call: 'status', answer: { status: 404, body: { status: 'NOT_FOUND' } } });
		const server = await trigger();
		const { requestId, failed } = await completionOf('a fox', server, `?model=${MODEL}`);
		expect(failed[0]!.json).toMatchObject({
			request_id: requestId,
			error: { type: 'payload_missing', outcome: 'unknown', retryable: false },
		});
		expect(messageOf(failed[0]!.json)).toContain('Fetch it with Fal Queue Status');
	});

	it('goes to Failed, with the reason, when fal can’t be asked', async () => {
		fal.schedule({ call: 'status', answer: { status: 503 } });
		const server = await trigger();
		const { failed } = await completionOf('a fox', server, `?model=${MODEL}`);
		expect(messageOf(failed[0]!.json)).toContain(
			'It could not be fetched: fal could not be asked about the job: HTTP status 503.',
		);
	});

	it.each(['status', 'result'] as const)(
		'goes to Failed, and fal has its answer within 15 seconds, when the %s call hangs',
		async (call) => {
			fal.schedule({ call, answer: 'hang_before' });
			const server = await trigger();
			const startedAt = Date.now();
			const { requestId, failed } = await completionOf('a fox', server, `?model=${MODEL}`);
			const seconds = (Date.now() - startedAt) / 1_000;
			process.stdout.write(`${call} call hangs: answered after ${seconds.toFixed(1)} s\n`);
			expect(seconds).toBeLessThan(15);
			expect(fal.deliveries.map(({ status }) => status)).toEqual([200]);
			expect(failed[0]!.json.request_id).toBe(requestId);
			expect(messageOf(failed[0]!.json)).toContain('fal did not give it within 5 seconds.');
		},
	);
});

describe('what is refused, and starts nothing:', () => {
	it.each(['wrong', 'stale'] as const)('a %s signature, with 401', async (signature) => {
		fal.options.webhooks = { signature };
		const server = await trigger();
		await submit('a fox', server.url);
		await until(() => (server.answers[401] ?? 0) > 0);
		expect(server.database.executions).toEqual([]);
	});

	const cases: Array<[string, number, (callback: RawCallback) => Sent]> = [
		['no headers of fal’s, with 400', 400, ({ rawBody }) => [rawBody, JSON_TYPE]],
		['no body, with 400', 400, ({ headers }) => ['', headers]],
		['a body that is no JSON, with 400', 400, ({ headers }) => ['<html>', headers]],
		[
			'a body that is no JSON but is called so, with 422, by n8n',
			422,
			({ headers }) => ['<html>', { ...headers, ...JSON_TYPE }],
		],
		[
			'the signature given twice, with 400',
			400,
			({ headers, rawBody }) => [rawBody, twice(headers, 'x-fal-webhook-signature')],
		],
		[
			'the timestamp given twice, with 400',
			400,
			({ headers, rawBody }) => [rawBody, twice(headers, 'x-fal-webhook-timestamp')],
		],
		[
			'the request ID given twice, with 400',
			400,
			({ headers, rawBody }) => [rawBody, twice(headers, 'x-fal-webhook-request-id')],
		],
		// A user ID may be any text, also one with a comma; the signature is not over this one.
		[
			'the user ID given twice, with 401',
			401,
			({ headers, rawBody }) => [rawBody, twice(headers, 'x-fal-webhook-user-id')],
		],
		[
			'a signature that is too short, with 400',
			400,
			({ headers, rawBody }) => [rawBody, { ...headers, 'x-fal-webhook-signature': 'abcd' }],
		],
		[
			'a timestamp that is no number, with 400',
			400,
			({ headers, rawBody }) => [rawBody, { ...headers, 'x-fal-webhook-timestamp': 'now' }],
		],
		[
			'a body with one byte more, with 401',
			401,
			({ headers, rawBody }) => [Buffer.concat([rawBody, Buffer.from(' ')]), headers],
		],
	];

	it.each(cases)('%s', async (_, status, change) => {
		const { callback, server } = await ownFal();
		const [body, headers] = change(callback);
		expect((await post(server.url, body, headers)).status).toBe(status);
		expect(server.database.executions).toEqual([]);
		expect(server.database.staticData).toEqual({});
		// The genuine one is as good as before.
		expect((await send(server, callback)).status).toBe(200);
	});

	it.each([
		['answers 500', { status: 500, body: '' }],
		['answers with a web page', { status: 200, body: '<!doctype html>' }],
		['has no key of its kind', { status: 200, body: '{"keys":[{"kty":"RSA"}]}' }],
	])('any callback while fal’s key set %s, with 503', async (_, answer) => {
		const { host, callback, server } = await ownFal();
		host.answer = answer;
		for (let i = 0; i < 3; i++) expect((await send(server, callback)).status).toBe(503);
		expect(host.asked).toBe(1);
		expect(server.database.executions).toEqual([]);
	});

	it('any callback while fal’s key set can’t be reached, with 503', async () => {
		const { host, callback, server } = await ownFal();
		await host.close();
		started.splice(started.indexOf(host), 1);
		expect((await send(server, callback)).status).toBe(503);
		expect(server.database.executions).toEqual([]);
	});

	it('any callback while fal’s key set does not answer, with 503 and within 15 seconds', async () => {
		fal.schedule({ call: 'jwks', answer: 'hang_before' });
		// Keys are kept for each Base URL, so this one is not known yet.
		const baseUrl = fal.baseUrl.replace('127.0.0.1', 'localhost');
		const server = await trigger({ credential: { apiKey: API_KEY, baseUrl } });
		const startedAt = Date.now();
		await submit('a fox', server.url);
		await until(() => server.answers[503] === 1);
		expect(Date.now() - startedAt).toBeLessThan(15_000);
	});

	it('any callback while the credential can’t be used, with 500', async () => {
		const server = await trigger({ credential: { apiKey: API_KEY, baseUrl: 'my gateway' } });
		await submit('a fox', server.url);
		await until(() => (server.answers[500] ?? 0) > 0);
		expect(server.database.executions).toEqual([]);
	});
});

it('in a flood of 2,000 forged callbacks the key set is fetched at most twice, and good ones get through', async () => {
	const { host, sign, server } = await ownFal();
	const stranger = keyPair();
	const startedAt = Date.now();
	for (let i = 0; i < 100; i++) {
		const forged = Array.from({ length: 20 }, () =>
			send(server, sign({ key: stranger.privateKey, requestId: `forged-${i}` })),
		);
		const good = send(server, sign({ requestId: `good-${i}` }));
		expect((await good).status).toBe(200);
		expect(new Set((await Promise.all(forged)).map(({ status }) => status))).toEqual(
			new Set([401]),
		);
	}
	const seconds = (Date.now() - startedAt) / 1_000;
	process.stdout.write(
		`2,000 forged callbacks over HTTP in ${seconds.toFixed(1)} s: key set fetched ${host.asked} times, ${server.database.executions.length} of 100 good ones taken\n`,
	);
	// Once a minute at the most, however slow this machine is.
	expect(host.asked).toBeLessThanOrEqual(2 + Math.floor(seconds / 60));
	expect(server.database.executions).toHaveLength(100);
});

it('the API key is in nothing that is written', async () => {
	const credential = { apiKey: 'secret-of-mine:7f3a', baseUrl: fal.baseUrl };
	fal.options.keys = [API_KEY, credential.apiKey];
	fal.options.webhooks = { payloadError: true, duplicateEvery: 1, delayScale: 0.1 };
	const server = await trigger({ credential });
	await submit('a fox', `${server.url}?model=${MODEL}`);
	await submit('a fox', server.url);
	await post(server.url, '{}');
	await until(() => acknowledged() === 4);
	expect(fal.calls.some(({ kind, key }) => kind === 'result' && key === credential.apiKey)).toBe(
		true,
	);
	await logWritten();
	const written = server.everythingWritten();
	expect(written).toContain('This is not a callback of fal’s');
	expect(written).not.toContain('secret-of-mine');
});

describe('when the workflow is published', () => {
	const publishedAt = async (webhookUrl: string, baseUrl: string) =>
		await (await trigger({ credential: { apiKey: API_KEY, baseUrl } })).publish(webhookUrl);

	it.each(['http://localhost:5678/webhook', 'http://10.0.0.7:5678/webhook'])(
		'at %s, the log says that fal can’t reach it',
		async (address) => {
			expect(await publishedAt(address, '')).toContain(`fal can’t reach ${address}/`);
		},
	);

	it('at an address on the internet, it says nothing', async () => {
		expect(await publishedAt('https://n8n.example.com/webhook', '')).not.toContain(
			'fal can’t reach',
		);
	});

	it('with a gateway in front of fal, it says nothing: that may reach it', async () => {
		expect(await publishedAt('http://localhost:5678/webhook', fal.baseUrl)).not.toContain(
			'fal can’t reach',
		);
	});
});

type Sent = [Uint8Array | string, Record<string, string | string[]>];

const JSON_TYPE = { 'content-type': 'application/json' };

const twice = (headers: Record<string, string>, name: string) => ({
	...headers,
	[name]: [headers[name]!, headers[name]!],
});

/** A trigger that trusts the keys of this test, for callbacks that the local fal would not send. */
async function ownFal(options: Partial<TriggerOptions> & { parameters?: INodeParameters } = {}) {
	const { privateKey, jwk } = keyPair();
	const host: KeyHost = await startKeyHost(jwk);
	started.push(host);
	const credential = { apiKey: API_KEY, baseUrl: host.baseUrl };
	const server = await trigger({ credential, ...options });
	const sign = (rest: Partial<Parameters<typeof signedCallback>[0]> = {}) =>
		signedCallback({ key: privateKey, sentAt: Date.now(), ...rest });
	return { host, server, sign, callback: sign() };
}

async function send({ url }: TriggerServer, { headers, rawBody }: RawCallback) {
	return await post(url, rawBody, { ...headers, ...JSON_TYPE });
}

const acknowledged = () =>
	fal.deliveries.filter(({ outcome }) => outcome === 'acknowledged').length;

function messageOf(json: object): string {
	return Object(Object(json).error).message;
}
