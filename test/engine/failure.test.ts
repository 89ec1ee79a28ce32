import fc from 'fast-check';
import { endSentence, readFailure, readToldFailure } from '../../nodes/engine/failure';
import { SEED } from '../long';

describe('what fal said', () => {
	it('detail as text: an infrastructure error', () => {
		const body = { detail: 'Runner disconnected', error_type: 'runner_disconnected' };
		expect(readFailure(503, {}, body)).toEqual({
			type: 'runner_disconnected',
			message: 'Runner disconnected',
			statusCode: 503,
			detail: 'Runner disconnected',
			retryable: true,
		});
	});

	it('detail as a list: the fields of the input that are wrong', () => {
		const detail = [
			{
				loc: ['body', 'prompt'],
				msg: 'Field required',
				type: 'missing',
				url: 'https://docs.fal.ai/errors/#missing',
				input: { seed: 1 },
			},
			{
				loc: ['body', 'loras', 0, 'scale'],
				msg: 'Input should be less than or equal to 4',
				type: 'less_than_equal',
				ctx: { le: 4 },
			},
		];
		expect(readFailure(422, {}, { detail })).toEqual({
			type: 'missing',
			message: 'prompt: Field required; loras.0.scale: Input should be less than or equal to 4',
			statusCode: 422,
			detail,
			retryable: false,
		});
	});

	it('error.message: the platform API', () => {
		const body = { error: { type: 'rate_limited', message: 'Rate limit exceeded' } };
		expect(readFailure(429, {}, body)).toEqual({
			type: 'rate_limited',
			message: 'Rate limit exceeded',
			statusCode: 429,
			detail: body.error,
			retryable: false,
		});
	});

	it.each([
		{ what: 'error as text', body: { error: 'Boom' }, message: 'Boom' },
		{ what: 'only a message', body: { message: 'Boom' }, message: 'Boom' },
		{ what: 'a line of text', body: ' Bad Gateway \n', message: 'Bad Gateway' },
		{
			what: 'an error of the input as a whole',
			body: { detail: [{ loc: ['body'], msg: 'value is not a valid dict' }] },
			message: 'value is not a valid dict',
		},
		{
			what: 'a field error without a message',
			body: { detail: [{ loc: ['body', 'seed'], type: 'int_parsing' }] },
			message: 'seed: int_parsing',
		},
		{ what: 'a list of texts', body: { detail: ['one', 'two'] }, message: 'one; two' },
	])('$what', ({ body, message }) => {
		expect(readFailure(400, {}, body).message).toBe(message);
	});

	it.each([
		{ what: 'no body', body: undefined },
		{ what: 'an empty text', body: '' },
		{ what: 'an empty object', body: {} },
		{ what: 'an empty list of fields', body: { detail: [] } },
		{ what: 'fields that say nothing', body: { detail: [{}, null, 5] } },
		{ what: 'a list', body: [1, 2] },
		{ what: 'a number', body: 5 },
		{ what: 'null', body: null },
	])('$what leaves the status to be told', ({ body }) => {
		expect(readFailure(502, {}, body)).toMatchObject({
			type: 'server_error',
			message: 'fal answered with HTTP status 502 and no explanation',
			statusCode: 502,
		});
	});

	it('the header names the type, before the body does', () => {
		const body = { detail: 'too slow', error_type: 'in_the_body' };
		const failure = readFailure(504, { 'x-fal-error-type': 'request_timeout' }, body);
		expect(failure).toMatchObject({ type: 'request_timeout', retryable: true });
	});

	it.each([
		{ status: 401, type: 'unauthorized' },
		{ status: 403, type: 'forbidden' },
		{ status: 404, type: 'not_found' },
		{ status: 418, type: 'request_rejected' },
		{ status: 422, type: 'invalid_input' },
		{ status: 429, type: 'too_many_requests' },
		{ status: 500, type: 'server_error' },
		{ status: 503, type: 'server_error' },
	])('without a type of fal’s, HTTP status $status is called $type', ({ status, type }) => {
		expect(readFailure(status, {}, undefined).type).toBe(type);
	});

	// fal repeats the input in each field error; with an image in it, that is megabytes per item.
	it('long texts are shortened wherever they are, short ones are kept', () => {
		const image = `data:image/png;base64,${'A'.repeat(3_000_000)}`;
		const detail = [
			{ loc: ['body', 'image_url'], msg: 'Not an image', type: 'image_load_error', input: image },
			{ loc: ['body'], msg: image, type: 'x', input: { image_url: image, prompt: 'a cat' } },
		];
		const failure = readFailure(422, {}, { detail });
		expect(JSON.stringify(failure).length).toBeLessThan(20_000);
		expect(failure.detail).toMatchObject([
			{ loc: ['body', 'image_url'], msg: 'Not an image', type: 'image_load_error' },
			{ input: { prompt: 'a cat' } },
		]);
	});

	it('two thousand characters are kept, and no more', () => {
		const messageOf = (length: number) => readFailure(400, {}, 'x'.repeat(length)).message;
		expect(messageOf(2_000)).toBe('x'.repeat(2_000));
		expect(messageOf(2_001)).toBe(`${'x'.repeat(2_000)}...`);
	});

	it('where fal said nothing in detail, there is no detail', () => {
		expect(readFailure(500, {}, { message: 'Boom' })).not.toHaveProperty('detail');
	});

	it('an empty type is none', () => {
		expect(readFailure(404, {}, { detail: 'x', error_type: '', type: '' }).type).toBe('not_found');
	});

	it('long lists and deep nesting are cut off', () => {
		let deep: unknown = 'bottom';
		for (let level = 0; level < 5_000; level++) deep = [deep];
		const detail = [...Array<unknown>(5_000).fill({ msg: 'wrong' }), deep];
		expect(JSON.stringify(readFailure(422, {}, { detail }).detail).length).toBeLessThan(5_000);
		const nested = readFailure(422, {}, { detail: [deep] });
		expect(JSON.stringify(nested.detail)).toBe('[[[[[[[[["..."]]]]]]]]]');
		let fields: unknown = 'bottom';
		for (let level = 0; level < 5_000; level++) fields = { x: fields };
		const { detail: cut } = readFailure(422, {}, { detail: [fields] });
		expect(JSON.stringify(cut)).toBe(`[${'{"x":'.repeat(8)}"..."${'}'.repeat(8)}]`);
	});

	it('anything at all is read without throwing, and has a type and a message', () => {
		fc.assert(
			fc.property(fc.integer({ min: 300, max: 599 }), fc.jsonValue(), (status, body) => {
				const failure = readFailure(status, {}, body);
				expect(failure.type).not.toBe('');
				expect(failure.message).not.toBe('');
			}),
			{ seed: SEED },
		);
	});
});

describe('whether the same input may succeed when it is submitted again', () => {
	it.each([
		[500, 'internal_error'],
		[500, 'runner_server_error'],
		[502, 'runner_incomplete_response'],
		[503, 'runner_scheduling_failure'],
		[503, 'runner_connection_timeout'],
		[503, 'runner_disconnected'],
		[503, 'runner_connection_refused'],
		[503, 'runner_connection_error'],
		[504, 'request_timeout'],
		[504, 'startup_timeout'],
		[500, 'internal_server_error'],
		[504, 'generation_timeout'],
		[500, 'downstream_service_unavailable'],
		[500, 'downstream_service_error'],
		// The one error of a 4xx status that fal counts as one that may pass.
		[400, 'downstream_service_error'],
	])('yes: %i %s', (status, type) => {
		expect(readFailure(status, {}, { detail: 'x', error_type: type }).retryable).toBe(true);
	});

	it.each([
		[400, 'bad_request'],
		[422, 'content_policy_violation'],
		[422, 'no_media_generated'],
		[422, 'missing'],
		[499, 'client_cancelled'],
		[500, 'some_error_of_a_model'],
		// A transient type with a status that blames the request: the status counts.
		[400, 'internal_server_error'],
		// A redirect is not fal's word on a job.
		[302, 'internal_error'],
	])('no: %i %s', (status, type) => {
		expect(readFailure(status, {}, { detail: 'x', error_type: type }).retryable).toBe(false);
	});

	it.each(['x-fal-needs-retry', 'x-fal-retryable'])('%s has the last word on a 5xx', (header) => {
		const unlisted = { detail: 'x', error_type: 'some_error_of_a_model' };
		const listed = { detail: 'x', error_type: 'internal_server_error' };
		expect(readFailure(500, { [header]: '1' }, unlisted).retryable).toBe(true);
		expect(readFailure(500, { [header]: 'true' }, unlisted).retryable).toBe(true);
		expect(readFailure(500, { [header]: '0' }, listed).retryable).toBe(false);
		expect(readFailure(500, { [header]: 'false' }, listed).retryable).toBe(false);
	});

	it('the newer header counts when both are there', () => {
		const both = { 'x-fal-needs-retry': '0', 'x-fal-retryable': 'true' };
		expect(readFailure(500, both, { error_type: 'internal_server_error' }).retryable).toBe(false);
	});

	// https://fal.ai/docs: as an instruction it is honoured on 5xx and 429 only.
	it('no header makes an error of the input one that may pass', () => {
		const asked = { 'x-fal-needs-retry': '1' };
		expect(readFailure(422, asked, { detail: [{ type: 'missing' }] }).retryable).toBe(false);
	});

	it('the user’s own start timeout is never tried again', () => {
		const headers = {
			'x-fal-request-timeout-type': 'user',
			'x-fal-error-type': 'request_timeout',
			'x-fal-needs-retry': '1',
		};
		expect(readFailure(504, headers, { detail: 'Request timed out' }).retryable).toBe(false);
	});
});

describe('what a status says of a failure', () => {
	it('of fal’s own machinery may pass, of all else it is not known', () => {
		expect(
			readToldFailure({ error: 'Runner disconnected', errorType: 'runner_disconnected' }),
		).toEqual({ type: 'runner_disconnected', message: 'Runner disconnected', retryable: true });
		expect(readToldFailure({ error: 'Flagged', errorType: 'content_policy_violation' })).toEqual({
			type: 'content_policy_violation',
			message: 'Flagged',
			retryable: false,
		});
	});

	it('may leave out the half of it', () => {
		expect(readToldFailure({ error: 'It broke' })).toMatchObject({ type: 'job_failed' });
		expect(readToldFailure({ errorType: 'internal_error' })).toMatchObject({
			message: 'fal gave no reason',
			retryable: true,
		});
	});

	it('is nothing where it tells of none', () => {
		expect(readToldFailure({})).toBeUndefined();
	});
});

it.each([
	['It broke', 'It broke.'],
	['It broke.', 'It broke.'],
	['Why?', 'Why?'],
	['Stop!', 'Stop!'],
	['version 1.2 broke', 'version 1.2 broke.'],
])('%j as a sentence', (said, sentence) => {
	expect(endSentence(said)).toBe(sentence);
});
