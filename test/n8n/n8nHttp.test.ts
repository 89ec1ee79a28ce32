import { Readable } from 'node:stream';
import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import type { HttpRequest } from '../../nodes/fal/http';
import { sendThroughN8n } from '../../nodes/n8n/n8nHttp';
import { type FakeNode, fakeNode } from './fakeNode';

const REQUEST: HttpRequest = {
	method: 'GET',
	url: 'https://queue.fal.run/fal-ai/flux/requests/1',
	headers: { accept: 'application/json' },
	limits: { time: 60_000, bytes: 1_000_000 },
	survivesStop: false,
};

interface Circumstances {
	readonly request?: Partial<HttpRequest>;
	readonly baseUrl?: string;
	readonly stop?: AbortSignal;
}

/** @param send n8n's HTTP helper */
async function sendBy(send: FakeNode['send'], circumstances: Circumstances = {}) {
	const { request, baseUrl = '', stop } = circumstances;
	const node = fakeNode({ ...(send && { send }) });
	return await sendThroughN8n(node, baseUrl, stop)({ ...REQUEST, ...request });
}

async function answered(response: unknown, circumstances?: Circumstances) {
	return await sendBy(async () => response, circumstances);
}

async function failed(error: unknown) {
	return await sendBy(async () => {
		throw error;
	});
}

const ok = (body: unknown) => ({ statusCode: 200, headers: {}, body });
const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more });

/** A body of which no more than its beginning ever comes. */
function endless(...chunks: string[]): Readable {
	const body = new Readable({ read() {} });
	for (const chunk of chunks) body.push(Buffer.from(chunk));
	return body;
}

describe('a request', () => {
	/** What n8n is asked for. */
	async function asked(circumstances: Circumstances) {
		const seen: IHttpRequestOptions[] = [];
		await sendBy(async (options) => {
			seen.push(options);
			return ok('');
		}, circumstances);
		return seen;
	}

	it('is n8n’s to send: as a stream, all of the answer, whatever its status, and no redirect', async () => {
		const request = { method: 'POST', body: '{}' };
		expect(await asked({ request })).toEqual([
			{
				method: 'POST',
				url: REQUEST.url,
				headers: { accept: 'application/json' },
				body: '{}',
				encoding: 'stream',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
				timeout: 60_000,
			},
		]);
	});

	it('without a body has none', async () => {
		const [options] = await asked({});
		expect(options).not.toHaveProperty('body');
	});

	it('goes through the Base URL', async () => {
		const [options] = await asked({ baseUrl: 'http://localhost:1234' });
		expect(options!.url).toBe('http://localhost:1234/queue.fal.run/fal-ai/flux/requests/1');
	});

	it('to a host that is not fal’s is never sent', async () => {
		const request = { url: 'https://queue.fal.run.example.com/x' };
		expect(await asked({ request })).toEqual([]);
		expect(await answered(ok(''), { request })).toMatchObject({ kind: 'lost' });
	});

	// n8n would end it with the execution, and with it a submit whose job is then lost.
	it('is sent without the cancel signal of n8n', async () => {
		const signals: unknown[] = [];
		await sendBy(async (_options, on: IExecuteFunctions) => {
			signals.push(on.getExecutionCancelSignal(), on.getNode().name);
			return ok('');
		});
		expect(signals).toEqual([undefined, 'Fal']);
	});
});

describe('an answer', () => {
	it('is given out as it came, with the names of its headers in small letters', async () => {
		const headers = { 'X-Fal-Request-Id': 'job-1', 'retry-after': 3, empty: null, none: undefined };
		const response = { statusCode: 429, headers, body: 'wait' };
		expect(await answered(response)).toEqual({
			kind: 'answer',
			status: 429,
			headers: { 'x-fal-request-id': 'job-1', 'retry-after': '3' },
			text: 'wait',
		});
	});

	it('is read from a stream, though a letter is spread over two pieces', async () => {
		const bytes = Buffer.from('größer');
		const body = Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]);
		expect(await answered(ok(body))).toMatchObject({ kind: 'answer', text: 'größer' });
	});

	it.each([undefined, null, 7, {}])('with the body %j is empty', async (body) => {
		expect(await answered(ok(body))).toMatchObject({ kind: 'answer', text: '' });
	});

	it.each([undefined, 'text'])('with the headers %j has none', async (headers) => {
		const response = { statusCode: 200, headers, body: '' };
		expect(await answered(response)).toMatchObject({ headers: {} });
	});

	it.each([undefined, 'text', {}, { statusCode: '200' }])(
		'that is %j is none',
		async (response) => {
			const reason = 'n8n gave no full response';
			expect(await answered(response)).toEqual({ kind: 'lost', reason });
		},
	);

	it('larger than it may be is broken, with the advice how to get a smaller one', async () => {
		const body = endless('x'.repeat(600_000), 'x'.repeat(600_000));
		expect(await answered(ok(body))).toEqual({
			kind: 'broken',
			status: 200,
			headers: {},
			reason: expect.stringMatching(/^the answer is larger than 1 MB\. .*"sync_mode", turn it off/),
			tooLarge: true,
		});
		expect(body.destroyed).toBe(true);
	});

	it('as large as it may be is whole', async () => {
		const body = Readable.from([Buffer.alloc(1_000_000, 'x')]);
		expect(await answered(ok(body))).toMatchObject({ kind: 'answer' });
	});

	it('that breaks off is broken, and still has its status', async () => {
		const body = endless('{"ima');
		setTimeout(() => body.destroy(new Error('aborted')), 5);
		expect(await answered(ok(body))).toEqual({
			kind: 'broken',
			status: 200,
			headers: {},
			reason: 'the answer broke off',
			tooLarge: false,
		});
	});
});

describe('time that is over', () => {
	const request = { limits: { time: 30, bytes: 1_000 } };
	const reason = 'there was no complete answer after 0.03 seconds';

	it('before an answer: the request is lost', async () => {
		const never = new Promise(() => {});
		expect(await sendBy(() => never, { request })).toEqual({ kind: 'lost', reason });
	});

	it('in the middle of an answer: it is broken, and its connection closed', async () => {
		const body = endless('{');
		const outcome = await answered(ok(body), { request });
		expect(outcome).toMatchObject({ kind: 'broken', status: 200, reason, tooLarge: false });
		expect(body.destroyed).toBe(true);
	});
});

describe('a stop of the execution', () => {
	const reason = 'the execution was stopped';

	/** The execution is stopped a moment after the request was sent. */
	function stopSoon(): AbortSignal {
		const stop = new AbortController();
		setTimeout(() => stop.abort(), 10);
		return stop.signal;
	}

	it('ends what only looks', async () => {
		const never = new Promise(() => {});
		expect(await sendBy(() => never, { stop: stopSoon() })).toEqual({ kind: 'lost', reason });
	});

	it('ends the reading of an answer', async () => {
		const outcome = await answered(ok(endless('{')), { stop: stopSoon() });
		expect(outcome).toMatchObject({ kind: 'broken', reason });
	});

	it('does not end a submit or a cancel', async () => {
		const slow = async () => {
			await new Promise((resolve) => setTimeout(resolve, 40));
			return ok('done');
		};
		const circumstances = { request: { survivesStop: true }, stop: stopSoon() };
		expect(await sendBy(slow, circumstances)).toMatchObject({ kind: 'answer', text: 'done' });
	});
});

describe('an error of the network', () => {
	/** Whether a submit may be sent again hangs on this. */
	it.each([
		['ECONNREFUSED', 'unsent', 'the connection was refused'],
		['ENOTFOUND', 'unsent', 'the host name is unknown'],
		['EAI_AGAIN', 'unsent', 'the host name could not be looked up'],
		['CERT_HAS_EXPIRED', 'unsent', 'the TLS certificate has expired'],
		['ECONNRESET', 'lost', 'the connection was reset'],
		['EPIPE', 'lost', 'the connection was closed'],
		['ETIMEDOUT', 'lost', 'the time was over'],
		['ERR_CANCELED', 'lost', 'the execution was stopped'],
		['EWHATEVER', 'lost', 'the connection failed'],
	])('%s: %s', async (code, kind, reason) => {
		expect(await failed(coded(code))).toEqual({ kind, reason });
	});

	it('is found where n8n has wrapped it', async () => {
		const wrapped = new Error('n8n', { cause: new Error('axios', { cause: coded('ENOTFOUND') }) });
		expect(await failed(wrapped)).toMatchObject({ kind: 'unsent' });
	});

	it('from before the connection stood: nothing was sent', async () => {
		const error = coded('ETIMEDOUT', { syscall: 'connect' });
		expect(await failed(error)).toEqual({ kind: 'unsent', reason: 'ETIMEDOUT' });
	});

	it.each(['SsrfBlockedIpError', 'SsrfBlockedHostnameError', 'NodeOperationError'])(
		'that is a refusal of n8n’s (%s): nothing was sent, and n8n’s words are kept',
		async (name) => {
			const Refusal = { [name]: class extends Error {} }[name]!;
			const reason = 'This address is blocked';
			expect(await failed(new Refusal(reason))).toEqual({ kind: 'unsent', reason });
		},
	);

	it.each([
		Object.assign(new Error('terminating connection'), { driverError: coded('57P01') }),
		new Error('Connection terminated unexpectedly'),
		new Error('timeout exceeded when trying to connect'),
	])('of n8n’s database, where the credential is (%s): nothing was sent', async (error) => {
		const reason = 'n8n’s database did not answer';
		expect(await failed(error)).toEqual({ kind: 'unsent', reason });
	});

	it.each([undefined, 'text', { cause: 'text' }])(
		'that is none (%j): it may have arrived',
		async (e) => {
			expect(await failed(e)).toEqual({ kind: 'lost', reason: 'the connection failed' });
		},
	);

	it('that goes in circles ends', async () => {
		const circle: Error = new Error('x');
		circle.cause = circle;
		expect(await failed(circle)).toMatchObject({ kind: 'lost' });
	});
});
