import { type Ending, isSuccess } from '../../nodes/engine/job';
import { toItem, toRejectedItem } from '../../nodes/n8n/items';
import { disconnected, ended, neverSubmitted } from './endedJobs';

const course = {
	request_id: 'job-1',
	model: 'fal-ai/flux/dev',
	attempts: 1,
	submitted_at: '2026-11-22T12:00:00.000Z',
	concurrency: 10,
};

describe('the item of a job', () => {
	it('that completed: the output, and what it took, times in seconds', () => {
		const job = ended({
			outcome: 'completed',
			output: { images: [{ url: 'https://v3.fal.media/files/a.png' }] },
			inferenceTime: 7.5,
			billableUnits: 2,
			logs: [{ message: 'Loading', timestamp: 't', level: 'INFO' }],
		});
		expect(toItem(job, 4)).toEqual({
			json: {
				...course,
				status: 'COMPLETED',
				output: { images: [{ url: 'https://v3.fal.media/files/a.png' }] },
				completed_at: '2026-11-22T12:00:10.000Z',
				queue_time: 2.5,
				inference_time: 7.5,
				billable_units: 2,
				logs: [{ message: 'Loading', timestamp: 't', level: 'INFO' }],
			},
			pairedItem: { item: 4 },
		});
	});

	it('begins with the result, or with what is needed to find it again', () => {
		const firstOf = (ending: Ending) => Object.keys(toItem(ended(ending), 0).json).slice(0, 3);
		expect(firstOf({ outcome: 'completed', output: 1, logs: [] })).toEqual([
			'output',
			'request_id',
			'model',
		]);
		expect(firstOf({ outcome: 'failed', failure: disconnected })).toEqual([
			'request_id',
			'model',
			'error',
		]);
	});

	it('that completed and of which fal told little has no fields without a value', () => {
		const { json } = toItem(ended({ outcome: 'completed', output: 'text', logs: [] }), 0);
		expect(json).toEqual({
			...course,
			status: 'COMPLETED',
			output: 'text',
			completed_at: '2026-11-22T12:00:10.000Z',
		});
	});

	// fal measures the work, we measure the whole: by a few milliseconds the work can be the longer one.
	it('never waited less than nothing, and is rounded to milliseconds', () => {
		const queueTime = (inferenceTime: number) =>
			toItem(ended({ outcome: 'completed', output: 1, inferenceTime, logs: [] }), 0).json
				.queue_time;
		expect(queueTime(10.004)).toBe(0);
		expect(queueTime(7.123_456_7)).toBe(2.877);
	});

	it('that was handed out: what is needed to find it again', () => {
		expect(toItem(ended({ outcome: 'submitted', status: 'IN_QUEUE' }), 2)).toEqual({
			json: { ...course, status: 'IN_QUEUE' },
			pairedItem: { item: 2 },
		});
	});

	it('that failed: fal’s own words', () => {
		const job = ended({ outcome: 'failed', failure: disconnected, inferenceTime: 1, logs: [] });
		expect(toItem(job, 0).json).toEqual({
			...course,
			completed_at: '2026-11-22T12:00:10.000Z',
			queue_time: 9,
			inference_time: 1,
			error: {
				type: 'runner_disconnected',
				message: 'Runner disconnected',
				status_code: 503,
				detail: 'Runner disconnected',
				retryable: true,
				outcome: 'failed',
			},
		});
	});

	it.each(['cancelled', 'timed_out', 'unknown'] as const)(
		'that is %s did not complete at any time that is known',
		(outcome) => {
			const failure = { type: 'x', message: 'y', retryable: false };
			expect(toItem(ended({ outcome, failure }), 0).json).toEqual({
				...course,
				// It may be done: there its result can be read.
				...(outcome === 'unknown' && {
					response_url: 'https://queue.fal.run/fal-ai/flux/requests/job-1',
				}),
				error: { type: 'x', message: 'y', retryable: false, outcome },
			});
		},
	);

	it('that never got to fal has no request id and no times', () => {
		expect(toItem(neverSubmitted({ type: 'x', message: 'y', retryable: true }), 0).json).toEqual({
			model: 'fal-ai/flux/dev',
			attempts: 0,
			error: { type: 'x', message: 'y', retryable: true, outcome: 'not_submitted' },
		});
	});

	it('that was submitted again names the requests of before: each may have been billed', () => {
		const ending = { outcome: 'failed', failure: disconnected } as const;
		const job = ended(
			{ outcome: 'completed', output: 1, logs: [] },
			{
				attempts: 3,
				handle: { requestId: 'job-3', model: 'a/b' },
				failedAttempts: [
					{ handle: { requestId: 'job-1', model: 'a/b' }, ending, endedAt: 0 },
					// Of this one fal never told an id.
					{ ending, endedAt: 0 },
				],
			},
		);
		expect(toItem(job, 0).json).toMatchObject({
			request_id: 'job-3',
			earlier_request_ids: ['job-1'],
			attempts: 3,
		});
	});
});

describe('the item of what never became a job', () => {
	const failure = { type: 'invalid_input', message: 'The Input is not JSON', retryable: false };
	const error = { ...failure, outcome: 'not_submitted' };

	it('says why, and which model it was for', () => {
		expect(toRejectedItem(3, 'fal-ai/flux/dev', failure)).toEqual({
			json: { model: 'fal-ai/flux/dev', attempts: 0, error },
			pairedItem: { item: 3 },
		});
	});

	it('does without a model when that was what could not be read', () => {
		expect(toRejectedItem(3, undefined, failure).json).toEqual({ attempts: 0, error });
	});
});

describe('the output of an item', () => {
	it.each([
		{ ending: { outcome: 'completed', output: 1, logs: [] }, first: true },
		{ ending: { outcome: 'submitted', status: 'IN_QUEUE' }, first: true },
		{ ending: { outcome: 'failed', failure: disconnected }, first: false },
		{ ending: { outcome: 'unknown', failure: disconnected }, first: false },
		{ ending: { outcome: 'not_submitted', failure: disconnected }, first: false },
	] as const)('is the first one for $ending.outcome: $first', ({ ending, first }) => {
		expect(isSuccess(ending.outcome === 'completed' ? { ...ending, logs: [] } : ending)).toBe(
			first,
		);
	});

	// n8n runs the whole node again, and bills the whole batch again, over an `error` at the top of the
	// first item of the first output.
	it('is never the first one for an item with an error', () => {
		const completed = {
			outcome: 'completed',
			output: { error: 'in the output' },
			logs: [],
		} as const;
		expect(toItem(ended({ ...completed, logs: [] }), 0).json).not.toHaveProperty('error');
		expect(toItem(ended({ outcome: 'submitted', status: 'IN_QUEUE' }), 0).json).not.toHaveProperty(
			'error',
		);
	});
});
