/** The requests that fal's official client makes of our calls, and what becomes of fal's answers. */
import type { Conditions, ReplyHeaders, Submission } from '../../nodes/engine/transport';
import { FalTransport } from '../../nodes/fal/falTransport';
import type { HttpOutcome, HttpRequest } from '../../nodes/fal/http';
import { parseInputJson } from '../../nodes/fal/json';
import { isRecord } from '../../nodes/engine/isRecord';
import { answer, fakeHttp } from './fakeHttp';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const handle = { requestId: ID, model: 'fal-ai/flux/dev' };
const taken = answer(200, { status: 'IN_QUEUE', request_id: ID, queue_position: 2 });

function submission(conditions: Conditions = {}, model = 'fal-ai/flux/dev'): Submission {
	return { model, input: { prompt: 'a cat', seed: 42 }, conditions };
}

async function requestOf(job: Submission): Promise<HttpRequest> {
	const { send, requests } = fakeHttp(taken);
	await new FalTransport(send).submit(job);
	expect(requests).toHaveLength(1);
	return requests[0]!;
}

describe('the request of', () => {
	it('a submit is a POST of the bare input to the whole model ID', async () => {
		expect(await requestOf(submission())).toMatchObject({
			method: 'POST',
			url: 'https://queue.fal.run/fal-ai/flux/dev',
			headers: { 'content-type': 'application/json', 'x-fal-queue-priority': 'normal' },
			body: '{"prompt":"a cat","seed":42}',
			survivesStop: true,
		});
	});

	it('a submit of an empty input has a body, too', async () => {
		expect((await requestOf({ ...submission(), input: {} })).body).toBe('{}');
	});

	it.each([
		{ option: { priority: 'low' }, header: 'x-fal-queue-priority', value: 'low' },
		{ option: { runnerHint: 'campaign-42' }, header: 'x-fal-runner-hint', value: 'campaign-42' },
		{ option: { startTimeout: 0.5 }, header: 'x-fal-request-start-timeout', value: '0.5' },
		{ option: { startTimeout: 90 }, header: 'x-fal-request-start-timeout', value: '90' },
		{ option: { noRetry: true }, header: 'x-fal-no-retry', value: '1' },
		{ option: { storePayloads: false }, header: 'x-fal-store-io', value: '0' },
		{
			option: { mediaExpiration: 3_600 },
			header: 'x-fal-object-lifecycle-preference',
			value: '{"expiration_duration_seconds":3600}',
		},
	] as const)('a submit with $option has the header $header', async ({ option, header, value }) => {
		expect((await requestOf(submission(option))).headers[header]).toBe(value);
		const plain = await requestOf(submission());
		expect(plain.headers[header]).not.toBe(value);
	});

	it.each([{ noRetry: false }, { storePayloads: true }] as const)(
		'a submit with %j leaves fal’s default alone',
		async (option) => {
			expect((await requestOf(submission(option))).headers).toEqual(
				(await requestOf(submission())).headers,
			);
		},
	);

	it('a submit with a webhook has its URL, encoded, in the query and not in the input', async () => {
		const webhookUrl = 'https://n8n.example.com/webhook/x?item=1&of=2#end';
		const { url, body } = await requestOf(submission({ webhookUrl }));
		expect(url).toMatch(
			/^https:\/\/queue\.fal\.run\/fal-ai\/flux\/dev\?fal_webhook=https%3A%2F%2F/,
		);
		expect(new URL(url).searchParams.get('fal_webhook')).toBe(webhookUrl);
		expect(body).toBe('{"prompt":"a cat","seed":42}');
	});

	// fal serves these under owner and app only; with the rest of the ID it answers 405.
	it('a look, a result and a cancel leave out what comes after owner and app', async () => {
		const { send, requests } = fakeHttp(
			answer(202, { status: 'IN_PROGRESS' }),
			answer(202, { status: 'IN_PROGRESS' }),
			answer(200, {}),
			answer(202, { status: 'CANCELLATION_REQUESTED' }),
		);
		const fal = new FalTransport(send);
		await fal.status(handle, { logs: true });
		await fal.status(handle, { logs: false });
		await fal.result(handle);
		await fal.cancel(handle);
		const base = `https://queue.fal.run/fal-ai/flux/requests/${ID}`;
		expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
			`GET ${base}/status?logs=1`,
			`GET ${base}/status?logs=0`,
			`GET ${base}`,
			`PUT ${base}/cancel`,
		]);
		// A GET with a body is answered 422 by fal; a submit and a cancel are sent even after a stop.
		expect(requests.map(({ body }) => body)).toEqual(Array(4).fill(undefined));
		expect(requests.map(({ survivesStop }) => survivesStop)).toEqual([false, false, false, true]);
	});

	it.each(['workflows', 'comfy'])('a model in %s keeps three segments', async (namespace) => {
		const model = `${namespace}/octocat/my-flow`;
		const { send, requests } = fakeHttp(taken, answer(202, { status: 'IN_PROGRESS' }));
		const fal = new FalTransport(send);
		await fal.submit(submission({}, `${model}/deeper`));
		await fal.status({ requestId: ID, model: `${model}/deeper` }, { logs: false });
		expect(requests.map(({ url }) => url)).toEqual([
			`https://queue.fal.run/${model}/deeper`,
			`https://queue.fal.run/${model}/requests/${ID}/status?logs=0`,
		]);
	});

	it('every call has a limit of time and size', async () => {
		const { limits } = await requestOf(submission());
		expect(limits.time).toBeGreaterThan(0);
		expect(limits.bytes).toBeGreaterThan(0);
	});

	it('a submit keeps the digits of a large seed', async () => {
		const parsed = parseInputJson('{"loras": [{"seed": 196619188014358660}], "scale": 0.5}')?.value;
		const { body } = await requestOf({ ...submission(), input: isRecord(parsed) ? parsed : {} });
		// As a number where this Node can write it, else as text, which fal reads as a number.
		expect(body?.replaceAll('"196619188014358660"', '196619188014358660')).toBe(
			'{"loras":[{"seed":196619188014358660}],"scale":0.5}',
		);
	});
});

describe('the API key', () => {
	const before = process.env.FAL_KEY;
	beforeAll(() => (process.env.FAL_KEY = 'key-of-the-server:secret'));
	afterAll(() => {
		if (before === undefined) delete process.env.FAL_KEY;
		else process.env.FAL_KEY = before;
	});

	// n8n adds the key of the credential; one from the server's environment would bill its owner.
	it('is never put on a request by the client, not even with FAL_KEY in the environment', async () => {
		const { send, requests } = fakeHttp(taken, answer(200, { status: 'COMPLETED' }));
		const fal = new FalTransport(send);
		await fal.submit(submission());
		await fal.status(handle, { logs: false });
		await fal.result(handle);
		await fal.cancel(handle);
		expect(requests).toHaveLength(4);
		for (const request of requests) {
			expect(Object.keys(request.headers)).not.toContain('authorization');
			expect(JSON.stringify(request)).not.toContain('key-of-the-server');
		}
	});
});

describe('nothing is sent twice by the client, which would retry', () => {
	afterEach(() => jest.restoreAllMocks());

	const troubles: HttpOutcome[] = [
		answer(429, { detail: 'Too many' }),
		answer(500, 'x'),
		answer(502, 'x'),
		answer(503, { detail: 'x' }),
		answer(504, ''),
		{ kind: 'lost', reason: 'the connection was reset' },
		{ kind: 'unsent', reason: 'the connection was refused' },
		{ kind: 'broken', status: 200, headers: {}, reason: 'the answer broke off' },
		answer(200, '{"request_id": "hal'),
	];

	it.each(troubles)('not after %j', async (outcome) => {
		const { send, requests } = fakeHttp(outcome);
		const fal = new FalTransport(send);
		const asks = [
			async () => await fal.submit(submission()),
			async () => await fal.status(handle, { logs: false }),
			async () => await fal.result(handle),
			async () => await fal.cancel(handle),
		];
		for (const ask of asks) {
			requests.length = 0;
			const setTimer = jest.spyOn(globalThis, 'setTimeout');
			await ask();
			expect(requests).toHaveLength(1);
			// The client would have waited a second before the next.
			expect(setTimer).not.toHaveBeenCalled();
		}
		expect(fal.sent).toEqual({ submit: 1, status: 1, result: 1, cancel: 1 });
	});
});

describe('an answer', () => {
	const submitted = async (outcome: HttpOutcome) =>
		await new FalTransport(fakeHttp(outcome).send).submit(submission());
	const resultOf = async (outcome: HttpOutcome) =>
		await new FalTransport(fakeHttp(outcome).send).result(handle);

	it('to a submit gives the request id', async () => {
		expect(await submitted(taken)).toEqual({
			kind: 'answered',
			status: 200,
			headers: {},
			body: { requestId: ID, queuePosition: 2 },
		});
	});

	it.each([
		{ what: 'an empty text', text: '', reason: 'the answer is empty' },
		{
			what: 'HTML',
			text: '<html>Welcome</html>',
			reason: 'not JSON but begins with "<html>Welcome',
		},
		{ what: 'half of the JSON', text: '{"request_id": "764', reason: 'not JSON' },
		{
			what: 'JSON without a request id',
			text: '{"status": "IN_QUEUE"}',
			reason: 'not what fal sends',
		},
		{
			what: 'a request id with a slash',
			text: '{"request_id": "a/b"}',
			reason: 'not what fal sends',
		},
		{
			what: 'a request id that climbs',
			text: '{"request_id": ".."}',
			reason: 'not what fal sends',
		},
		{ what: 'null', text: 'null', reason: 'not what fal sends' },
	])('to a submit that is $what can’t be read', async ({ text, reason }) => {
		expect(await submitted(answer(200, text))).toEqual({
			kind: 'unreadable',
			status: 200,
			reason: expect.stringContaining(reason),
		});
	});

	// The id is that of a paid job: it is in the headers, whatever a proxy did to the body.
	it.each([
		{ what: 'is empty', outcome: { ...answer(200, ''), headers: { 'x-fal-request-id': 'req-7' } } },
		{
			what: 'broke off',
			outcome: {
				kind: 'broken',
				status: 200,
				headers: { 'x-fal-request-id': 'req-7' },
				reason: 'the answer broke off',
			} as const,
		},
	])('that $what is a yes, when its headers name the request', async ({ outcome }) => {
		expect(await submitted(outcome)).toMatchObject({
			kind: 'answered',
			body: { requestId: 'req-7' },
		});
	});

	it('that is a no stays one, although its headers name a request', async () => {
		const refused = { ...answer(429, ''), headers: { 'x-fal-request-id': 'req-7' } };
		expect(await submitted(refused)).toMatchObject({ kind: 'rejected', status: 429 });
	});

	it('without a body (204) can’t be read', async () => {
		expect(await submitted(answer(204, ''))).toMatchObject({ kind: 'unreadable', status: 204 });
	});

	it('that is too large or broke off can’t be read, if it was a yes', async () => {
		const reason = 'the answer is larger than 1 MB';
		expect(await submitted({ kind: 'broken', status: 200, headers: {}, reason })).toEqual({
			kind: 'unreadable',
			status: 200,
			reason,
		});
	});

	it('that broke off is still a no, if it was one', async () => {
		const broken = {
			kind: 'broken',
			headers: { 'retry-after': '5' },
			reason: 'it broke off',
		} as const;
		expect(await submitted({ ...broken, status: 429 })).toMatchObject({
			kind: 'rejected',
			status: 429,
			headers: { 'retry-after': '5' },
		});
	});

	it.each([
		{ what: 'JSON', text: '{"detail":"No"}', body: { detail: 'No' } },
		{ what: 'text', text: 'No', body: 'No' },
		{ what: 'a page, which says nothing to a person', text: ' <html>No</html>', body: undefined },
	])('that refuses keeps its status, headers and $what', async ({ text, body }) => {
		const headers = { 'x-fal-error-type': 'bad_request', 'x-fal-request-timeout-type': 'user' };
		expect(await submitted(answer(400, text, headers))).toEqual({
			kind: 'rejected',
			status: 400,
			headers,
			body,
		});
	});

	it.each([301, 302, 304, 307])('%i is a no: redirects are not followed', async (status) => {
		const headers = { location: 'https://example.com/' };
		expect(await submitted(answer(status, '', headers))).toMatchObject({
			kind: 'rejected',
			status,
		});
	});

	it('that never came, or never could, is passed on as it is', async () => {
		for (const kind of ['lost', 'unsent'] as const) {
			expect(await submitted({ kind, reason: 'why' })).toEqual({ kind, reason: 'why' });
		}
	});

	it('is JSON, whatever its content type says', async () => {
		const text = '{"images":[]}';
		for (const type of ['text/html', 'text/plain', 'application/octet-stream', '']) {
			expect(await resultOf(answer(200, text, { 'content-type': type }))).toMatchObject({
				kind: 'answered',
				body: { output: { images: [] } },
			});
		}
	});

	it('with a result gives the output as it is, digits kept, and the units billed', async () => {
		const text = '{"seed": 196619188014358660, "nested": {"data": [1]}}';
		const headers = { 'x-fal-billable-units': '1.25', 'x-fal-request-id': ID };
		expect(await resultOf(answer(200, text, headers))).toEqual({
			kind: 'answered',
			status: 200,
			headers,
			body: { output: { seed: '196619188014358660', nested: { data: [1] } }, billableUnits: 1.25 },
		});
	});

	it.each(['null', '[]', '"text"', '5', 'false'])(
		'with the result %s is a result',
		async (text) => {
			expect(await resultOf(answer(200, text))).toMatchObject({
				kind: 'answered',
				body: { output: JSON.parse(text) },
			});
		},
	);

	const noUnits: { what: string; headers: ReplyHeaders }[] = [
		{ what: 'without the header', headers: {} },
		{ what: 'in a header that is no number', headers: { 'x-fal-billable-units': 'many' } },
	];

	it.each(noUnits)('has no units billed $what', async ({ headers }) => {
		const reply = await resultOf(answer(200, {}, headers));
		expect(reply).toMatchObject({ body: { output: {} } });
		expect(reply).not.toHaveProperty('body.billableUnits');
	});

	// Known defect: nothing is told there, and 0 is read.
	it('has no units billed in an empty header', async () => {
		const reply = await resultOf(answer(200, {}, { 'x-fal-billable-units': '' }));
		expect(reply).not.toHaveProperty('body.billableUnits');
	});

	it('with a status is checked, and read for what it says', async () => {
		const looked = async (status: number, body: unknown) =>
			await new FalTransport(fakeHttp(answer(status, body)).send).status(handle, { logs: true });
		expect(await looked(202, { status: 'IN_QUEUE', queue_position: 3 })).toMatchObject({
			kind: 'answered',
			body: { status: 'IN_QUEUE', queuePosition: 3 },
		});
		expect(await looked(200, { status: 'CANCELLED' })).toMatchObject({ kind: 'unreadable' });
	});
});

describe('a cancel', () => {
	const cancelled = async (outcome: HttpOutcome) =>
		await new FalTransport(fakeHttp(outcome).send).cancel(handle);

	it.each(['', '<html>', '{"sta'])('is heard with any 2xx, also with %j', async (text) => {
		expect(await cancelled(answer(202, text))).toMatchObject({
			kind: 'answered',
			body: 'CANCELLATION_REQUESTED',
		});
	});

	it.each([
		{ status: 202, body: { status: 'CANCELLATION_REQUESTED' }, verdict: 'CANCELLATION_REQUESTED' },
		{ status: 200, body: { status: 'OK' }, verdict: 'CANCELLATION_REQUESTED' },
		{ status: 200, body: { success: true }, verdict: 'CANCELLATION_REQUESTED' },
		{ status: 400, body: { status: 'ALREADY_COMPLETED' }, verdict: 'ALREADY_COMPLETED' },
		{ status: 404, body: { status: 'NOT_FOUND' }, verdict: 'NOT_FOUND' },
		{ status: 404, body: 'Not Found', verdict: 'NOT_FOUND' },
	])('answered $status $body: $verdict', async ({ status, body, verdict }) => {
		expect(await cancelled(answer(status, body))).toMatchObject({
			kind: 'answered',
			status,
			body: verdict,
		});
	});

	it('refused for any other reason stays refused', async () => {
		expect(await cancelled(answer(503, 'x'))).toMatchObject({ kind: 'rejected', status: 503 });
	});
});

describe('it never throws', () => {
	// A header can't hold these; the node checks the hint before, so this is the last line.
	it.each(['two\nlines', 'snow ☃', '\u0000'])('over the runner hint %j', async (runnerHint) => {
		const { send, requests } = fakeHttp(taken);
		const reply = await new FalTransport(send).submit(submission({ runnerHint }));
		expect(reply).toMatchObject({ kind: 'unsent' });
		expect(requests).toEqual([]);
	});

	it('when sending throws: it may have been sent, so the fate is not known', async () => {
		const fal = new FalTransport(async () => {
			throw new TypeError('fetch failed');
		});
		expect(await fal.submit(submission())).toEqual({ kind: 'lost', reason: 'fetch failed' });
		expect(fal.sent.submit).toBe(1);
	});

	it('when something is thrown that is no error', async () => {
		const fal = new FalTransport(async () => await Promise.reject('strange'));
		expect(await fal.cancel(handle)).toEqual({ kind: 'lost', reason: 'strange' });
	});

	it('over a model ID that the client refuses', async () => {
		const { send, requests } = fakeHttp(taken);
		const fal = new FalTransport(send);
		expect(await fal.submit(submission({}, 'flux'))).toMatchObject({ kind: 'unsent' });
		expect(requests).toEqual([]);
	});
});
