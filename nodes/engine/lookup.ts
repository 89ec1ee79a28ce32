/**
 * Looking after jobs that were submitted before, by a batch or by anybody else: once, until they are
 * done, or just far enough to know whether all of them are. Nothing in here costs money.
 */
import { SECOND } from './clock';
import { collect } from './collect';
import { endingOf, unreadableEnding } from './ending';
import type { Failure } from './failure';
import { type Followed, followUntilDone, readBarrier, waitAfter, type Watch } from './follow';
import type { Ending } from './job';
import type { FailedReply, Handle, LogLine } from './transport';

export type Found =
	| { readonly kind: 'ended'; readonly ending: Ending }
	/** Not done, or not known to be: to treat it as failed could mean to pay for it again. */
	| {
			readonly kind: 'pending';
			readonly status?: 'IN_QUEUE' | 'IN_PROGRESS';
			readonly queuePosition?: number;
			readonly logs: LogLine[];
			/** Why nothing is known, when the look itself went wrong. */
			readonly failure?: Failure;
	  };

/** A look that went wrong in passing is tried again, this often in all. */
const TRIES = 3;
/** One look is meant to be quick: when fal asks for a longer wait than its own backoff, it is over. */
const LONGEST_WAIT = 30 * SECOND;

/** More often where a callback may be the last one, and nobody asks again before the deadline. */
const TRIES_FOR_DONE = 7;

/** One look at a job; its result is read if it is done. */
export async function lookOnce(handle: Handle, watch: Watch): Promise<Found> {
	const { transport, clock, signal } = watch;
	for (let failures = 1; ; failures++) {
		const reply = await transport.status(handle, { logs: watch.includeLogs });
		if (reply.kind === 'answered') {
			const { body } = reply;
			if (body.status !== 'COMPLETED') return { kind: 'pending', ...body };
			const followed = followedFrom(handle, clock.now(), clock.now());
			followed.logs.push(...body.logs);
			return await readEnd(followed, watch, body.inferenceTime);
		}
		const barred = readBarrier(reply, Number.POSITIVE_INFINITY);
		if (barred) return { kind: 'ended', ending: unreadableEnding(barred) };
		const wait = waitAfter(reply, failures, watch);
		if (failures >= TRIES || wait > LONGEST_WAIT || signal.aborted) return notSeen(reply);
		await clock.sleep(wait, signal);
	}
}

/**
 * Looks until the job is done or the deadline is over.
 *
 * @param since when it was submitted, or else now; milliseconds since the epoch, as `deadline`
 */
export async function lookUntilDone(
	handle: Handle,
	since: number,
	deadline: number,
	watch: Watch,
): Promise<Found> {
	const followed = followedFrom(handle, since, deadline);
	const sight = await followUntilDone(followed, watch);
	switch (sight.kind) {
		case 'done':
			return await readEnd(followed, watch, sight.inferenceTime);
		case 'barred':
			return { kind: 'ended', ending: unreadableEnding(sight.failure) };
		case 'deadline':
		case 'stopped':
			return lastSeen(followed);
	}
}

/**
 * Whether all of the jobs are done, asked in random order up to the first that is not: while callbacks
 * of a batch of N come in one by one, this asks in the order of N log N times in all, not N squared.
 *
 * @returns false also when fal could not be asked
 */
export async function areAllDone(handles: readonly Handle[], watch: Watch): Promise<boolean> {
	for (const handle of shuffled(handles, watch.random)) {
		if (!(await isDone(handle, watch))) return false;
	}
	return true;
}

/** A request that fal does not know, or does not let be read, will not change any more. */
async function isDone(handle: Handle, watch: Watch): Promise<boolean> {
	const { transport, clock, signal } = watch;
	for (let failures = 1; failures <= TRIES_FOR_DONE; failures++) {
		const reply = await transport.status(handle, { logs: false });
		if (reply.kind === 'answered') return reply.body.status === 'COMPLETED';
		if (readBarrier(reply, Number.POSITIVE_INFINITY)) return true;
		await clock.sleep(waitAfter(reply, failures, watch), signal);
	}
	return false;
}

function followedFrom(handle: Handle, since: number, deadline: number): Followed {
	return { handle, since, deadline, lastWaiting: since, mayBeDone: true, logs: [] };
}

async function readEnd(
	followed: Followed,
	watch: Watch,
	inferenceTime: number | undefined,
): Promise<Found> {
	const collected = await collect(followed, watch);
	if (collected.kind === 'stopped') return lastSeen(followed);
	const seen = { logs: followed.logs, ...(inferenceTime !== undefined && { inferenceTime }) };
	return { kind: 'ended', ending: endingOf(collected, seen) };
}

function lastSeen({ workingSince, queuePosition, logs }: Followed): Found {
	if (workingSince !== undefined) return { kind: 'pending', status: 'IN_PROGRESS', logs };
	return {
		kind: 'pending',
		status: 'IN_QUEUE',
		logs,
		...(queuePosition !== undefined && { queuePosition }),
	};
}

function notSeen(reply: FailedReply): Found {
	const reason = reply.kind === 'rejected' ? `HTTP status ${reply.status}` : reply.reason;
	const failure = {
		type: 'not_seen',
		message: `fal could not be asked about the job: ${reason}. It may be running or done.`,
		retryable: true,
	};
	return { kind: 'pending', logs: [], failure };
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
