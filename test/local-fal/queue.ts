/**
 * The account's queue: takes every job, lets only as many run as the account may, in the order
 * they came, low priority after normal (fal-queue.md 4.1, 2.1).
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from './clock';
import { isRequestError, MODEL_ERRORS, modelErrorDetail, REQUEST_ERRORS } from './errors';
import type { FaultPlan, JobFate } from './faults';
import type { Ending, Job } from './jobs';
import { Lane } from './lane';
import { appOf, refusal, run } from './models';
import type { Studio } from './models';
import type { LocalFalOptions } from './options';

/** What the submit brings; the queue adds the rest. */
export type Submission = Omit<
	Job,
	'requestId' | 'gatewayRequestId' | 'ownSeed' | 'acceptedAt' | 'attempts' | 'fate' | 'progress'
>;

export interface JobCounts {
	readonly accepted: number;
	readonly completed: number;
	readonly failed: number;
	readonly cancelled: number;
}

export interface QueueParts {
	readonly options: LocalFalOptions;
	readonly clock: Clock;
	readonly faults: FaultPlan;
	readonly studio: Studio;
	onEnd(job: Job): void;
}

/** A refusal needs no generation: milliseconds until the model has read the input. */
const REFUSAL_TIME = 100;

/** fal's own attempts for one request, at most (1.9). */
const ATTEMPTS = 10;

export class AccountQueue {
	readonly #parts: QueueParts;
	readonly #jobs = new Map<string, Job>();
	readonly #normal = new Lane<Job>();
	readonly #low = new Lane<Job>();
	readonly #running = new Set<Job>();
	readonly #deadlines = new Map<Job, () => void>();
	readonly #finishes = new Map<Job, () => void>();
	/** Callers of `run`, waiting on the line for the end of their job. */
	readonly #callers = new Map<Job, (ending: Ending) => void>();
	#counts = { accepted: 0, completed: 0, failed: 0, cancelled: 0 };
	#peakInProgress = 0;
	#peakOpen = 0;

	constructor(parts: QueueParts) {
		this.#parts = parts;
	}

	get jobs(): ReadonlyMap<string, Readonly<Job>> {
		return this.#jobs;
	}

	get counts(): JobCounts {
		return { ...this.#counts };
	}

	get peakInProgress(): number {
		return this.#peakInProgress;
	}

	/** Most jobs accepted and not yet ended at the same time. */
	get peakOpen(): number {
		return this.#peakOpen;
	}

	get open(): number {
		const { accepted, completed, failed, cancelled } = this.#counts;
		return accepted - completed - failed - cancelled;
	}

	find(requestId: string): Job | undefined {
		return this.#jobs.get(requestId);
	}

	/** How many requests of this app wait, for `fal_max_queue_length`. */
	waiting(app: string): number {
		const waiting = [...this.#normal.members, ...this.#low.members];
		return waiting.filter((job) => appOf(job.model.id) === app).length;
	}

	/** How many are ahead of the job (1.5): a stuck one stays at 0 (section 8). */
	position(job: Job): number {
		const inNormal = this.#normal.position(job);
		if (inNormal !== undefined) return inNormal;
		const inLow = this.#low.position(job);
		return inLow === undefined ? 0 : this.#normal.length + inLow;
	}

	/** Takes a job. It waits for its turn. */
	accept(submission: Submission): Job {
		const job = this.#admit(submission);
		if (job.startTimeout !== undefined) {
			const expire = (): void => this.#expire(job);
			this.#deadlines.set(job, this.#parts.clock.after(job.startTimeout, expire));
		}
		if (job.fate?.job !== 'stuck_in_queue') this.#laneOf(job).push(job);
		this.#startNext();
		return job;
	}

	/**
	 * Takes a job whose caller waits on the line (`fal.run`). Direct calls don't queue: without a
	 * free slot there is no job.
	 */
	run(submission: Submission): { job: Job; ending: Promise<Ending> } | undefined {
		if (this.#running.size >= this.#parts.options.accountConcurrency) return undefined;
		const job = this.#admit(submission);
		const ending = new Promise<Ending>((resolve) => this.#callers.set(job, resolve));
		if (job.fate?.job !== 'stuck_in_queue') this.#start(job);
		return { job, ending };
	}

	cancel(job: Job): 'removed' | 'signalled' | 'too_late' {
		switch (job.progress.status) {
			case 'IN_QUEUE':
				this.#laneOf(job).remove(job);
				this.#end(job, { kind: 'cancelled' });
				return 'removed';
			case 'IN_PROGRESS':
				if (this.#parts.options.cancelRunning === 'stops') this.#end(job, { kind: 'cancelled' });
				return 'signalled';
			case 'COMPLETED':
				return 'too_late';
		}
	}

	/** Forgets all jobs. The clock must have been stopped. */
	reset(): void {
		for (const forgotten of [this.#jobs, this.#normal, this.#low, this.#running]) forgotten.clear();
		for (const forgotten of [this.#deadlines, this.#finishes, this.#callers]) forgotten.clear();
		this.#counts = { accepted: 0, completed: 0, failed: 0, cancelled: 0 };
		this.#peakInProgress = 0;
		this.#peakOpen = 0;
	}

	#admit(submission: Submission): Job {
		const requestId = randomUUID();
		const { options, faults } = this.#parts;
		const unfated: Job = {
			...submission,
			requestId,
			gatewayRequestId: requestId,
			ownSeed: drawnSeed(options.seed, this.#counts.accepted),
			acceptedAt: Date.now(),
			attempts: 0,
			progress: { status: 'IN_QUEUE' },
		};
		const job: Job = { ...unfated, fate: faults.fateOf(unfated) };
		this.#jobs.set(requestId, job);
		this.#counts.accepted++;
		this.#peakOpen = Math.max(this.#peakOpen, this.open);
		return job;
	}

	#laneOf(job: Job): Lane<Job> {
		return job.priority === 'low' ? this.#low : this.#normal;
	}

	#startNext(): void {
		while (this.#running.size < this.#parts.options.accountConcurrency) {
			const job = this.#normal.shift() ?? this.#low.shift();
			if (!job) return;
			this.#start(job);
		}
	}

	#start(job: Job): void {
		this.#callOff(this.#deadlines, job);
		const takes = this.#timeOf(job);
		job.attempts++;
		job.progress = { status: 'IN_PROGRESS', startedAt: Date.now(), takes };
		this.#running.add(job);
		this.#peakInProgress = Math.max(this.#peakInProgress, this.#running.size);
		this.#finishes.set(
			job,
			this.#parts.clock.after(takes, () => void this.#finish(job)),
		);
	}

	#timeOf(job: Job): number {
		const { jobTime } = this.#parts.options;
		if (typeof jobTime === 'function') return jobTime(job);
		return (refusal(job) ? REFUSAL_TIME : job.model.time) * jobTime;
	}

	async #finish(job: Job): Promise<void> {
		const { fate } = job;
		if (fate && job.attempts <= (fate.attempts ?? Infinity)) {
			if (mayTryAgain(job, fate)) this.#requeue(job);
			else this.#end(job, fatedEnding(fate));
			return;
		}
		const ending = this.#billed(job, await run(job, this.#parts.studio));
		// A cancel or a reset may have come while the model was drawing.
		if (this.#running.has(job)) this.#end(job, ending);
	}

	#billed(job: Job, ending: Ending): Ending {
		if (ending.kind !== 'output') return ending;
		const units = this.#parts.options.billedUnits?.(job);
		return units === undefined ? ending : { ...ending, billableUnits: units };
	}

	/** fal tries again by itself; the request keeps its id and gets another gateway id (1.4). */
	#requeue(job: Job): void {
		this.#running.delete(job);
		job.gatewayRequestId = randomUUID();
		job.progress = { status: 'IN_QUEUE' };
		this.#laneOf(job).push(job);
		this.#startNext();
	}

	/** The caller's start deadline is over before the job could start (2.1). */
	#expire(job: Job): void {
		this.#laneOf(job).remove(job);
		this.#end(job, { kind: 'request_error', type: 'request_timeout', byUser: true });
	}

	#end(job: Job, ending: Ending): void {
		const { progress } = job;
		this.#callOff(this.#deadlines, job);
		this.#callOff(this.#finishes, job);
		this.#running.delete(job);
		job.progress = {
			status: 'COMPLETED',
			startedAt: progress.status === 'IN_PROGRESS' ? progress.startedAt : undefined,
			takes: progress.status === 'IN_PROGRESS' ? progress.takes : 0,
			endedAt: Date.now(),
			ending,
		};
		this.#counts[outcome(ending)]++;
		this.#callers.get(job)?.(ending);
		this.#callers.delete(job);
		this.#parts.onEnd(job);
		this.#startNext();
	}

	#callOff(alarms: Map<Job, () => void>, job: Job): void {
		alarms.get(job)?.();
		alarms.delete(job);
	}
}

/** Eighteen digits, always the same for the same seed option and place in the run. */
function drawnSeed(seed: string, index: number): bigint {
	const drawn = createHash('sha256').update(`${seed}\n${index}`).digest().readBigUInt64BE();
	return 10n ** 17n + (drawn % (9n * 10n ** 17n));
}

/** fal re-queues after 503 and 504, unless told not to (1.9). */
function mayTryAgain(job: Job, fate: JobFate): boolean {
	if (fate.job === 'stuck_in_queue' || !isRequestError(fate.job)) return false;
	// A failure that lasts is not played ten times over: its end is known.
	const passes = fate.attempts !== undefined && fate.attempts < ATTEMPTS;
	const { status } = REQUEST_ERRORS[fate.job];
	return passes && !job.noRetry && (status === 503 || status === 504);
}

function fatedEnding(fate: JobFate): Ending {
	if (fate.job === 'stuck_in_queue') return { kind: 'request_error', type: 'internal_error' };
	if (isRequestError(fate.job)) return { kind: 'request_error', type: fate.job };
	const { status, needsRetry } = MODEL_ERRORS[fate.job];
	return {
		kind: 'model_error',
		status,
		detail: [modelErrorDetail(fate.job, ['body'])],
		needsRetry: fate.needsRetry ?? needsRetry,
	};
}

function outcome(ending: Ending): 'completed' | 'failed' | 'cancelled' {
	switch (ending.kind) {
		case 'output':
			return 'completed';
		case 'cancelled':
			return 'cancelled';
		case 'model_error':
		case 'request_error':
			return 'failed';
	}
}
