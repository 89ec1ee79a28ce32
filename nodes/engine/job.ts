/** A job on its way, and the ways in which it can end. */
import type { Failure } from './failure';
import type { Handle, LogLine, Submission } from './transport';

/** One item's job. What is learned on the way is written down here, so that no ending can lose it. */
export interface Job {
	/** Its place in the batch, from 0. */
	readonly index: number;
	readonly submission: Submission;
	/** Submits that fal took, or that counted against the budget. */
	attempts: number;
	/** Attempts that ended in a way that allowed another, oldest first. */
	readonly failedAttempts: FailedAttempt[];
	/** Of the latest attempt, once fal has accepted it. */
	handle?: Handle;
	/** Milliseconds since the epoch: when fal's yes to the latest submit arrived. */
	submittedAt?: number;
	/** Jobs allowed in flight when the latest submit was sent. */
	concurrency?: number;
	/** Whether the request was found in fal's history, rather than told in the answer to a submit. */
	foundInHistory?: boolean;
	/** When it ended, if that was before it was found; milliseconds since the epoch. */
	endedBefore?: number;
}

/** @param index its place in the batch, from 0 */
export function newJob(submission: Submission, index: number): Job {
	return { index, submission, attempts: 0, failedAttempts: [] };
}

export interface FailedAttempt {
	/** Absent when the fate of its submit is unknown. */
	readonly handle?: Handle;
	readonly ending: Unsuccessful;
	/** Milliseconds since the epoch. */
	readonly endedAt: number;
}

export type Ending =
	| {
			readonly outcome: 'completed';
			readonly output: unknown;
			readonly billableUnits?: number;
			readonly inferenceTime?: number;
			readonly logs: LogLine[];
	  }
	/** Handed out, not followed: the end of the Submit operation. */
	| { readonly outcome: 'submitted'; readonly status: 'IN_QUEUE' | 'COMPLETED' }
	| Unsuccessful;

export interface Unsuccessful {
	/**
	 * - `not_submitted`: nothing reached fal, nothing is billed.
	 * - `failed`: fal or the model gave up on it.
	 * - `cancelled`: the execution was stopped, and fal was asked to cancel.
	 * - `timed_out`: the item timeout was over.
	 * - `unknown`: it may exist, and may be billed.
	 */
	readonly outcome: 'not_submitted' | 'failed' | 'cancelled' | 'timed_out' | 'unknown';
	readonly failure: Failure;
	readonly inferenceTime?: number;
	readonly logs?: LogLine[];
}

export interface EndedJob extends Readonly<Job> {
	readonly ending: Ending;
	/** Milliseconds since the epoch. */
	readonly endedAt: number;
}

/** Whether the job's item belongs on the first output. */
export function isSuccess(ending: Ending): ending is Exclude<Ending, Unsuccessful> {
	return ending.outcome === 'completed' || ending.outcome === 'submitted';
}
