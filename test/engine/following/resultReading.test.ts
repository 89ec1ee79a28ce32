/** Which answers to the result call end a job, and which only say that something is wrong on the way. */
import { readResult } from '../../../nodes/engine/following/resultReading';
import type { ReplyHeaders } from '../../../nodes/engine/transport';
import { answered, lost, rejected, unreadable, unsent } from '../replies';

const fieldError = { loc: ['body', 'prompt'], msg: 'Field required', type: 'missing' };
const retry = { 'x-fal-needs-retry': '1' };

interface Answer {
	readonly kind: string;
	readonly status: number;
	readonly body?: unknown;
	readonly headers?: ReplyHeaders;
}

it.each<Answer>([
	// A gateway's, whatever it looks like.
	{ kind: 'odd', status: 302, body: { detail: [fieldError] }, headers: retry },
	{ kind: 'odd', status: 401, body: { detail: [fieldError] } },
	{ kind: 'odd', status: 403, body: { detail: 'No', error_type: 'forbidden' } },
	{ kind: 'odd', status: 404, body: 'Not Found' },
	{ kind: 'odd', status: 418 },
	{ kind: 'odd', status: 499, body: {} },
	{ kind: 'odd', status: 400, body: { detail: 'Request is still in progress' } },
	{ kind: 'gone', status: 404, body: {} },
	{ kind: 'silence', status: 408, body: { detail: 'Timeout' } },
	{ kind: 'silence', status: 425, body: { detail: 'Too early' } },
	{ kind: 'silence', status: 429, body: { detail: 'Slow down' } },
	{ kind: 'silence', status: 500, headers: retry },
	{ kind: 'silence', status: 503, body: {} },
	// Nobody but fal has these shapes.
	{ kind: 'own_error', status: 400, body: { detail: [fieldError, fieldError] } },
	{ kind: 'own_error', status: 422, body: { detail: 'The prompt is too long' } },
	{ kind: 'own_error', status: 503, body: { detail: 'Gone', error_type: 'runner_disconnected' } },
	{
		kind: 'own_error',
		status: 503,
		body: { detail: 'Gone' },
		headers: { 'x-fal-error-type': 'runner_disconnected' },
	},
	// An error, and perhaps a gateway's.
	{ kind: 'likely_error', status: 500, body: { detail: 'Internal Server Error' } },
	{ kind: 'likely_error', status: 410, body: { detail: 'Request is still in progress' } },
	{ kind: 'likely_error', status: 400, body: { detail: 'Wrong' } },
	{ kind: 'likely_error', status: 500, body: { detail: [] } },
	{ kind: 'likely_error', status: 500, body: { detail: [fieldError, 'Wrong'] } },
	{ kind: 'likely_error', status: 500, body: { detail: [{ msg: 'Wrong' }] } },
	{ kind: 'likely_error', status: 500, body: { detail: [{ type: 'wrong' }] } },
	{ kind: 'likely_error', status: 500, body: { detail: { wrong: true }, error_type: 'wrong' } },
	{ kind: 'likely_error', status: 504, headers: { 'x-fal-error-type': 'generation_timeout' } },
	{ kind: 'likely_error', status: 504, headers: { 'x-fal-request-timeout-type': 'user' } },
])('$status $body $headers is $kind', ({ kind, status, body, headers }) => {
	expect(readResult(rejected(status, body, headers)).kind).toBe(kind);
});

it.each([
	answered({ output: null }, 202),
	lost,
	unsent,
	unreadable,
	rejected(302, undefined, retry),
	rejected(503, undefined, retry),
	rejected(400, { detail: 'Request is still in progress' }),
])('%j says nothing of the job, and so nothing that would make it be paid for again', (reply) => {
	const reading = readResult(reply);
	expect(['odd', 'silence']).toContain(reading.kind);
	expect(reading).toMatchObject({ failure: { retryable: false, type: expect.any(String) } });
});

it('an answer that is too large is told from one that can’t be read', () => {
	expect(readResult({ ...unreadable, tooLarge: true }).kind).toBe('too_large');
	expect(readResult(unreadable).kind).toBe('odd');
});
