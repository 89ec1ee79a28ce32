/** What becomes of a job that nobody waits for any more, and what its item says about it. */
import pLimit from 'p-limit';
import { SECOND } from '../clock';
import type { Failure } from '../failure';
import { cancelJob, type CancelOutcome } from '../following/cancel';
import type { Watch } from '../following/follow';
import type { EndedJob, Unsuccessful } from '../job';
import type { Handle } from '../transport';
import type { BatchSettings } from './settings';

/** Why nobody waits for it: the execution was stopped, or the Item Timeout is over. */
export type Abandonment = 'stopped' | 'deadline';

export type Fate = CancelOutcome | 'left_running';

/** Asks fal to cancel, unless the user wants the job left running. */
export async function abandon(
	handle: Handle,
	{ cancelAbandoned }: BatchSettings,
	{ transport, clock, random }: Pick<Watch, 'transport' | 'clock' | 'random'>,
): Promise<Fate> {
	if (!cancelAbandoned) return 'left_running';
	return await cancelJob(handle, transport, clock, random);
}

/** Jobs that were to be handed out, and now never are, would run and be billed without anybody knowing. */
export function withdraw(
	ended: readonly EndedJob[],
	settings: BatchSettings,
	by: Pick<Watch, 'transport' | 'clock' | 'random'>,
): void {
	const calls = pLimit(CANCELS_AT_ONCE);
	for (const { ending, handle } of ended) {
		const isOpen = ending.outcome === 'submitted' && ending.status === 'IN_QUEUE';
		if (isOpen && handle) void calls(() => abandon(handle, settings, by));
	}
}

/** Enough for a batch of hundreds within a second, and no flood of connections. */
const CANCELS_AT_ONCE = 100;

export function abandonment(
	reason: Abandonment,
	fate: Exclude<Fate, 'finished'>,
	{ itemTimeout }: BatchSettings,
): Unsuccessful {
	const stopped = reason === 'stopped';
	const what = stopped
		? 'The execution was stopped while the job was open at fal.'
		: `The job was not done ${itemTimeout / SECOND} seconds after its last sign of life (it was taken, moved up in the queue, or began to work): its Item Timeout is over.`;
	return {
		outcome: stopped ? 'cancelled' : 'timed_out',
		failure: {
			type: stopped ? 'execution_stopped' : 'item_timeout',
			message: `${what} ${FATES[fate]}`,
			// A job that had started may finish and be billed in spite of the cancel: paid for twice, then.
			retryable: false,
		},
	};
}

/** Whether a job's own error says that it was cancelled. */
export function isCancellation({ type, statusCode }: Failure): boolean {
	return type === 'client_cancelled' || statusCode === 499;
}

const FATES: Readonly<Record<Exclude<Fate, 'finished'>, string>> = {
	requested:
		'fal was asked to cancel it; a job that had already started may still finish and be billed.',
	not_heard:
		'fal could not be asked to cancel it: it may go on, and be billed. Look for it by its request ID.',
	left_running: 'It was left running, and may be billed. Fetch it later by its request ID.',
};
