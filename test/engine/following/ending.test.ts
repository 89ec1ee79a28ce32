import { endingOf, unreadableEnding } from '../../../nodes/engine/following/ending';

const failure = { type: 'x', message: 'It broke', statusCode: 500, retryable: true };
const seen = { logs: [{ message: 'step 1' }], inferenceTime: 2 };

it('an output is a completed job', () => {
	const result = { output: { images: [] }, billableUnits: 3 };
	expect(endingOf({ kind: 'output', result }, seen)).toStrictEqual({
		outcome: 'completed',
		...result,
		...seen,
	});
});

it('its own error is a failed one', () => {
	expect(endingOf({ kind: 'error', failure }, seen)).toStrictEqual({
		outcome: 'failed',
		failure,
		...seen,
	});
});

// To call it failed could mean to pay for it again.
it('a result that can’t be had leaves it unknown, with the reason', () => {
	const collected = { kind: 'unavailable', failure, unreached: true } as const;
	const message =
		'The job is done, but its result could not be read: It broke. It is not generated again; its request ID is kept.';
	expect(endingOf(collected, seen)).toStrictEqual({
		outcome: 'unknown',
		failure: { ...failure, message },
		...seen,
	});
});

it('a stop while its result is read leaves it unknown, and is not tried again', () => {
	const message =
		'The job is done, but its result could not be read: the execution was stopped. It is not generated again; its request ID is kept.';
	expect(endingOf({ kind: 'stopped' }, seen)).toStrictEqual({
		outcome: 'unknown',
		failure: { type: 'execution_stopped', message, retryable: false },
		...seen,
	});
});

it('a status that can’t be read leaves it unknown, too', () => {
	expect(unreadableEnding(failure)).toStrictEqual({
		outcome: 'unknown',
		failure: {
			...failure,
			message: 'It broke. The job was submitted and may be billed; its request ID is kept.',
		},
	});
});
