import type { Failure } from '../../../nodes/engine/failure';
import { chargeOf } from '../../../nodes/engine/spending/charge';

const failed = (failure: Pick<Failure, 'statusCode' | 'retryable'>) =>
	chargeOf({ outcome: 'failed', failure: { type: 'x', message: 'x', ...failure } });

it('what was completed, or handed out, is billed', () => {
	expect(chargeOf({ outcome: 'completed', output: {}, logs: [] })).toBe('billed');
	expect(chargeOf({ outcome: 'submitted', status: 'IN_QUEUE' })).toBe('billed');
});

it('what never was at fal is free', () => {
	const failure = { type: 'x', message: 'x', retryable: false };
	expect(chargeOf({ outcome: 'not_submitted', failure })).toBe('free');
});

it.each(['cancelled', 'timed_out', 'unknown'] as const)(
	'what is %s may be billed, whatever the reason',
	(outcome) => {
		const failure = { type: 'x', message: 'x', statusCode: 503, retryable: true };
		expect(chargeOf({ outcome, failure })).toBe('perhaps');
	},
);

it('errors of a server are never charged, and what a model refuses may be', () => {
	expect(failed({ statusCode: 500, retryable: false })).toBe('free');
	expect(failed({ statusCode: 503, retryable: true })).toBe('free');
	expect(failed({ statusCode: 499, retryable: true })).toBe('perhaps');
	expect(failed({ statusCode: 422, retryable: false })).toBe('perhaps');
});

it('fal’s own word without a status is one of a server only if it is transient', () => {
	expect(failed({ retryable: true })).toBe('free');
	expect(failed({ retryable: false })).toBe('perhaps');
});
