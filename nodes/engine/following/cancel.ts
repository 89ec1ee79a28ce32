/** Cancelling a job that nobody waits for any more: free, and repeated until fal has heard of it. */
import { type Backoff, backoffDelay, parseRetryAfter } from '../backoff';
import { type Clock, SECOND } from '../clock';
import type { CancelVerdict, FailedReply, Handle, Reply, Transport } from '../transport';

export type CancelOutcome =
	/** fal was asked; a job that works may still finish. */
	| 'requested'
	/** It was too late: the job is done. */
	| 'finished'
	/** fal could not be asked. */
	| 'not_heard';

/** A few seconds in all: a stopped execution should not linger. */
const TRIES = 4;
const BACKOFF: Backoff = { base: SECOND / 2, cap: 4 * SECOND };
const LONGEST_WAIT = 30 * SECOND;

export async function cancelJob(
	handle: Handle,
	transport: Transport,
	clock: Clock,
	random: () => number,
): Promise<CancelOutcome> {
	const reply = await askToCancel(handle, transport, clock, random);
	if (reply.kind !== 'answered') return 'not_heard';
	return reply.body === 'ALREADY_COMPLETED' ? 'finished' : 'requested';
}

/** Asks until fal has heard of it, if it can be asked at all. @returns its word, or the last failure */
export async function askToCancel(
	handle: Handle,
	transport: Transport,
	clock: Clock,
	random: () => number,
): Promise<Reply<CancelVerdict>> {
	for (let failures = 1; ; failures++) {
		const reply = await transport.cancel(handle);
		if (reply.kind === 'answered' || failures >= TRIES || isFinal(reply)) return reply;
		const asked = 'headers' in reply ? reply.headers['retry-after'] : undefined;
		const retryAfter = parseRetryAfter(asked, clock.now());
		if (retryAfter > LONGEST_WAIT) return reply;
		await clock.sleep(backoffDelay(failures, BACKOFF, random(), retryAfter));
	}
}

function isFinal(reply: FailedReply): boolean {
	if (reply.kind !== 'rejected') return false;
	return reply.status < 500 && reply.status !== 408 && reply.status !== 429;
}
