/**
 * Following a job that fal has accepted, until it is done. Looking changes nothing and costs nothing, so
 * it is patient: what goes wrong with a look is tried again until the job's deadline, and spends no
 * budget.
 */
import { backoffDelay, parseRetryAfter, READ_BACKOFF } from './backoff';
import { onAbort } from './abort';
import { type Clock, SECOND } from './clock';
import { type Failure, endSentence, readFailure } from './failure';
import type { PollSchedule } from './pollSchedule';
import type { FailedReply, Handle, LogLine, Reply, StatusReport, Transport } from './transport';

export interface Watch {
	readonly transport: Transport;
	readonly clock: Clock;
	readonly random: () => number;
	/** Aborted when the execution is stopped. */
	readonly signal: AbortSignal;
	readonly schedule: PollSchedule;
	readonly includeLogs: boolean;
}

/** A job as it is followed. All times are milliseconds since the epoch. */
export interface Followed {
	readonly handle: Handle;
	/** When fal accepted it. */
	readonly since: number;
	readonly deadline: number;
	/** Whether it may be done already: it was submitted before, by somebody else. */
	readonly mayBeDone?: boolean;
	queuePosition?: number;
	/** When it was last known to be waiting in the queue. */
	lastWaiting: number;
	/** When a look last found it not done. */
	notDoneAt?: number;
	/** When it is thought to have started, once it was seen working. */
	workingSince?: number;
	readonly logs: LogLine[];
}

export type Sight =
	/** fal is done with it; whether it succeeded, the result tells. */
	| { readonly kind: 'done'; readonly inferenceTime?: number }
	| { readonly kind: 'deadline' }
	| { readonly kind: 'stopped' }
	/** fal does not let it be read: no such request, or no permission. */
	| { readonly kind: 'barred'; readonly failure: Failure };

/** Looks at the job until fal is done with it, the deadline is over or the execution stopped. */
export async function followUntilDone(job: Followed, watch: Watch): Promise<Sight> {
	const { clock, signal, schedule, transport } = watch;
	// With nobody ahead of it, it has most likely started by the time its acceptance is heard of.
	if (job.queuePosition === 0) delete job.queuePosition;
	const place = job.queuePosition;
	let wait = job.mayBeDone ? 0 : schedule.nextLook({ age: 0, ...queuePlace(job) });
	for (let failures = 0; ; ) {
		const now = clock.now();
		if (failures > 0) await clock.sleep(Math.min(wait, job.deadline - now), signal);
		else await sleepAndLearn(job, wait, watch);
		if (signal.aborted) return { kind: 'stopped' };
		// After a look that went wrong, the wait may be one that fal asked for: it is not cut short.
		if (failures > 0 && now + wait > job.deadline) return { kind: 'deadline' };
		const askedAt = clock.now();
		const reply = await transport.status(job.handle, { logs: watch.includeLogs });
		if (signal.aborted) return { kind: 'stopped' };
		if (reply.kind === 'answered') {
			failures = 0;
			schedule.learnTravel(clock.now() - askedAt);
			takeNote(job, reply.body, watch);
			if (reply.body.status === 'COMPLETED') {
				return done(job, reply.body.inferenceTime, place, watch);
			}
			job.notDoneAt = askedAt;
			wait = schedule.nextLook(sighting(job, clock.now()));
		} else {
			const barred = readBarrier(reply, clock.now() - job.since);
			if (barred) return { kind: 'barred', failure: barred };
			failures++;
			wait = waitAfter(reply, failures, watch);
		}
		if (clock.now() >= job.deadline) return { kind: 'deadline' };
	}
}

/** Sleeps until the next look; when the first job of the model ends meanwhile, that look is planned anew. */
async function sleepAndLearn(job: Followed, wait: number, watch: Watch): Promise<void> {
	const { clock, signal, schedule } = watch;
	const seenAt = clock.now();
	const seen = sighting(job, seenAt);
	const untilDeadline = (ms: number) => Math.min(ms, job.deadline - clock.now());
	if (schedule.firstEnd.aborted || wait === 0) {
		return await clock.sleep(untilDeadline(wait), signal);
	}
	const awake = new AbortController();
	const wake = () => awake.abort();
	const forget = [onAbort(signal, wake), onAbort(schedule.firstEnd, wake)];
	await clock.sleep(untilDeadline(wait), awake.signal);
	forget.forEach((stopListening) => stopListening());
	if (!schedule.firstEnd.aborted || signal.aborted) return;
	const due = seenAt + Math.min(wait, schedule.nextLook(seen));
	await clock.sleep(untilDeadline(due - clock.now()), signal);
}

/** Right after a submit, a part of fal may not have heard of the job yet. */
const SETTLING_TIME = 10 * SECOND;

/** Why fal will never let this be read, if it says so. `age` in milliseconds since the submit. */
export function readBarrier(reply: FailedReply, age: number): Failure | undefined {
	if (reply.kind !== 'rejected') return undefined;
	const { status, headers, body } = reply;
	if (status >= 500 || status === 408 || status === 429) return undefined;
	if (status === 404 && age < SETTLING_TIME) return undefined;
	const failure = readFailure(status, headers, body);
	const explanation =
		status === 404
			? 'fal does not know this request (any more).'
			: `fal does not let this request be read: ${endSentence(failure.message)}`;
	return { ...failure, message: explanation, retryable: false };
}

/** A look or a result that went wrong in passing: a cut answer, a gateway, too many requests. */
export function waitAfter(
	reply: Reply<unknown>,
	failures: number,
	{ clock, random }: Watch,
): number {
	const retryAfter =
		'headers' in reply ? parseRetryAfter(reply.headers['retry-after'], clock.now()) : 0;
	return backoffDelay(failures, READ_BACKOFF, random(), retryAfter);
}

function takeNote(job: Followed, report: StatusReport, { clock, schedule }: Watch): void {
	const now = clock.now();
	if (report.status === 'IN_QUEUE') {
		job.lastWaiting = now;
		if (report.queuePosition === undefined) delete job.queuePosition;
		else job.queuePosition = report.queuePosition;
	} else {
		job.workingSince ??= Math.min(now, job.lastWaiting + schedule.expectedWait(job.queuePosition));
		delete job.queuePosition;
	}
	// fal's window of logs moves: each look brings some lines again and leaves out older ones.
	const known = new Set(job.logs.map(logKey));
	job.logs.push(...report.logs.filter((line) => !known.has(logKey(line))));
}

function logKey({ timestamp, message }: LogLine): string {
	return `${timestamp} ${message}`;
}

function done(
	job: Followed,
	inferenceTime: number | undefined,
	place: number | undefined,
	{ schedule, clock }: Watch,
): Sight {
	const age = clock.now() - job.since;
	if (inferenceTime !== undefined) {
		const work = inferenceTime * SECOND;
		// Only of a job that was seen waiting is the rest of its age waiting, and not just a late look.
		const seenWaiting = job.lastWaiting > job.since && !job.mayBeDone;
		schedule.learn(work, Math.max(0, age - work), seenWaiting ? place : undefined);
		return { kind: 'done', inferenceTime };
	}
	// When a job that may be done already ended, nobody saw: its age says nothing of its work.
	if (!job.mayBeDone) schedule.learn(likelyWork(job, age), 0, undefined);
	return { kind: 'done' };
}

/**
 * Where fal does not say how long a job worked: it ended between two looks. When the first look found
 * it done already, that look may have been late; taken for the time of work it would make the next look
 * as late, and later, so the guess leans the other way until a look comes too early.
 */
function likelyWork({ notDoneAt, since }: Followed, age: number): number {
	return notDoneAt === undefined ? age * LEANING : (notDoneAt - since + age) / 2;
}

const LEANING = 0.95;

function sighting(job: Followed, now: number) {
	return {
		age: now - job.since,
		...(job.workingSince !== undefined && { workedFor: now - job.workingSince }),
		...queuePlace(job),
	};
}

function queuePlace({ queuePosition }: Followed) {
	return queuePosition === undefined ? {} : { queuePosition };
}
