import { isRequestId, readAccepted, readCancelRefusal, readStatus } from '../../nodes/fal/answers';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';

describe('a request id', () => {
	it.each([ID, '019d9e0b-6eb0-7920-8000-000000000000', 'abc', 'A_1', 'x'.repeat(200)])(
		'may be %s',
		(id) => {
			expect(isRequestId(id)).toBe(true);
		},
	);

	// It becomes part of an address, to which the API key is sent.
	it.each([
		'',
		'.',
		'..',
		'../../admin',
		'a/b',
		'a\\b',
		'a?b',
		'a#b',
		'a%2fb',
		'a b',
		'a\n',
		'-a',
		'é',
		'x'.repeat(201),
		5,
		null,
		undefined,
		{},
		[ID],
	])('can’t be %j', (id) => {
		expect(isRequestId(id)).toBe(false);
	});
});

describe('the answer to a submit', () => {
	it('gives the request id and the place in the queue', () => {
		const body = {
			status: 'IN_QUEUE',
			request_id: ID,
			response_url: `https://queue.fal.run/fal-ai/flux/requests/${ID}`,
			queue_position: 0,
		};
		expect(readAccepted(body)).toEqual({ requestId: ID, queuePosition: 0 });
	});

	it.each([undefined, null, -1, 1.5, '3', Number.NaN])('does without a place: %j', (place) => {
		const body = { request_id: ID, queue_position: place };
		expect(readAccepted(body)).toEqual({ requestId: ID });
	});

	it.each([
		undefined,
		null,
		'OK',
		[],
		[{ request_id: ID }],
		{},
		{ request_id: '' },
		{ request_id: 5 },
		{ request_id: '../x' },
		{ request_id: 'a/b' },
		{ requestId: ID },
	])('is none without a request id that can be used: %j', (body) => {
		expect(readAccepted(body)).toBeUndefined();
	});
});

describe('a status', () => {
	const line = { message: 'Loading', timestamp: 't', level: 'INFO', source: 'USER' };

	it.each([
		{
			body: { status: 'IN_QUEUE', queue_position: 2 },
			report: { status: 'IN_QUEUE', queuePosition: 2, logs: [] },
		},
		{ body: { status: 'IN_QUEUE' }, report: { status: 'IN_QUEUE', logs: [] } },
		{
			body: { status: 'IN_PROGRESS', logs: [line] },
			report: { status: 'IN_PROGRESS', logs: [line] },
		},
		{
			body: { status: 'COMPLETED', logs: null, metrics: { inference_time: 3.42 } },
			report: { status: 'COMPLETED', logs: [], inferenceTime: 3.42 },
		},
		{
			body: { status: 'COMPLETED', metrics: {}, error: 'Timed out', error_type: 'request_timeout' },
			report: {
				status: 'COMPLETED',
				logs: [],
				error: 'Timed out',
				errorType: 'request_timeout',
			},
		},
		{
			body: { status: 'COMPLETED', error: null, error_type: '' },
			report: { status: 'COMPLETED', logs: [] },
		},
		{
			body: { status: 'COMPLETED', metrics: { inference_time: -1 } },
			report: { status: 'COMPLETED', logs: [] },
		},
		{
			body: { status: 'COMPLETED', metrics: { inference_time: '3' } },
			report: { status: 'COMPLETED', logs: [] },
		},
		{ body: { status: 'COMPLETED', metrics: null }, report: { status: 'COMPLETED', logs: [] } },
	])('$body is read', ({ body, report }) => {
		expect(readStatus(body)).toEqual(report);
	});

	it('logs are taken as far as they are logs', () => {
		const logs = [line, { message: 5, level: 1 }, 'text', null, { message: 'x', more: 'y' }];
		expect(readStatus({ status: 'IN_PROGRESS', logs })).toEqual({
			status: 'IN_PROGRESS',
			logs: [line, { message: '' }, { message: 'x' }],
		});
		expect(readStatus({ status: 'IN_PROGRESS', logs: 'text' })).toMatchObject({ logs: [] });
	});

	it.each([
		undefined,
		null,
		'COMPLETED',
		[],
		{},
		{ status: 'FAILED' },
		{ status: 'completed' },
		{ status: 5 },
	])('%j is none', (body) => {
		expect(readStatus(body)).toBeUndefined();
	});
});

describe('a refused cancel', () => {
	it.each([
		{ status: 400, body: { status: 'ALREADY_COMPLETED' }, verdict: 'ALREADY_COMPLETED' },
		{ status: 404, body: { status: 'NOT_FOUND' }, verdict: 'NOT_FOUND' },
		{ status: 400, body: { status: 'NOT_FOUND' }, verdict: 'NOT_FOUND' },
		{ status: 404, body: 'Not Found', verdict: 'NOT_FOUND' },
		{ status: 400, body: { detail: 'Bad request' }, verdict: undefined },
		{ status: 503, body: undefined, verdict: undefined },
		{ status: 401, body: { detail: 'No user found' }, verdict: undefined },
	])('$status $body means $verdict', ({ status, body, verdict }) => {
		expect(readCancelRefusal(status, body)).toBe(verdict);
	});
});
