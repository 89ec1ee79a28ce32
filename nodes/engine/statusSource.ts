/**
 * What the engine needs of fal to be told of a job, instead of asking: a connection that is held while the
 * job is open, and over which its statuses come.
 */
import { SECOND } from './clock';
import type { Handle, StatusReport } from './transport';

/** One thing that was told. */
export interface StreamWord {
	readonly report: StatusReport;
	/** Whether it says, by request ID, that it is about this very job. */
	readonly isNamed: boolean;
}

export interface Holding {
	readonly logs: boolean;
	/** Aborted when nobody listens any more. */
	readonly signal: AbortSignal;
	/** Called with each word, and with none for bytes that only show that the connection is alive. */
	readonly hear: (word?: StreamWord) => void;
}

export interface StatusSource {
	/** Requests sent so far, by kind. */
	readonly sent: Readonly<Record<string, number>>;
	/**
	 * Holds a connection until it ends or the signal aborts. Never throws.
	 *
	 * @returns once it is closed: why it ended, in a few words
	 */
	hold(handle: Handle, holding: Holding): Promise<string>;
}

/** fal sends a comment each 15 s: two of them are missing by then. */
export const LONGEST_SILENCE = 40 * SECOND;
