/** Ended jobs, as a batch gives them. */
import type { Failure } from '../../nodes/engine/failure';
import type { EndedJob, Ending } from '../../nodes/engine/job';

/** When the job's submit was accepted; it ended ten seconds later. */
export const SUBMITTED_AT = Date.parse('2026-11-22T12:00:00Z');

export const disconnected: Failure = {
	type: 'runner_disconnected',
	message: 'Runner disconnected',
	statusCode: 503,
	detail: 'Runner disconnected',
	retryable: true,
};

export function ended(ending: Ending, rest: Partial<EndedJob> = {}): EndedJob {
	return {
		index: 0,
		submission: { model: 'fal-ai/flux/dev', input: {}, conditions: {} },
		attempts: 1,
		failedAttempts: [],
		handle: { requestId: 'job-1', model: 'fal-ai/flux/dev' },
		submittedAt: SUBMITTED_AT,
		concurrency: 10,
		endedAt: SUBMITTED_AT + 10_000,
		...rest,
		ending,
	};
}

/** A job that never got to fal. */
export function neverSubmitted(failure: Failure): EndedJob {
	return {
		index: 0,
		submission: { model: 'fal-ai/flux/dev', input: {}, conditions: {} },
		attempts: 0,
		failedAttempts: [],
		endedAt: SUBMITTED_AT,
		ending: { outcome: 'not_submitted', failure },
	};
}
