/** Cancelling a job that nobody waits for any more: free, and repeated until fal has heard of it. */
import { type Backoff, backoffDelay } from './backoff';
import { type Clock, SECOND } from './clock';
import type { Handle, Transport } from './transport';

export type CancelOutcome =
	/** fal was asked; a job that works may still finish. */
	| 'requested'
	/** It was too late: the job is done. */
	| 'finished'
	/** fal could not be asked. */
	| 'not_heard';

/** Some seconds in all: a stopped execution should not linger. */
const TRIES = 4;
const BACKOFF: Backoff = { base: SECOND / 2, cap: 4 * SECOND };

export async function cancelJob(
	handle: Handle,
	transport: Transport,
	clock: Clock,
	random: () => number,
): Promise<CancelOutcome> {
	for (let failures = 1; ; failures++) {
		const reply = await transport.cancel(handle);
		if (reply.kind === 'answered') {
			return reply.body === 'ALREADY_COMPLETED' ? 'finished' : 'requested';
		}
		if (failures >= TRIES) return 'not_heard';
		await clock.sleep(backoffDelay(failures, BACKOFF, random()));
	}
}
