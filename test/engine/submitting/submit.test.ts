import { readSubmit } from '../../../nodes/engine/submitting/submit';
import { accepted, lost, rejected, unreadable, unsent } from '../replies';
import { VirtualClock } from '../virtualClock';

const clock = new VirtualClock();
const verdictOn = (reply: Parameters<typeof readSubmit>[0]) => readSubmit(reply, clock);

it('a request id is a yes', () => {
	expect(verdictOn(accepted('job-1', 3))).toEqual({
		kind: 'accepted',
		accepted: { requestId: 'job-1', queuePosition: 3 },
	});
});

describe('what a submit may be sent again after', () => {
	it('nothing reached fal', () => {
		expect(verdictOn(unsent)).toMatchObject({
			kind: 'refused',
			pushback: false,
			retryAfter: 0,
			failure: {
				type: 'not_reached',
				message: 'fal could not be reached: the connection was refused',
				retryable: true,
			},
		});
	});

	it('fal has enough, and says for how long', () => {
		const body = {
			detail: 'Reached concurrent requests limit of 20',
			type: 'concurrent_requests_limit',
			data: { limit: 20 },
		};
		expect(verdictOn(rejected(429, body, { 'retry-after': '7' }))).toMatchObject({
			kind: 'refused',
			pushback: true,
			retryAfter: 7_000,
			failure: {
				type: 'concurrent_requests_limit',
				message: 'Reached concurrent requests limit of 20',
				statusCode: 429,
				retryable: true,
			},
		});
	});

	it('a Retry-After that is a date counts from now', () => {
		const date = new Date(clock.now() + 12_000).toUTCString();
		const verdict = verdictOn(rejected(429, undefined, { 'retry-after': date }));
		expect(verdict).toMatchObject({ kind: 'refused', retryAfter: 12_000 });
	});
});

describe('what a submit is never sent again after, because it may be a paid job by now', () => {
	it.each([
		{ what: 'no answer', reply: lost, type: 'no_answer', says: 'the connection was reset' },
		{
			what: 'an answer that can’t be read',
			reply: unreadable,
			type: 'unreadable_answer',
			says: 'the answer is empty',
		},
		{ what: '408', reply: rejected(408), type: 'request_timeout', says: 'HTTP status 408' },
		{
			what: '500',
			reply: rejected(500),
			type: 'server_error',
			says: 'fal answered the submit with HTTP status 500',
		},
		{
			what: '502 with a page of a gateway',
			reply: rejected(502, 'Bad Gateway'),
			type: 'server_error',
			says: 'Bad Gateway',
		},
		{
			what: '503 that fal marks as transient',
			reply: rejected(
				503,
				{ detail: 'No runner', error_type: 'runner_scheduling_failure' },
				{ 'x-fal-needs-retry': '1' },
			),
			type: 'runner_scheduling_failure',
			says: 'No runner',
		},
		{ what: '504', reply: rejected(504), type: 'server_error', says: 'HTTP status 504' },
		{ what: '599', reply: rejected(599), type: 'server_error', says: 'HTTP status 599' },
	])('$what', ({ reply, type, says }) => {
		const verdict = verdictOn(reply);
		expect(verdict).toMatchObject({ kind: 'unknown', failure: { type, retryable: false } });
		const message = 'failure' in verdict ? verdict.failure.message : '';
		expect(message).toContain(says);
		expect(message).toContain('may be billed');
		expect(message).toContain('not submitted again');
	});
});

describe('what fails for good', () => {
	it.each([
		{ status: 400, reach: 'job' },
		{ status: 401, reach: 'account' },
		{ status: 402, reach: 'job' },
		{ status: 403, reach: 'account' },
		{ status: 404, reach: 'model' },
		{ status: 405, reach: 'job' },
		{ status: 409, reach: 'job' },
		{ status: 413, reach: 'job' },
		{ status: 422, reach: 'job' },
		{ status: 499, reach: 'job' },
		// Redirects are not followed: the API key would go along.
		{ status: 302, reach: 'job' },
	])('HTTP status $status ends the $reach', ({ status, reach }) => {
		expect(verdictOn(rejected(status))).toMatchObject({
			kind: 'final',
			reach,
			failure: { statusCode: status, retryable: false },
		});
	});

	it.each([
		{
			status: 401,
			detail: 'No user found for Key ID and Secret',
			message: 'No user found for Key ID and Secret. Check the API Key in the Fal API credential.',
		},
		{
			status: 403,
			detail: 'User is locked. Reason: Exhausted balance.',
			message: expect.stringMatching(
				/^User is locked. Reason: Exhausted balance. Check the balance/,
			),
		},
		{
			status: 404,
			detail: 'Application "h3-max" not found',
			message: 'Application "h3-max" not found. Check the model ID on fal.ai/models.',
		},
		{
			status: 405,
			detail: 'Method Not Allowed',
			message: expect.stringMatching(/^Method Not Allowed. Check the model ID/),
		},
		{ status: 422, detail: 'The prompt is empty', message: 'The prompt is empty' },
	])('$status tells what fal said, and then what to do', ({ status, detail, message }) => {
		expect(verdictOn(rejected(status, { detail }))).toMatchObject({ failure: { message } });
	});
});
