/** Whether all of a set of jobs are done, found out with as few looks and in as little time as possible. */
import type { Failure } from '../failure';
import type { Handle } from '../transport';
import { Barrier, FOR_GIVEN_IDS, isRefusedKey } from './barrier';
import { waitAfter } from './looks';
import { SECOND_OPINION } from './patience';
import type { Watch } from './watch';

export interface Asking {
	/** The most looks at the same time, 1 or more. */
	readonly atOnce?: number;
	/** Told why a request can't be read with this key, which says nothing about the job. */
	readonly hearRefusal?: (failure: Failure) => void;
}

/**
 * Asks in random order, up to the first job that is not done: while callbacks of a batch of N come in one by
 * one, this takes on the order of N log N looks in all, not N squared. It asks about one job first, then two
 * at once, then four: a search that ends early has cost at most twice the looks, and one that ends with yes
 * does not take a thousand looks one after the other.
 *
 * @returns false also when fal could not be asked, or refused the key
 */
export async function areAllDone(
	handles: readonly Handle[],
	watch: Watch,
	{ atOnce = 1, hearRefusal = () => {} }: Asking = {},
): Promise<boolean> {
	const order = shuffled(handles, watch.random);
	for (let asked = 0, next = 1; asked < order.length; next = Math.min(2 * next, atOnce)) {
		const some = order.slice(asked, asked + next);
		asked += some.length;
		const done = await Promise.all(some.map((handle) => isDone(handle, watch, hearRefusal)));
		if (done.includes(false)) return false;
	}
	return true;
}

/** A callback may be the last one, and nobody asks again before the deadline. */
const TRIES = 7;

/** A request that fal does not know will not change any more. */
async function isDone(
	handle: Handle,
	watch: Watch,
	hearRefusal: (failure: Failure) => void,
): Promise<boolean> {
	const { transport, clock, signal } = watch;
	const barrier = new Barrier(FOR_GIVEN_IDS);
	for (let failures = 1; ; failures++) {
		const reply = await transport.status(handle, { logs: false });
		if (reply.kind === 'answered') return reply.body.status === 'COMPLETED';
		const { barred, left } = barrier.hear(reply, clock.now());
		if (barred && isRefusedKey(barred.failure)) {
			hearRefusal(barred.failure);
			return false;
		}
		if (barred) return barred.byFal;
		const isPatient = left <= SECOND_OPINION;
		if (signal.aborted || (failures >= TRIES && !isPatient)) return false;
		await clock.sleep(Math.min(waitAfter(reply, failures, watch), left), signal);
	}
}

/** Fisher and Yates. */
function shuffled<Entry>(entries: readonly Entry[], random: () => number): Entry[] {
	const order = [...entries];
	for (let last = order.length - 1; last > 0; last--) {
		const chosen = Math.floor(random() * (last + 1));
		[order[last], order[chosen]] = [order[chosen]!, order[last]!];
	}
	return order;
}
