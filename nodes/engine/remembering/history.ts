/**
 * fal's request history: which requests it was given, and how they ended. It stands in when a batch does not
 * know any more: after a submit without an answer, or a run that died. Reading it costs nothing.
 */
import { backoffDelay, parseRetryAfter, READ_BACKOFF } from '../backoff';
import { type Clock, MINUTE } from '../clock';
import { type Failure, readFailure } from '../failure';
import type { FailedReply, Handle, Reply } from '../transport';

/** A request that fal remembers. All times are milliseconds since the epoch. */
export interface PastRequest {
	readonly handle: Handle;
	readonly sentAt: number;
	/** The same text for the same input; absent when fal did not keep the input. */
	readonly identity?: string;
	/** Absent while it is open. */
	readonly end?: {
		readonly at: number;
		readonly succeeded: boolean;
		/** Seconds of work. */
		readonly inferenceTime?: number;
	};
}

export interface HistoryQuestion {
	readonly model: string;
	/** Milliseconds since the epoch. */
	readonly since: number;
	/** Where the page begins; absent for the first one. */
	readonly cursor: string | undefined;
	/** Requests on a page, 1 to 100. */
	readonly limit: number;
}

export interface HistoryPage {
	readonly requests: readonly PastRequest[];
	/** Where the next page begins; absent on the last one. */
	readonly nextCursor?: string;
}

export interface History {
	/** Never throws. @returns the same text for the same input, in whatever order its fields are */
	identityOf(input: Readonly<Record<string, unknown>>): string;
	/** Never throws. Gives up at once (`lost`) when the execution is stopped. */
	page(question: HistoryQuestion): Promise<Reply<HistoryPage>>;
}

export const NO_HISTORY: History = {
	identityOf: () => '',
	page: async () => ({ kind: 'unsent', reason: 'it is not known where it is' }),
};

export interface HistoryReader {
	readonly history: History;
	readonly clock: Clock;
	readonly random: () => number;
	readonly signal: AbortSignal;
}

/**
 * Reads what fal remembers of a model, page by page.
 *
 * @param since milliseconds since the epoch
 * @param take gets each page, and a request perhaps more than once; returns whether it wants another page
 * @returns why it could not be read to its end, if it could not
 */
export async function readHistory(
	model: string,
	since: number,
	{ history, clock, random, signal }: HistoryReader,
	take: (requests: readonly PastRequest[]) => boolean,
): Promise<Failure | undefined> {
	const giveUpAt = clock.now() + LONGEST_READING;
	let cursor: string | undefined;
	let limit = LARGEST_PAGE;
	let failures = 0;
	let read = 0;
	while (read < MOST_REQUESTS && clock.now() < giveUpAt && !signal.aborted) {
		const reply = await history.page({ model, since, cursor, limit });
		if (reply.kind === 'answered') {
			const { requests, nextCursor } = reply.body;
			if (!take(requests) || nextCursor === undefined) return undefined;
			cursor = nextCursor;
			failures = 0;
			// An empty page counts, too: there may be no end of them.
			read += Math.max(1, requests.length);
		} else if (reply.kind === 'unreadable' && reply.tooLarge && limit > 1) {
			// Inputs and outputs are included, and with pictures in them a page can be too large. fal's cursor is a
			// page number: with another page size, it would point to another place.
			limit = Math.ceil(limit / 10);
			cursor = undefined;
		} else {
			failures++;
			const wait = waitBeforeRetry(reply, failures, clock, random());
			if (wait === undefined) return unreadable(reply);
			await clock.sleep(wait, signal);
		}
	}
	return signal.aborted ? undefined : tooLong(read);
}

const LARGEST_PAGE = 100;
/** An account with more of them in the period reads only a part. */
const MOST_REQUESTS = 50_000;
/** The batch waits for it, and a history that answers only every third time would hold it up for a day. */
const LONGEST_READING = 10 * MINUTE;
const TRIES = 4;

/** @returns nothing when there is no point in asking again */
function waitBeforeRetry(
	reply: FailedReply,
	failures: number,
	clock: Clock,
	random: number,
): number | undefined {
	if (failures >= TRIES) return undefined;
	if (reply.kind !== 'rejected') return backoffDelay(failures, READ_BACKOFF, random);
	if (reply.status < 500 && reply.status !== 408 && reply.status !== 429) return undefined;
	const retryAfter = parseRetryAfter(reply.headers['retry-after'], clock.now());
	// The batch waits for it: better without the history than an hour late.
	return retryAfter > MINUTE ? undefined : backoffDelay(failures, READ_BACKOFF, random, retryAfter);
}

function unreadable(reply: FailedReply): Failure {
	if (reply.kind === 'rejected') return readFailure(reply.status, reply.headers, reply.body);
	return { type: 'history_not_read', message: reply.reason, retryable: true };
}

function tooLong(read: number): Failure {
	return {
		type: 'history_too_long',
		message: `only its latest ${read} requests were read`,
		retryable: false,
	};
}
