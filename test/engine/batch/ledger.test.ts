import { Ledger } from '../../../nodes/engine/batch/ledger';
import type { Failure } from '../../../nodes/engine/failure';
import type { Followed } from '../../../nodes/engine/following/follow';
import { type Ending, type Job, newJob } from '../../../nodes/engine/job';

const failure: Failure = { type: 'internal_error', message: 'It broke', retryable: false };

const completed: Ending = { outcome: 'completed', output: {}, logs: [] };
const submitted = (status: 'IN_QUEUE' | 'COMPLETED'): Ending => ({ outcome: 'submitted', status });

function jobSubmittedAt(submittedAt: number): Job {
	return { ...newJob({ model: 'a/b', input: {}, conditions: {} }, 0), submittedAt };
}

const followedSince = (since: number): Followed => ({
	handle: { requestId: 'job-1', model: 'a/b' },
	since,
	lastWaiting: since,
	deadline: since + 60_000,
	logs: [],
});

// A lost job is looked for as long as the longest one took: forgotten too early, it is paid for in vain.
describe('the longest job', () => {
	it.each([completed, { outcome: 'failed', failure } as const])(
		'is the longest of those that ended: $outcome',
		(ending) => {
			const ledger = new Ledger(3);
			for (const took of [500, 900, 700]) ledger.end(jobSubmittedAt(1_000), ending, 1_000 + took);
			expect(ledger.longestJob(2_000)).toBe(900);
		},
	);

	it('may be one that is still in flight', () => {
		const ledger = new Ledger(3);
		ledger.end(jobSubmittedAt(0), completed, 900);
		ledger.takeIn(jobSubmittedAt(100), followedSince(100));
		ledger.takeIn(jobSubmittedAt(600), followedSince(600));
		expect(ledger.longestJob(950)).toBe(900);
		expect(ledger.longestJob(1_200)).toBe(1_100);
	});

	it('is none that was given up: how long it would have taken nobody knows', () => {
		const ledger = new Ledger(1);
		ledger.end(jobSubmittedAt(0), { outcome: 'timed_out', failure }, 900);
		expect(ledger.longestJob(900)).toBe(0);
	});
});

// While jobs are handed out, a 429 means a full fal, and is waited out for an hour.
it('handed out is what fal may still hold, and nobody follows', () => {
	const ledger = new Ledger(5);
	const endings = [submitted('IN_QUEUE'), submitted('COMPLETED'), completed, completed];
	for (const ending of endings) ledger.end(jobSubmittedAt(0), ending, 900);
	expect(ledger.handedOut).toBe(1);
});
