/**
 * Looking at jobs that were submitted before, by a batch or by anybody else: once, or until they are done.
 * Nothing in here costs money.
 */
import { type Clock, SECOND } from '../clock';
import { endSentence, type Failure } from '../failure';
import type { Ending } from '../job';
import type { FailedReply, Handle, LogLine } from '../transport';
import { Barrier, FOR_GIVEN_IDS } from './barrier';
import { collect, type ResultPatience } from './collect';
import { endingOf, unreadableEnding } from './ending';
import { type Done, doneBy, followUntilDone } from './follow';
import type { Followed } from './followed';
import { waitAfter } from './looks';
import { ODD_ANSWER_PATIENCE, SECOND_OPINION, SHORT_PATIENCE } from './patience';
import type { Watch } from './watch';

export type Found =
	| { readonly kind: 'ended'; readonly ending: Ending }
	/** Not done, or not known to be done: treating it as failed could mean paying for it again. */
	| {
			readonly kind: 'pending';
			/** As it was last seen. */
			readonly status?: 'IN_QUEUE' | 'IN_PROGRESS';
			readonly queuePosition?: number;
			readonly logs: LogLine[];
			/** Why nothing is known: no look told anything, or the result could not be read. */
			readonly failure?: Failure;
	  };

/** How many looks to try in all, if they go wrong for now. */
const TRIES = 3;
/**
 * One look is meant to be quick: if fal asks for a longer wait than our own backoff would ever be, give up.
 */
const LONGEST_WAIT = 30 * SECOND;

/** One look at a job; its result is read if it is done. */
export async function lookOnce(handle: Handle, watch: Watch): Promise<Found> {
	const { transport, clock, signal } = watch;
	const barrier = new Barrier(FOR_GIVEN_IDS);
	for (let failures = 1; ; failures++) {
		const reply = await transport.status(handle, { logs: watch.includeLogs });
		if (reply.kind === 'answered') {
			const { body } = reply;
			if (body.status !== 'COMPLETED') return { kind: 'pending', ...body };
			const followed = followedFrom(handle, clock.now(), clock.now());
			followed.logs.push(...body.logs);
			return await readEnd(followed, watch, doneBy(body));
		}
		const { barred, left } = barrier.hear(reply, clock.now());
		if (barred) return { kind: 'ended', ending: unreadableEnding(barred.failure) };
		const wait = waitAfter(reply, failures, watch);
		const isPatient = left <= SECOND_OPINION;
		if (signal.aborted || wait > LONGEST_WAIT || (failures >= TRIES && !isPatient)) {
			return notSeen(reply);
		}
		await clock.sleep(Math.min(wait, left), signal);
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
	const sight = await followUntilDone(followed, watch, FOR_GIVEN_IDS);
	switch (sight.kind) {
		case 'done':
			return await readEnd(followed, watch, sight);
		case 'barred':
			return { kind: 'ended', ending: unreadableEnding(sight.failure) };
		case 'deadline':
		case 'stopped':
			return lastSeen(followed);
	}
}

function followedFrom(handle: Handle, since: number, deadline: number): Followed {
	return { handle, since, deadline, lastWaiting: since, mayBeDone: true, logs: [] };
}

async function readEnd(
	followed: Followed,
	watch: Watch,
	{ inferenceTime, told }: Done,
): Promise<Found> {
	const collected = await collect(followed, watch, told, patienceUntil(followed, watch.clock));
	const { logs } = followed;
	if (collected.kind === 'stopped') return notRead(STOPPED, logs);
	// Asking again costs nothing; if it were given up, it might be paid for again.
	if (collected.kind === 'unavailable' && collected.unreached) {
		return notRead(collected.failure.message, logs);
	}
	const seen = { logs, ...(inferenceTime !== undefined && { inferenceTime }) };
	return { kind: 'ended', ending: endingOf(collected, seen) };
}

/** Nobody submits again because of what we say, and whoever asks can ask again. */
function patienceUntil({ deadline }: Followed, clock: Clock): ResultPatience {
	const time = Math.max(SHORT_PATIENCE, deadline - clock.now());
	return {
		oddAnswers: Math.min(time, ODD_ANSWER_PATIENCE),
		// Whoever comes late finds nothing: fal keeps results for minutes, or an hour.
		gone: SECOND_OPINION,
		contradiction: SECOND_OPINION,
		silence: time,
	};
}

function lastSeen({ seen, queuePosition, logs, trouble }: Followed): Found {
	if (!seen) return trouble ? notSeen(trouble) : pending('not_seen', NEVER_ASKED, logs);
	return {
		kind: 'pending',
		status: seen,
		logs,
		...(queuePosition !== undefined && { queuePosition }),
	};
}

const NEVER_ASKED =
	'The time was over before fal could be asked about the job. It may be running or done.';

function notSeen(reply: FailedReply): Found {
	const reason = reply.kind === 'rejected' ? `HTTP status ${reply.status}` : reply.reason;
	const message = `fal could not be asked about the job: ${reason}. It may be running or done.`;
	return pending('not_seen', message, []);
}

function notRead(reason: string, logs: LogLine[]): Found {
	const message = `The job is done, but its result could not be read: ${endSentence(reason)} Ask for it again.`;
	return pending('result_not_read', message, logs);
}

const STOPPED = 'the execution was stopped';

/** A job that may be running or done must not be submitted again. */
function pending(type: string, message: string, logs: LogLine[]): Found {
	return { kind: 'pending', logs, failure: { type, message, retryable: false } };
}
