/** Time as the engine sees it. Passed in, so that tests run hours of work in milliseconds. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	/** Resolves after `ms`, or at once when `signal` aborts; it never rejects. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
