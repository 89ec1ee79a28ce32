/** What a genuine callback says of its job: its output, its own error, or that both have to be asked for. */
import type { Callback } from '../../nodes/fal/callback';
import { readCompletion } from '../../nodes/fal/completion';

const callback = (body: Record<string, unknown>): Callback => ({
	requestId: 'req-1',
	userId: 'user-1',
	body: { request_id: 'req-1', gateway_request_id: 'req-1', ...body },
});

const read = (body: Record<string, unknown>) => readCompletion(callback(body));

describe('OK', () => {
	it.each([[{ images: [] }], [[1, 2]], ['text'], [0], [false], ['']])(
		'with the payload %j is a job with that output',
		(payload) => {
			expect(read({ status: 'OK', payload })).toEqual({ kind: 'output', output: payload });
		},
	);

	// Older callbacks of fal's say so on success, too.
	it('with an error of null is a job with its output', () => {
		expect(read({ status: 'OK', error: null, payload: { seed: 7 } }).kind).toBe('output');
	});

	it('with a payload_error has its output left out, for the reason that fal gives', () => {
		const reason = 'Response payload is not JSON serializable.';
		expect(read({ status: 'OK', payload: null, payload_error: reason })).toEqual({
			kind: 'left_out',
			reason,
		});
	});

	it.each([{}, { payload: null }])('with %j has its output left out for no reason', (body) => {
		expect(read({ status: 'OK', ...body })).toEqual({
			kind: 'left_out',
			reason: 'Its callback has the status "OK" and no payload',
		});
	});
});

describe('ERROR', () => {
	it('is told in fal’s own words, with the status of the result', () => {
		const detail = [
			{ loc: ['body', 'prompt'], msg: 'field required', type: 'value_error.missing' },
		];
		const body = { status: 'ERROR', error: 'Invalid status code: 422', payload: { detail } };
		expect(read(body)).toEqual({
			kind: 'error',
			failure: {
				type: 'value_error.missing',
				message: 'prompt: field required.',
				statusCode: 422,
				detail,
				retryable: false,
			},
		});
	});

	it('without its payload is told in the words of its error', () => {
		const body = { status: 'ERROR', error: 'Invalid status code: 404', payload: null };
		expect(read(body)).toEqual({
			kind: 'error',
			failure: {
				type: 'not_found',
				message: 'Invalid status code: 404.',
				statusCode: 404,
				retryable: false,
			},
		});
	});

	it('of fal itself may be worth another submit, and says so', () => {
		const payload = { detail: 'Request timed out', error_type: 'request_timeout' };
		const body = { status: 'ERROR', error: 'Invalid status code: 504', payload };
		expect(read(body)).toMatchObject({
			failure: { type: 'request_timeout', statusCode: 504, retryable: true },
		});
	});

	it('with a reason of another form is told in its words', () => {
		expect(read({ status: 'ERROR', error: 'Runner disconnected!' })).toEqual({
			kind: 'error',
			failure: { type: 'job_failed', message: 'Runner disconnected!', retryable: false },
		});
	});

	it.each([undefined, null, '', 7])('with %j as its reason is an error without one', (error) => {
		expect(read({ status: 'ERROR', error })).toEqual({
			kind: 'error',
			failure: { type: 'job_failed', message: 'fal gave no reason.', retryable: false },
		});
	});

	it('with a payload_error is an error, too', () => {
		const body = {
			status: 'ERROR',
			error: 'Invalid status code: 500',
			payload: null,
			payload_error: 'too large',
		};
		expect(read(body)).toMatchObject({ kind: 'error', failure: { statusCode: 500 } });
	});
});

// fal names only OK and ERROR; whatever else it says of a job, the job itself is asked.
it.each([undefined, 'COMPLETED', 7])('the status %j is a job to ask about', (status) => {
	expect(read({ status, payload: { images: [] } }).kind).toBe('left_out');
});
