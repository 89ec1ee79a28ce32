/** What may be tried again, and what that costs. */
import type { Ending, Job, Unsuccessful } from '../job';
import { MAX_ATTEMPTS, RetryBudget } from '../submitting/retryBudget';
import type { Lanes } from './lanes';
import type { BatchWorld } from './settings';

export class Retries {
	readonly budget: RetryBudget;

	/** @param size extra submits for the whole batch, 0 or more */
	constructor(
		size: number,
		private readonly lanes: Lanes,
		private readonly signal: AbortSignal,
		private readonly world: Pick<BatchWorld, 'clock' | 'purse'>,
	) {
		this.budget = new RetryBudget(size);
	}

	/** Whether the job has an attempt left, and the batch had budget left, which is then spent. */
	spendOn(job: Job): boolean {
		if (this.signal.aborted || this.lanes.of(job).hopeless) return false;
		return job.attempts < MAX_ATTEMPTS && this.budget.spend();
	}

	/** Files the attempt that ended as a failed one; the job waits for its next attempt, before all others. */
	startAgain(job: Job, ending: Unsuccessful): void {
		const { clock, purse } = this.world;
		const { handle } = job;
		purse?.settle(job, ending);
		job.failedAttempts.push({ ...(handle && { handle }), ending, endedAt: clock.now() });
		delete job.handle;
		delete job.foundInHistory;
		delete job.endedBefore;
		this.lanes.putBack(job);
	}
}

/** Whether a job that ended so may succeed when it is submitted again. */
export function isTransient(ending: Ending): ending is Unsuccessful {
	return ending.outcome === 'failed' && ending.failure.retryable;
}
