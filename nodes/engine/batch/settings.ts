/** What a batch is told before it starts, and the world it works in. */
import type { LimitFunction } from 'p-limit';
import type { Clock } from '../clock';
import type { PollBounds } from '../following/pollSchedule';
import type { Streams } from '../following/streams';
import type { EndedJob } from '../job';
import type { Uploads } from '../media/uploading';
import type { History } from '../remembering/history';
import type { Purse } from '../spending/purse';
import type { Access } from '../submitting/refusal';
import type { Transport } from '../transport';

export interface BatchSettings {
	/** Whether jobs are followed to their result, or handed out once fal has accepted them. */
	readonly follow: boolean;
	/** The most jobs in flight, 1 or more. */
	readonly concurrency: number;
	/** Extra submits for the whole batch, 0 or more. */
	readonly retryBudget: number;
	/**
	 * Milliseconds without a sign of life until a job is given up. Signs of life: fal took it, it moved up in
	 * the queue, its work began.
	 */
	readonly itemTimeout: number;
	/** Whether jobs that time out, or are open when the execution is stopped, are cancelled at fal. */
	readonly cancelAbandoned: boolean;
	/**
	 * What to do about a submit of unknown fate: nothing, look for it in fal's history, or send it again, which
	 * may mean paying twice.
	 */
	readonly onUnknownSubmit: 'report' | 'lookUp' | 'submitAgain';
	/** Milliseconds back in which a request with the same input is used instead of a new one; 0 for none. */
	readonly reuseWithin: number;
	readonly includeLogs: boolean;
	readonly pollBounds: PollBounds;
}

export interface BatchWorld {
	readonly transport: Transport;
	/** Absent means that fal's history is not read. */
	readonly history?: History | undefined;
	/** Absent where jobs are only looked at. */
	readonly streams?: Streams | undefined;
	/** Absent where no input has files in it. */
	readonly uploads?: Uploads | undefined;
	/** Whether fal lets this key do anything at all: free, never throws. Absent where it can't be asked. */
	readonly checkAccess?: (() => Promise<Access>) | undefined;
	readonly clock: Clock;
	/** Aborted when the execution is stopped. */
	readonly signal?: AbortSignal | undefined;
	/** Slots shared with everything else that uses the same account; absent means no shared limit. */
	readonly accountSlots?: LimitFunction | undefined;
	/** Told of each job as it ends. Must not throw. */
	readonly hearOfEnd?: ((ended: EndedJob) => void) | undefined;
	/** What may be spent; absent means as much as it takes. */
	readonly purse?: Purse | undefined;
	/** From 0 to below 1. */
	readonly random?: () => number;
}
