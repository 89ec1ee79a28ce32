/** How an item ends that was never offered to fal, or will not be offered again. */
import type { Failure } from '../failure';
import type { Unsuccessful } from '../job';
import { toMoney } from '../spending/amount';
import type { Purse } from '../spending/purse';

/** The execution was stopped before its turn came. */
export const STOPPED_BEFORE: Unsuccessful = {
	outcome: 'not_submitted',
	failure: {
		type: 'execution_stopped',
		message: 'The execution was stopped before this item was submitted.',
		retryable: true,
	},
};

/** fal refuses every item of its model, and so this one. */
export function refusedLikeOthers(failure: Failure): Unsuccessful {
	return { outcome: 'not_submitted', failure };
}

/** Nothing is submitted any more, through no fault of the item. */
export function notOffered(reason: Failure): Unsuccessful {
	const message = `Not submitted, because the batch was stopped: ${reason.message}`;
	return { outcome: 'not_submitted', failure: { ...reason, message, retryable: true } };
}

/** The next job no longer fits into the Spend Limit, and what is behind it is not tried in its place. */
export function noRoom({ limit, committed }: Purse): Failure {
	const message = `The Spend Limit of ${toMoney(limit)} has no room for the next job: ${toMoney(committed)} is spent, or set aside for jobs that may have been billed.`;
	return { type: 'spend_limit', message, retryable: true };
}
