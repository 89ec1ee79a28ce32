/** fal's request history: what is asked, what its answers must look like, and what counts as the same input. */
import { FalHistory } from '../../nodes/fal/history';
import type { HttpOutcome } from '../../nodes/fal/http';
import { parseInputJson } from '../../nodes/fal/json';
import { answer, fakeHttp } from './fakeHttp';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const SINCE = Date.UTC(2026, 4, 1, 12);
const question = { model: 'fal-ai/flux/dev', since: SINCE, cursor: undefined, limit: 100 };

/** A request as fal lists it. */
const listed = (more: object = {}) => ({
	request_id: ID,
	endpoint_id: 'fal-ai/flux/dev',
	sent_at: '2026-05-01T12:00:00.500Z',
	started_at: '2026-05-01T12:00:01Z',
	ended_at: '2026-05-01T12:00:03Z',
	status_code: 200,
	duration: 2,
	json_input: { prompt: 'a cat' },
	json_output: { images: [] },
	...more,
});

async function ask(...outcomes: HttpOutcome[]) {
	const { send, requests } = fakeHttp(...outcomes);
	const history = new FalHistory(send);
	const reply = await history.page(question);
	return { reply, request: requests[0]!, history };
}

/** The requests of a page with these items. */
async function read(...items: unknown[]) {
	const { reply, history } = await ask(answer(200, { items, next_cursor: null, has_more: false }));
	if (reply.kind !== 'answered') throw new Error(reply.kind);
	return { requests: reply.body.requests, history };
}

describe('the question', () => {
	it('is for one model, from a moment on, with the inputs', async () => {
		const { request } = await ask(answer(200, { items: [] }));
		const { origin, pathname, searchParams } = new URL(request.url);
		expect(`${request.method} ${origin}${pathname}`).toBe(
			'GET https://api.fal.ai/v1/models/requests/by-endpoint',
		);
		expect(Object.fromEntries(searchParams)).toEqual({
			endpoint_id: 'fal-ai/flux/dev',
			start: '2026-05-01T12:00:00.000Z',
			expand: 'payloads',
			limit: '100',
		});
	});

	it('has no key, no body, an end, and does not outlive a stop', async () => {
		const { request } = await ask(answer(200, { items: [] }));
		expect(request.headers).toEqual({ accept: 'application/json' });
		expect(request.body).toBeUndefined();
		expect(request.survivesStop).toBe(false);
		expect(request.limits.time).toBeLessThanOrEqual(60_000);
		expect(request.limits.bytes).toBeLessThanOrEqual(32_000_000);
	});

	it('for another page names its cursor', async () => {
		const { send, requests } = fakeHttp(answer(200, { items: [] }));
		await new FalHistory(send).page({ ...question, cursor: 'a+b/c=&limit=1', limit: 10 });
		const { searchParams } = new URL(requests[0]!.url);
		expect(searchParams.get('cursor')).toBe('a+b/c=&limit=1');
		expect(searchParams.getAll('limit')).toEqual(['10']);
	});

	it('is counted', async () => {
		const { history } = await ask(answer(500, ''));
		await history.page(question);
		expect(history.sent).toEqual({ history: 2 });
	});
});

describe('a page', () => {
	it('lists requests with when and how they ended', async () => {
		const { requests, history } = await read(listed());
		expect(requests).toEqual([
			{
				handle: { requestId: ID, model: 'fal-ai/flux/dev' },
				sentAt: SINCE + 500,
				identity: history.identityOf({ prompt: 'a cat' }),
				end: { at: SINCE + 3_000, succeeded: true, inferenceTime: 2 },
			},
		]);
	});

	it.each([
		{ ended_at: null, status_code: null, duration: null },
		{ ended_at: undefined },
		{ ended_at: 'soon' },
	])('lists %j as open', async (more) => {
		const { requests } = await read(listed(more));
		expect(requests).toHaveLength(1);
		expect(requests[0]!.end).toBeUndefined();
	});

	it.each([
		{ status: 200, succeeded: true },
		{ status: 204, succeeded: true },
		{ status: 302, succeeded: false },
		{ status: 422, succeeded: false },
		{ status: 499, succeeded: false },
		{ status: 500, succeeded: false },
		{ status: null, succeeded: false },
		{ status: '200', succeeded: false },
	])('knows by the status $status whether a request succeeded', async ({ status, succeeded }) => {
		const { requests } = await read(listed({ status_code: status }));
		expect(requests[0]!.end).toMatchObject({ succeeded });
	});

	it.each([null, undefined, -1, '2', Number.NaN])(
		'takes no time of work from %j',
		async (duration) => {
			const { requests } = await read(listed({ duration }));
			expect(requests[0]!.end).toEqual({ at: SINCE + 3_000, succeeded: true });
		},
	);

	it.each([null, undefined, 'a cat', 7, ['a cat']])(
		'knows no identity of a request with the input %j',
		async (json_input) => {
			const { requests } = await read(listed({ json_input }));
			expect(requests[0]).not.toHaveProperty('identity');
		},
	);

	it.each([
		['an id that would change an address', { request_id: '../admin' }],
		['no id', { request_id: undefined }],
		['an id that is a number', { request_id: 7 }],
		['no time', { sent_at: null }],
		['a time that is none', { sent_at: 'yesterday' }],
		['a time that is a number', { sent_at: 1_777_636_800 }],
	])('leaves out a request with %s, and keeps the others', async (_, more) => {
		const { requests } = await read(listed(more), listed());
		expect(requests).toHaveLength(1);
	});

	it('leaves out what is no request at all', async () => {
		const { requests } = await read(null, 'text', 7, [], listed());
		expect(requests).toHaveLength(1);
	});

	it('tells where the next one begins', async () => {
		const { reply } = await ask(answer(200, { items: [], next_cursor: 'next', has_more: true }));
		expect(reply).toMatchObject({ kind: 'answered', body: { requests: [], nextCursor: 'next' } });
	});

	it.each([null, '', 7, undefined])('with the cursor %j is the last one', async (next_cursor) => {
		const { reply } = await ask(answer(200, { items: [], next_cursor, has_more: true }));
		expect(reply).toMatchObject({ kind: 'answered', body: { requests: [] } });
		expect(reply).not.toHaveProperty('body.nextCursor');
	});

	it.each([
		'',
		'   ',
		'<html><body>Please sign in</body></html>',
		'{"items": [',
		'null',
		'[]',
		'7',
		'"items"',
		'{}',
		'{"items": null}',
		'{"items": {"0": {}}}',
		'{"requests": []}',
	])('that is %j can’t be read', async (text) => {
		const { reply } = await ask(answer(200, text));
		expect(reply).toEqual({
			kind: 'unreadable',
			status: 200,
			reason: 'the answer is no list of requests',
		});
	});
});

describe('a question that goes wrong', () => {
	it.each([
		{ kind: 'lost', reason: 'the connection was reset' } as const,
		{ kind: 'unsent', reason: 'the connection was refused' } as const,
	])('is told as it is: $kind', async (outcome) => {
		expect((await ask(outcome)).reply).toEqual(outcome);
	});

	it.each([400, 401, 403, 404, 422, 429, 500, 503])(
		'with %i is told in fal’s words',
		async (status) => {
			const body = { error: { type: 'not_found', message: 'No such endpoint' } };
			const { reply } = await ask(answer(status, body, { 'retry-after': '7' }));
			expect(reply).toEqual({ kind: 'rejected', status, headers: { 'retry-after': '7' }, body });
		},
	);

	it('with a web page is told without it', async () => {
		const { reply } = await ask(answer(502, '<html>Bad Gateway</html>'));
		expect(reply).toEqual({ kind: 'rejected', status: 502, headers: {}, body: undefined });
	});

	it('as its answer breaks off can’t be read, and says whether it was too large', async () => {
		const broken = { kind: 'broken', status: 200, headers: {}, reason: 'too large' } as const;
		expect((await ask({ ...broken, tooLarge: true })).reply).toEqual({
			kind: 'unreadable',
			status: 200,
			reason: 'too large',
			tooLarge: true,
		});
		expect((await ask({ ...broken, tooLarge: false })).reply).toMatchObject({ tooLarge: false });
	});

	it('as an error breaks off is still that error', async () => {
		const broken = { kind: 'broken', status: 503, headers: {}, reason: 'it broke off' } as const;
		const { reply } = await ask({ ...broken, tooLarge: false });
		expect(reply).toMatchObject({ kind: 'rejected', status: 503 });
	});
});

describe('the same input', () => {
	const SEED = '196619188014358660';
	const { send } = fakeHttp();
	const identity = (input: unknown) => new FalHistory(send).identityOf(input);

	/** The identity of the input as fal gives it back, written as this text. */
	async function givenBack(text: string): Promise<string | undefined> {
		const page = JSON.stringify({ items: [listed({ json_input: 'HERE' })] });
		const { reply } = await ask(answer(200, page.replace('"HERE"', text)));
		return reply.kind === 'answered' ? reply.body.requests[0]!.identity : undefined;
	}

	it.each([
		[
			'the order of its fields',
			'{"b": 1, "a": {"d": [], "c": null}}',
			'{"a":{"c":null,"d":[]},"b":1}',
		],
		['the order of fields in a list', '{"l": [{"b": 1, "a": 2}]}', '{"l":[{"a":2,"b":1}]}'],
		['how its numbers are written', '{"n": 1.0, "m": 1e2, "o": -0}', '{"m":100,"n":1,"o":0}'],
		['how its text is written', '{"t": "\\u00e9\\/\\n"}', '{"t":"é/\\u000a"}'],
	])('does not depend on %s', async (_, sent, back) => {
		expect(await givenBack(back)).toBe(identity(parseInputJson(sent)?.value));
		expect(await givenBack(back)).toBe(identity(JSON.parse(sent)));
	});

	it.each([
		['the order of a list', '{"l": [1, 2]}', '{"l":[2,1]}'],
		['a digit', '{"seed": 1}', '{"seed":2}'],
		['a type', '{"seed": 1}', '{"seed":"1"}'],
		['a field that is null', '{"a": 1, "b": null}', '{"a":1}'],
		['a field at another depth', '{"a": {"b": 1}}', '{"b":{"a":1}}'],
		['an empty list', '{"a": []}', '{"a":{}}'],
		['a blank', '{"p": "a cat"}', '{"p":"a  cat"}'],
	])('depends on %s', async (_, sent, other) => {
		expect(await givenBack(other)).not.toBe(identity(JSON.parse(sent)));
	});

	it.each([
		['as a number', SEED],
		// As which it travels where Node can't write the number, and may be kept as.
		['as text', `"${SEED}"`],
	])('has a seed beyond 2^53 with all its digits, given back %s', async (_, back) => {
		const sent = identity(parseInputJson(`{"prompt": "a", "seed": ${SEED}}`)?.value);
		expect(await givenBack(`{"seed": ${back}, "prompt": "a"}`)).toBe(sent);
		const other = back.replace('660', '661');
		expect(await givenBack(`{"seed": ${other}, "prompt": "a"}`)).not.toBe(sent);
	});

	// An expression gives an object, whose numbers JavaScript has rounded: so they are sent.
	it('has a rounded seed as it was sent', async () => {
		const input = { seed: Number(SEED), size: 2 ** 60, factor: 1e21, least: -(2 ** 53) };
		expect(await givenBack(JSON.stringify(input))).toBe(identity(input));
	});

	it('has no fields that are not sent', async () => {
		const input = { prompt: 'a', negative: undefined, date: new Date(SINCE) };
		const sent = JSON.stringify(input);
		expect(await givenBack(sent)).toBe(identity(input));
	});

	it('is never one that can’t be sent', async () => {
		const circular: Record<string, unknown> = {};
		circular.self = circular;
		const ids = [identity({ seed: 1n }), identity(circular)];
		expect(ids).toEqual(['', '']);
		expect(await givenBack('{}')).not.toBe('');
	});

	it('that is nested too deeply to be compared is the same as none', async () => {
		const deep = 100_000;
		const text = `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`;
		expect(await givenBack(text)).toBeUndefined();
	});
});
