/**
 * A batch of jobs from the first submit to the last result. The story of one job:
 *
 *     waiting -> a slot is free -> the gate is open -> submit -> follow until done -> slot is free again
 *                                                                     -> read the result -> ended
 *
 * Every job ends exactly once, in one of the ways of `Ending`. Nothing in here throws on account of
 * fal, and nothing submits a job again unless fal is known not to have taken it, or has failed it for
 * a transient reason of its own.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { AdaptiveLimit } from './adaptiveLimit';
import { onAbort } from './abort';
import { cancelJob, type CancelOutcome } from './cancel';
import { type Clock, SECOND } from './clock';
import { collect } from './collect';
import { endingOf, unreadableEnding } from './ending';
import type { Failure } from './failure';
import { type Followed, followUntilDone, type Watch } from './follow';
import type { EndedJob, Ending, Job, Unsuccessful } from './job';
import { type PollBounds, PollSchedules } from './pollSchedule';
import { MAX_ATTEMPTS, RetryBudget } from './retryBudget';
import { readSubmit, type SubmitVerdict } from './submit';
import { type Passage, SubmitGate } from './submitGate';
import type { Accepted, Handle, Submission, Transport } from './transport';

export interface BatchSettings {
	/** Whether jobs are followed to their result, or handed out once fal has accepted them. */
	readonly follow: boolean;
	/** The most jobs in flight, 1 or more. */
	readonly concurrency: number;
	/** Extra submits for the whole batch, 0 or more. */
	readonly retryBudget: number;
	/** Milliseconds from fal's yes until a job is given up. */
	readonly itemTimeout: number;
	/** Whether jobs that time out, or are open when the execution is stopped, are cancelled at fal. */
	readonly cancelAbandoned: boolean;
	/** Whether a submit of unknown fate is sent again, which may pay twice. Never the default. */
	readonly resubmitUnknown: boolean;
	readonly includeLogs: boolean;
	readonly pollBounds: PollBounds;
}

export interface BatchWorld {
	readonly transport: Transport;
	readonly clock: Clock;
	/** Aborted when the execution is stopped. */
	readonly signal?: AbortSignal | undefined;
	/** Slots shared with everything else that uses the same account; absent means no shared limit. */
	readonly accountSlots?: LimitFunction | undefined;
	/** From 0 to below 1. */
	readonly random?: () => number;
}

/** Where a batch stands. */
export interface BatchProgress {
	readonly total: number;
	readonly succeeded: number;
	readonly unsuccessful: number;
	/** At fal now: submitted and not done. */
	readonly inFlight: number;
	/** Of those, behind others in fal's queue when last heard of. */
	readonly inQueue: number;
	readonly peakInFlight: number;
	readonly retriesLeft: number;
	readonly retriesUsed: number;
	/** Times fal answered that it has enough jobs of ours. */
	readonly pushbacks: number;
	/** Why the batch stopped submitting, if it did. */
	readonly stoppedFor?: Failure | undefined;
}

export class Batch {
	readonly #jobs: readonly Job[];
	/** Not yet submitted, next one first. Jobs that come back come to the front. */
	readonly #waiting: Job[];
	readonly #ended: EndedJob[] = [];
	readonly #inFlight = new Map<Job, Followed>();
	readonly #slots: LimitFunction;
	readonly #limit: AdaptiveLimit;
	readonly #budget: RetryBudget;
	readonly #gate: SubmitGate;
	readonly #schedules: PollSchedules;
	/** Models that fal does not know: asked once, not once per item. */
	readonly #unknownModels = new Map<string, Failure>();
	readonly #clock: Clock;
	readonly #signal: AbortSignal;
	readonly #random: () => number;
	#peakInFlight = 0;
	#pushbacks = 0;
	#allEnded = () => {};

	constructor(
		submissions: readonly Submission[],
		private readonly settings: BatchSettings,
		private readonly world: BatchWorld,
	) {
		this.#jobs = submissions.map((submission, index) => ({
			index,
			submission,
			attempts: 0,
			failedAttempts: [],
		}));
		this.#waiting = [...this.#jobs];
		this.#clock = world.clock;
		this.#signal = world.signal ?? new AbortController().signal;
		this.#random = world.random ?? Math.random;
		this.#schedules = new PollSchedules(settings.pollBounds);
		this.#slots = pLimit(settings.concurrency);
		this.#limit = new AdaptiveLimit(settings.concurrency);
		this.#budget = new RetryBudget(settings.retryBudget);
		const outageCost = settings.concurrency + settings.retryBudget;
		this.#gate = new SubmitGate(outageCost, this.#clock, this.#random);
	}

	get progress(): BatchProgress {
		const succeeded = this.#ended.filter(({ ending }) => isSuccess(ending)).length;
		const open = [...this.#inFlight.values()];
		return {
			total: this.#jobs.length,
			succeeded,
			unsuccessful: this.#ended.length - succeeded,
			inFlight: open.length,
			inQueue: open.filter(({ queuePosition = 0 }) => queuePosition > 0).length,
			peakInFlight: this.#peakInFlight,
			retriesLeft: this.#budget.left,
			retriesUsed: this.#budget.spent,
			pushbacks: this.#pushbacks,
			stoppedFor: this.#gate.closedFor,
		};
	}

	/** @returns every job, ended, in the order of the submissions */
	async run(): Promise<EndedJob[]> {
		if (this.#jobs.length === 0) return [];
		const allEnded = new Promise<void>((resolve) => (this.#allEnded = resolve));
		const forget = onAbort(this.#signal, () => {
			this.#endWaiting();
			this.#withdraw();
		});
		this.#jobs.forEach(() => this.#askForSlot());
		await allEnded;
		forget();
		return this.#ended.sort((a, b) => a.index - b.index);
	}

	/** One slot carries whichever job is next when the slot is free, so that order is kept. */
	#askForSlot(): void {
		const { accountSlots } = this.world;
		void this.#slots(() =>
			accountSlots ? accountSlots(() => this.#carryNext()) : this.#carryNext(),
		);
	}

	async #carryNext(): Promise<void> {
		const passed = await this.#gate.pass(this.#signal);
		if (!passed) return this.#endWaiting();
		const job = this.#waiting.shift();
		const hopeless = job && this.#unknownModels.get(job.submission.model);
		if (!job || hopeless) this.#gate.leave();
		if (!job) return;
		if (hopeless) return this.#end(job, { outcome: 'not_submitted', failure: hopeless });
		const followed = await this.#submit(job);
		if (this.#gate.closedFor) this.#endWaiting();
		if (followed) await this.#follow(job, followed);
	}

	/** Nothing is submitted any more: what has not been is not kept waiting for a slot. */
	#endWaiting(): void {
		const ending = this.#neverSubmitted();
		for (const job of this.#waiting.splice(0)) this.#end(job, ending);
	}

	/** What was to be handed out, and now never is, would run and be billed without anybody knowing. */
	#withdraw(): void {
		const calls = pLimit(CANCELS_AT_ONCE);
		for (const { ending, handle } of this.#ended) {
			if (ending.outcome === 'submitted' && handle) void calls(() => this.#abandon(handle));
		}
	}

	/** @returns the job to follow, if fal has accepted it and it is to be followed */
	async #submit(job: Job): Promise<Followed | undefined> {
		const sentAt = this.#clock.now();
		const { epoch } = this.#limit;
		job.concurrency = this.#limit.current;
		const reply = await this.world.transport.submit(job.submission);
		const verdict = readSubmit(reply, this.#clock);
		const held = this.#inFlight.size + this.#gate.inAir - 1;
		this.#gate.report(passageOf(verdict, held), sentAt);
		switch (verdict.kind) {
			case 'accepted':
				this.#limit.taken();
				this.#slots.concurrency = this.#limit.current;
				return this.#accept(job, verdict.accepted);
			case 'refused':
				if (verdict.pushback) {
					this.#pushbacks++;
					this.#limit.refused(held, epoch);
					this.#slots.concurrency = this.#limit.current;
				}
				this.#offerAgain(job, verdict, held);
				return undefined;
			case 'final':
				job.attempts++;
				if (verdict.reach === 'account') this.#gate.close(verdict.failure);
				if (verdict.reach === 'model') {
					this.#unknownModels.set(job.submission.model, verdict.failure);
				}
				this.#end(job, { outcome: 'not_submitted', failure: verdict.failure });
				return undefined;
			case 'unknown': {
				job.attempts++;
				job.submittedAt = sentAt;
				const ending: Unsuccessful = { outcome: 'unknown', failure: verdict.failure };
				if (this.settings.resubmitUnknown && this.#mayRetry(job)) this.#tryAgain(job, ending);
				else this.#end(job, ending);
				return undefined;
			}
		}
	}

	#offerAgain(job: Job, verdict: SubmitVerdict & { kind: 'refused' }, held: number): void {
		if (isFull(verdict, held)) return this.#putBack(job);
		job.attempts++;
		if (this.#mayRetry(job)) return this.#putBack(job);
		this.#end(job, { outcome: 'not_submitted', failure: verdict.failure });
	}

	/** Whether the job has an attempt left, and the batch had budget left, which is then spent. */
	#mayRetry(job: Job): boolean {
		if (this.#signal.aborted || this.#gate.closedFor) return false;
		return job.attempts < MAX_ATTEMPTS && this.#budget.spend();
	}

	#tryAgain(job: Job, ending: Unsuccessful): void {
		const { handle } = job;
		job.failedAttempts.push({ ...(handle && { handle }), ending, endedAt: this.#clock.now() });
		delete job.handle;
		this.#putBack(job);
	}

	#putBack(job: Job): void {
		this.#waiting.unshift(job);
		this.#askForSlot();
	}

	#accept(job: Job, { requestId, queuePosition }: Accepted): Followed | undefined {
		const handle = { requestId, model: job.submission.model };
		const since = this.#clock.now();
		job.attempts++;
		job.handle = handle;
		job.submittedAt = since;
		// Of a stopped execution n8n gives nothing out: an id that is only handed out would be lost then.
		if (!this.settings.follow && !this.#signal.aborted) {
			this.#end(job, { outcome: 'submitted' });
			return undefined;
		}
		const followed: Followed = {
			handle,
			since,
			lastWaiting: since,
			deadline: since + this.settings.itemTimeout,
			logs: [],
			...(queuePosition !== undefined && { queuePosition }),
		};
		this.#inFlight.set(job, followed);
		this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight.size);
		return followed;
	}

	/** Ends when fal is done with the job, so that its slot is free while its result is being read. */
	async #follow(job: Job, followed: Followed): Promise<void> {
		const sight = await followUntilDone(followed, this.#watch(job));
		const abandoned = sight.kind === 'stopped' || sight.kind === 'deadline';
		const fate = abandoned ? await this.#abandon(followed.handle) : 'finished';
		this.#inFlight.delete(job);
		switch (sight.kind) {
			case 'done':
				void this.#collect(job, followed, sight.inferenceTime);
				return;
			case 'barred':
				return this.#end(job, unreadableEnding(sight.failure));
			case 'deadline':
			case 'stopped':
				if (fate !== 'finished') {
					return this.#end(job, abandonment(sight.kind, fate, this.settings));
				}
				void this.#collect(job, followed);
		}
	}

	async #collect(job: Job, followed: Followed, inferenceTime?: number): Promise<void> {
		const collected = await collect(followed, this.#watch(job));
		const seen = {
			logs: followed.logs,
			...(inferenceTime !== undefined && { inferenceTime }),
		};
		const ending = endingOf(collected, seen);
		const mayRetry = ending.outcome === 'failed' && ending.failure.retryable && this.#mayRetry(job);
		if (mayRetry) this.#tryAgain(job, ending);
		else this.#end(job, ending);
	}

	/** Asks fal to cancel, unless the user wants the job left running. */
	async #abandon(handle: Handle): Promise<Fate> {
		if (!this.settings.cancelAbandoned) return 'left_running';
		return await cancelJob(handle, this.world.transport, this.#clock, this.#random);
	}

	#end(job: Job, ending: Ending): void {
		// A retry that never got to fal leaves the job where the attempt before it ended.
		const before = ending.outcome === 'not_submitted' ? job.failedAttempts.pop() : undefined;
		this.#ended.push({ ...job, ending, endedAt: this.#clock.now(), ...before });
		if (this.#ended.length === this.#jobs.length) this.#allEnded();
	}

	#neverSubmitted(): Unsuccessful {
		const reason = this.#gate.closedFor;
		if (!reason) return { outcome: 'not_submitted', failure: STOPPED_BEFORE };
		return {
			outcome: 'not_submitted',
			failure: {
				...reason,
				message: `Not submitted, because the batch was stopped: ${reason.message}`,
				retryable: true,
			},
		};
	}

	#watch({ submission: { model } }: Job): Watch {
		return {
			transport: this.world.transport,
			clock: this.#clock,
			random: this.#random,
			signal: this.#signal,
			includeLogs: this.settings.includeLogs,
			schedule: this.#schedules.of(model),
		};
	}
}

/**
 * Pushed back while fal holds jobs of ours: it is merely full, and the next job to end makes room.
 * Such a refusal costs nothing and is no attempt. Pushed back while it holds none, there is nothing
 * to wait for but time: that is trouble, and spends budget.
 */
function isFull(verdict: SubmitVerdict, held: number): boolean {
	return verdict.kind === 'refused' && verdict.pushback && held > 0;
}

function passageOf(verdict: SubmitVerdict, held: number): Passage {
	if (verdict.kind === 'accepted' || verdict.kind === 'final') return { kind: 'works' };
	const { failure } = verdict;
	const retryAfter = verdict.kind === 'refused' ? verdict.retryAfter : 0;
	return { kind: isFull(verdict, held) ? 'full' : 'trouble', retryAfter, failure };
}

function isSuccess({ outcome }: Ending): boolean {
	return outcome === 'completed' || outcome === 'submitted';
}

const STOPPED_BEFORE: Failure = {
	type: 'execution_stopped',
	message: 'The execution was stopped before this item was submitted.',
	retryable: true,
};

/** Enough for a batch of hundreds within a second, and no flood of connections. */
const CANCELS_AT_ONCE = 100;

/** What became of a job that nobody waits for any more. */
type Fate = CancelOutcome | 'left_running';

function abandonment(
	reason: 'stopped' | 'deadline',
	fate: Exclude<Fate, 'finished'>,
	{ itemTimeout }: BatchSettings,
): Unsuccessful {
	const stopped = reason === 'stopped';
	const what = stopped
		? 'The execution was stopped while the job was open at fal.'
		: `The job was not done after ${itemTimeout / SECOND} seconds, the Item Timeout.`;
	return {
		outcome: stopped ? 'cancelled' : 'timed_out',
		failure: {
			type: stopped ? 'execution_stopped' : 'item_timeout',
			message: `${what} ${FATES[fate]}`,
			// A job that goes on would be paid for twice.
			retryable: fate === 'requested',
		},
	};
}

const FATES: Readonly<Record<Exclude<Fate, 'finished'>, string>> = {
	requested:
		'fal was asked to cancel it; a job that had already started may still finish and be billed.',
	not_heard:
		'fal could not be asked to cancel it: it may go on, and be billed. Look for it by its request ID.',
	left_running: 'It was left running, and may be billed. Fetch it later by its request ID.',
};
