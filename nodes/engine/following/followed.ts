/** What was seen of a job that is followed, and what its end teaches about the next ones. */
import { SECOND } from '../clock';
import type { FailedReply, Handle, LogLine, StatusReport } from '../transport';
import type { Sighting } from './pollSchedule';
import type { Watch } from './watch';

/** A job as it is followed. All times are milliseconds since the epoch. */
export interface Followed {
	readonly handle: Handle;
	/** When fal accepted it. */
	readonly since: number;
	/** When it is given up. Each sign of life moves it on, if there is a `patience`. */
	deadline: number;
	/** How many milliseconds a sign of life buys; absent where the deadline is fixed. */
	readonly patience?: number;
	/** Whether it may be done already: somebody else submitted it earlier. */
	readonly mayBeDone?: boolean;
	queuePosition?: number;
	/** The last queue position that fal gave; kept when a later answer gives none. */
	lastPlace?: number;
	/** What the latest look that said anything said. */
	seen?: 'IN_QUEUE' | 'IN_PROGRESS';
	/** What went wrong with the latest look, if it went wrong. */
	trouble?: FailedReply;
	/** When it was last known to be waiting in the queue. */
	lastWaiting: number;
	/** When a look last found it not done. */
	notDoneAt?: number;
	/** When it is thought to have started, once it was seen working. */
	workingSince?: number;
	readonly logs: LogLine[];
}

/**
 * Writes down what a look found.
 *
 * @param askedAt when the look was sent; milliseconds since the epoch
 */
export function takeNote(
	job: Followed,
	report: StatusReport,
	askedAt: number,
	{ clock, schedule }: Watch,
): void {
	schedule.learnTravel(clock.now() - askedAt);
	write(job, report, askedAt, clock.now(), schedule);
}

/**
 * Writes down what a status stream told.
 *
 * @param isLive whether it has told of the job before, and so tells of what has just happened
 */
export function takeWord(
	job: Followed,
	report: StatusReport,
	isLive: boolean,
	{ clock, schedule }: Watch,
): void {
	const now = clock.now();
	if (isLive) {
		// Until now it was as the stream had said.
		job.notDoneAt = now;
		if (job.seen === 'IN_QUEUE') job.lastWaiting = now;
	}
	write(job, report, now, now, schedule);
}

function write(
	job: Followed,
	report: StatusReport,
	askedAt: number,
	now: number,
	schedule: Watch['schedule'],
): void {
	delete job.trouble;
	hearSignOfLife(job, report, now, schedule);
	if (report.status === 'IN_QUEUE') {
		job.lastWaiting = now;
		if (report.queuePosition === undefined) delete job.queuePosition;
		else job.queuePosition = report.queuePosition;
	} else {
		job.workingSince ??= Math.min(now, likelyStart(job, job.lastWaiting, schedule));
		delete job.queuePosition;
	}
	if (report.status !== 'COMPLETED') {
		job.notDoneAt = askedAt;
		job.seen = report.status;
	}
	// fal's log window moves: each look repeats some lines and leaves out older ones.
	const known = new Set(job.logs.map(logKey));
	job.logs.push(...report.logs.filter((line) => !known.has(logKey(line))));
}

/**
 * A job is given up when nothing moves for as long as its patience, not when it has to wait its turn: twenty
 * films of 15 minutes at an account limit of 2 take two and a half hours, and none of them hangs. Signs of
 * life are the start of the work and a better place in the queue than at the look before. Where fal names no
 * place, the end of a job that was taken before this one stands in for it. That a job is still in the queue,
 * and no more, is no sign: so a job that hangs in it does end.
 */
function hearSignOfLife(
	job: Followed,
	report: StatusReport,
	now: number,
	{ movement }: Watch['schedule'],
): void {
	const { lastPlace, patience, since } = job;
	const place = report.status === 'IN_QUEUE' ? report.queuePosition : undefined;
	if (place !== undefined) job.lastPlace = place;
	if (patience === undefined) return;
	let sign: number | undefined;
	if (report.status === 'IN_PROGRESS') sign = job.seen === 'IN_PROGRESS' ? undefined : now;
	else if (report.status === 'IN_QUEUE') {
		if (place === undefined) sign = movement.lastStepAheadOf(since);
		else if (lastPlace !== undefined && place < lastPlace) sign = now;
	}
	if (sign !== undefined) job.deadline = Math.max(job.deadline, sign + patience);
}

function logKey({ timestamp, message }: LogLine): string {
	return `${timestamp} ${message}`;
}

/** The job as the schedule sees it. */
export function sightingOf(job: Followed, now: number, schedule: Watch['schedule']): Sighting {
	const { since, workingSince, queuePosition } = job;
	const age = now - since;
	if (workingSince !== undefined) return { age, workedFor: now - workingSince };
	if (queuePosition === undefined) return { age };
	return { age, queuePosition, startsIn: Math.max(0, likelyStart(job, now, schedule) - now) };
}

/**
 * When a job that is known to wait starts: as its place tells, or sooner if enough of our own jobs end sooner.
 * Too early costs a look; too late, and a place at fal may stand empty.
 *
 * @param at when it was seen to wait
 */
function likelyStart({ queuePosition }: Followed, at: number, schedule: Watch['schedule']): number {
	const work = schedule.usualWork(0);
	if (queuePosition === undefined || work === undefined) return at;
	const wait = schedule.expectedWait(queuePosition);
	const start = schedule.ownQueue.startOf(at, queuePosition, work) ?? at + wait;
	return wait > 0 ? Math.min(start, at + wait) : start;
}

/** Lets those that wait behind it know when its work begins and ends, as far as it can be told. */
export function expectStay(
	job: Followed,
	{ age, workedFor, startsIn }: Sighting,
	now: number,
	schedule: Watch['schedule'],
): void {
	// Its start could be long ago, or waits for a place in a queue of which nothing is known.
	if (job.mayBeDone || (job.seen === 'IN_QUEUE' && startsIn === undefined)) return;
	const worked = workedFor ?? (startsIn === undefined ? age : -startsIn);
	const start = now - worked;
	const work = schedule.usualWork(Math.max(0, worked));
	schedule.ownQueue.expect(job, { start, ...(work !== undefined && { end: start + work }) });
}

/**
 * The job is done: the schedule learns from it.
 *
 * @param inferenceTime seconds of work, if fal said so
 * @param firstPlace its place in the queue when it was accepted, if it had to wait
 */
export function learnFromEnd(
	job: Followed,
	inferenceTime: number | undefined,
	firstPlace: number | undefined,
	{ schedule, clock }: Watch,
): void {
	const age = clock.now() - job.since;
	schedule.movement.noteEnd(job.since, clock.now());
	schedule.ownQueue.noteEnd(job, whenEnded(job, inferenceTime, clock.now()));
	if (inferenceTime !== undefined) {
		const work = inferenceTime * SECOND;
		// The rest of its age was waiting only if it was seen to wait; otherwise it may just be a late look.
		const seenWaiting = job.lastWaiting > job.since && !job.mayBeDone;
		schedule.learn(work, Math.max(0, age - work), seenWaiting ? firstPlace : undefined);
	} else if (!job.mayBeDone) {
		// Nobody saw when a job that may have been done already ended: its age says nothing about its work.
		schedule.learn(likelyWork(job, age), 0, undefined);
	}
}

/** Between the last look that found it at work and the one that found it done. */
function whenEnded(
	{ workingSince = 0, notDoneAt = 0 }: Followed,
	inferenceTime: number | undefined,
	now: number,
): number {
	const end = inferenceTime === undefined ? now : workingSince + inferenceTime * SECOND;
	return Math.min(now, Math.max(end, notDoneAt));
}

/**
 * Used where fal does not say how long a job worked: it ended between two looks. If the very first look found
 * it done, that look may have been late. Taking its age as the work time would make later looks just as late,
 * or later; so the guess leans the other way until a look comes too early.
 */
function likelyWork({ notDoneAt, since }: Followed, age: number): number {
	return notDoneAt === undefined ? age * LEANING : (notDoneAt - since + age) / 2;
}

const LEANING = 0.95;
