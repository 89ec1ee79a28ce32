import { type Ending, isSuccess, newJob } from '../../nodes/engine/job';

const failure = { type: 'x', message: 'x', retryable: false };

it('a new job has cost nothing yet', () => {
	const submission = { model: 'a/b', input: {}, conditions: {} };
	expect(newJob(submission, 3)).toStrictEqual({
		index: 3,
		submission,
		attempts: 0,
		failedAttempts: [],
	});
});

it.each<[string, Ending, boolean]>([
	['completed', { outcome: 'completed', output: {}, logs: [] }, true],
	['submitted', { outcome: 'submitted', status: 'IN_QUEUE' }, true],
	['not submitted', { outcome: 'not_submitted', failure }, false],
	['failed', { outcome: 'failed', failure }, false],
	['cancelled', { outcome: 'cancelled', failure }, false],
	['timed out', { outcome: 'timed_out', failure }, false],
	['unknown', { outcome: 'unknown', failure }, false],
])('%s: whether it belongs on the first output', (_, ending, is) => {
	expect(isSuccess(ending)).toBe(is);
});
