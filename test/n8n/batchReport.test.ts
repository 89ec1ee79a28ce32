import type { BatchProgress } from '../../nodes/engine/batch/ledger';
import type { BatchSettings } from '../../nodes/engine/batch/settings';
import { DEFAULT_POLL_BOUNDS } from '../../nodes/engine/following/pollSchedule';
import { type BatchSum, progressLine, sumUp } from '../../nodes/n8n/batchReport';
import { disconnected, ended, neverSubmitted } from './endedJobs';

const progress: BatchProgress = {
	total: 24,
	succeeded: 11,
	unsuccessful: 1,
	inFlight: 6,
	inQueue: 2,
	peakInFlight: 10,
	retriesLeft: 5,
	retriesUsed: 0,
	happenings: [],
	pushbacks: 0,
	foundInHistory: 0,
};

describe('the line while a batch runs', () => {
	it('tells what is done, what is under way, and about how long it will take', () => {
		expect(progressLine(progress, 20_000)).toBe(
			'11 of 24 completed, 1 failed, 6 in flight (2 in the queue), 5 retries left, about 20 s to go',
		);
	});

	it('says why nothing is submitted for the moment', () => {
		const holdUp = 'fal could not be reached: the host name is unknown. It is tried again.';
		expect(progressLine({ ...progress, holdUp }, 20_000)).toMatch(/20 s to go\. fal could not/);
	});

	it('does without the queue when nothing waits in it', () => {
		expect(progressLine({ ...progress, inQueue: 0 }, 20_000)).toContain('6 in flight, 5 retries');
	});

	it.each([
		{ when: 'nothing is done yet', succeeded: 0, unsuccessful: 0 },
		{ when: 'all is done', succeeded: 23, unsuccessful: 1 },
	])('guesses no time when $when', ({ succeeded, unsuccessful }) => {
		expect(progressLine({ ...progress, succeeded, unsuccessful }, 20_000)).not.toContain('to go');
	});

	it.each([
		{ elapsed: 1_234, says: 'about 1.2 s' },
		{ elapsed: 65_000, says: 'about 65 s' },
		{ elapsed: 600_000, says: 'about 10 min' },
	])('guesses $says', ({ elapsed, says }) => {
		expect(progressLine(progress, elapsed)).toContain(says);
	});
});

describe('the sum at the end of a batch', () => {
	const settings: BatchSettings = {
		follow: true,
		concurrency: 2,
		retryBudget: 4,
		itemTimeout: 60_000,
		cancelAbandoned: true,
		onUnknownSubmit: 'report' as const,
		reuseWithin: 0,
		includeLogs: false,
		pollBounds: DEFAULT_POLL_BOUNDS,
	};
	const completed = (inferenceTime?: number) =>
		ended({
			outcome: 'completed',
			output: 1,
			logs: [],
			...(inferenceTime !== undefined && { inferenceTime }),
		});
	const sum: BatchSum = {
		ended: [completed(2), completed(2), completed(4)],
		rejected: [],
		progress: { ...progress, retriesUsed: 1 },
		settings,
		requests: { submit: 4, status: 9, result: 3, cancel: 0 },
		elapsed: 5_200,
		areFailuresLost: false,
	};

	it('of a good one: how many, how fast against the work alone, at what cost', () => {
		expect(sumUp(sum)).toEqual({
			message:
				'3 of 3 completed. It took 5.2 s (the work alone: 4.0 s). Retries: 1 of 4. Peak in flight: 10. Requests: 16 (4 submit, 9 status, 3 result).',
			type: 'info',
			location: 'outputPane',
		});
	});

	it('knows that no concurrency makes the longest job shorter', () => {
		const { message } = sumUp({ ...sum, settings: { ...settings, concurrency: 100 } });
		expect(message).toContain('the work alone: 4.0 s');
	});

	it('says nothing of the work when fal did not tell how long it took', () => {
		expect(sumUp({ ...sum, ended: [completed()] }).message).not.toContain('the work alone');
	});

	const noInput = { type: 'invalid_input', message: 'There is none', retryable: false };

	it('counts failures by type and, unless they simply failed, by outcome, and warns', () => {
		const hint = sumUp({
			...sum,
			rejected: [noInput, noInput],
			ended: [
				completed(2),
				ended({ outcome: 'failed', failure: disconnected }),
				ended({ outcome: 'failed', failure: disconnected }),
				ended({
					outcome: 'unknown',
					failure: { type: 'no_answer', message: 'x', retryable: false },
				}),
			],
		});
		expect(hint.type).toBe('warning');
		expect(hint.message).toMatch(
			/^1 of 6 completed, 5 on Failed: 2 × invalid_input \(not_submitted\), 2 × runner_disconnected, 1 × no_answer \(unknown\)\. It took /,
		);
	});

	it('begins with it when everything failed, and with the reason where there is one only', () => {
		const hint = sumUp({ ...sum, rejected: [noInput, noInput, noInput], ended: [] });
		expect(hint.type).toBe('danger');
		expect(hint.message).toMatch(
			/^0 of 3 completed, 3 on Failed: invalid_input \(not_submitted\)\. There is none\. It took /,
		);
	});

	it('says first of all why the batch stopped submitting', () => {
		const stoppedFor = { type: 'forbidden', message: 'User is locked.', retryable: false };
		const hint = sumUp({
			...sum,
			ended: [completed(2), neverSubmitted(stoppedFor)],
			progress: { ...progress, stoppedFor },
		});
		expect(hint.type).toBe('danger');
		expect(hint.message).toContain('The batch stopped submitting: User is locked.');
	});

	it('tells how often fal pushed back', () => {
		expect(sumUp({ ...sum, progress: { ...progress, pushbacks: 18 } }).message).toContain(
			'fal pushed back 18 times.',
		);
		expect(sumUp(sum).message).not.toContain('pushed back');
	});

	it('of the Submit operation counts what was submitted', () => {
		const { message } = sumUp({
			...sum,
			settings: { ...settings, follow: false },
			ended: [ended({ outcome: 'submitted', status: 'IN_QUEUE' })],
		});
		expect(message).toMatch(/^1 of 1 submitted\. /);
	});

	// Known defect: "Requests: 0 ()."
	it('without any request leaves out the empty brackets', () => {
		expect(sumUp({ ...sum, requests: { submit: 0, status: 0 } }).message).not.toContain('()');
	});
});
