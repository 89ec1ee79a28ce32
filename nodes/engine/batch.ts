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
import { type Clock, MINUTE, SECOND } from './clock';
import { collect } from './collect';
import { endingOf, unreadableEnding } from './ending';
import { endSentence, type Failure } from './failure';
import { type Followed, followUntilDone, type Watch } from './follow';
import { type History, type HistoryReader, NO_HISTORY, type PastRequest } from './history';
import type { EndedJob, Ending, Job, Unsuccessful } from './job';
import { LostSubmits, type SentSubmit } from './lostSubmits';
import { type PollBounds, PollSchedules } from './pollSchedule';
import { MAX_ATTEMPTS, RetryBudget } from './retryBudget';
import { findReusable } from './reuse';
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
	/**
	 * What to do about a submit of unknown fate: nothing, look for it in fal's history, or send it again,
	 * which may pay twice.
	 */
	readonly onUnknownSubmit: 'report' | 'lookUp' | 'submitAgain';
	/** Milliseconds back in which a request with the same input is used instead of a new one; 0 for none. */
	readonly reuseWithin: number;
	readonly includeLogs: boolean;
	readonly pollBounds: PollBounds;
}

export interface BatchWorld {
	readonly transport: Transport;
	/** Absent means that fal is not asked what it remembers. */
	readonly history?: History | undefined;
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
	/** Jobs whose request was found in fal's history. */
	readonly foundInHistory: number;
	/** Why fal's history could not be read, when it was needed. */
	readonly historyTrouble?: Failure | undefined;
	/** Why the batch stopped submitting, if it did. */
	readonly stoppedFor?: Failure | undefined;
}

export class Batch {
	readonly #jobs: readonly Job[];
	/** Not yet submitted, next one first. Jobs that come back come to the front. */
	#waiting: Job[];
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
	/** All that belong to this batch. */
	readonly #requestIds = new Set<string>();
	/** Submits whose answer is still to come. */
	readonly #inTheAir = new Set<SentSubmit>();
	readonly #lostSubmits: LostSubmits;
	#historyTrouble: Failure | undefined;
	#foundInHistory = 0;
	/** The longest time from submit to end seen so far. */
	#longestJob = 0;
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
		this.#lostSubmits = new LostSubmits(this.#historyReader, {
			inTheAir: this.#inTheAir,
			isKnown: (requestId) => this.#requestIds.has(requestId),
		});
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
			foundInHistory: this.#foundInHistory,
			historyTrouble: this.#historyTrouble,
			stoppedFor: this.#gate.closedFor,
		};
	}

	/** @returns every job, ended, in the order of the submissions */
	async run(): Promise<EndedJob[]> {
		if (this.#jobs.length === 0) return [];
		const allEnded = new Promise<void>((resolve) => (this.#allEnded = resolve));
		await this.#reuse();
		const forget = onAbort(this.#signal, () => {
			this.#endWaiting();
			this.#withdraw();
		});
		this.#waiting.forEach(() => this.#askForSlot());
		await allEnded;
		forget();
		return this.#ended.sort((a, b) => a.index - b.index);
	}

	/** Takes requests that were made for the same inputs before, instead of paying again. */
	async #reuse(): Promise<void> {
		const { reuseWithin } = this.settings;
		if (reuseWithin === 0) return;
		const since = this.#clock.now() - reuseWithin;
		const { found, failure } = await findReusable(this.#jobs, since, this.#historyReader);
		this.#historyTrouble = failure;
		if (this.#signal.aborted) return;
		this.#waiting = this.#waiting.filter((job) => !found.has(job));
		for (const [job, request] of found) {
			this.#requestIds.add(request.handle.requestId);
			void this.#slots(() => this.#takeOver(job, request));
		}
	}

	/** A request from fal's history becomes the job's own. */
	async #takeOver(job: Job, { handle, sentAt, end }: PastRequest): Promise<void> {
		job.handle = handle;
		job.submittedAt = sentAt;
		job.foundInHistory = true;
		if (end) job.endedBefore = end.at;
		this.#requestIds.add(handle.requestId);
		this.#foundInHistory++;
		// As for one that was just submitted: of a stopped execution n8n gives nothing out.
		if (!this.settings.follow && !this.#signal.aborted) {
			return this.#end(job, { outcome: 'submitted', status: end ? 'COMPLETED' : 'IN_QUEUE' });
		}
		const followed = this.#followed(handle, { mayBeDone: true });
		if (end && !this.settings.includeLogs) {
			return await this.#collect(job, followed, end);
		}
		this.#takeIn(job, followed);
		await this.#follow(job, followed);
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
			const isOpen = ending.outcome === 'submitted' && ending.status === 'IN_QUEUE';
			if (isOpen && handle) void calls(() => this.#abandon(handle));
		}
	}

	/** @returns the job to follow, if fal has accepted it and it is to be followed */
	async #submit(job: Job): Promise<Followed | undefined> {
		const sentAt = this.#clock.now();
		const { epoch } = this.#limit;
		job.concurrency = this.#limit.current;
		const sent = { submission: job.submission, sentAt };
		this.#inTheAir.add(sent);
		const reply = await this.world.transport.submit(job.submission);
		this.#inTheAir.delete(sent);
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
			case 'unknown':
				job.attempts++;
				job.submittedAt = sentAt;
				this.#decideOnUnknown(job, sentAt, verdict.failure);
				return undefined;
		}
	}

	/** Its slot is free meanwhile: whether the job exists at all is not known. */
	#decideOnUnknown(job: Job, sentAt: number, failure: Failure): void {
		const { onUnknownSubmit } = this.settings;
		if (onUnknownSubmit === 'lookUp') return void this.#lookUp(job, sentAt, failure);
		const ending = unknownEnding(failure, LOOK_FOR_IT);
		if (onUnknownSubmit === 'submitAgain' && this.#mayRetry(job)) this.#tryAgain(job, ending);
		else this.#end(job, ending);
	}

	async #lookUp(job: Job, sentAt: number, failure: Failure): Promise<void> {
		const { submission } = job;
		const lostAt = this.#clock.now();
		const until = () => lostAt + this.#patience;
		const search = await this.#lostSubmits.find({ submission, sentAt, lostAt, until });
		switch (search.kind) {
			case 'found':
				return await this.#takeOver(job, search.request);
			case 'not_found': {
				const seconds = Math.round((this.#clock.now() - lostAt) / SECOND);
				const found = `It was looked for in fal’s request history for ${seconds} seconds, and did not appear there.`;
				return this.#end(job, unknownEnding(failure, found));
			}
			case 'unreadable': {
				this.#historyTrouble ??= search.failure;
				const why = `fal’s request history could not be read: ${endSentence(search.failure.message)}`;
				return this.#end(job, unknownEnding(failure, `${why} ${LOOK_FOR_IT}`));
			}
			case 'stopped':
				return this.#end(job, unknownEnding(failure, LOOK_FOR_IT));
		}
	}

	/**
	 * Milliseconds until a lost job must have ended, and so have appeared: it takes no longer than the
	 * others, of which some are still at it.
	 */
	get #patience(): number {
		const ages = [...this.#inFlight.values()].map(({ since }) => this.#clock.now() - since);
		const patience = LOOK_UP_AT_LEAST + 3 * Math.max(this.#longestJob, ...ages);
		return Math.min(patience, this.settings.itemTimeout);
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
		delete job.foundInHistory;
		delete job.endedBefore;
		this.#putBack(job);
	}

	#putBack(job: Job): void {
		this.#waiting.unshift(job);
		this.#askForSlot();
	}

	#accept(job: Job, { requestId, queuePosition }: Accepted): Followed | undefined {
		const handle = { requestId, model: job.submission.model };
		job.attempts++;
		job.handle = handle;
		job.submittedAt = this.#clock.now();
		this.#requestIds.add(requestId);
		// Of a stopped execution n8n gives nothing out: an id that is only handed out would be lost then.
		if (!this.settings.follow && !this.#signal.aborted) {
			this.#end(job, { outcome: 'submitted', status: 'IN_QUEUE' });
			return undefined;
		}
		const followed = this.#followed(handle, queuePosition === undefined ? {} : { queuePosition });
		this.#takeIn(job, followed);
		return followed;
	}

	#followed(handle: Handle, known: Partial<Followed>): Followed {
		const since = this.#clock.now();
		const deadline = since + this.settings.itemTimeout;
		return { handle, since, lastWaiting: since, deadline, logs: [], ...known };
	}

	#takeIn(job: Job, followed: Followed): void {
		this.#inFlight.set(job, followed);
		this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight.size);
	}

	/** Ends when fal is done with the job, so that its slot is free while its result is being read. */
	async #follow(job: Job, followed: Followed): Promise<void> {
		const sight = await followUntilDone(followed, this.#watch(job));
		const abandoned = sight.kind === 'stopped' || sight.kind === 'deadline';
		const fate = abandoned ? await this.#abandon(followed.handle) : 'finished';
		this.#inFlight.delete(job);
		switch (sight.kind) {
			case 'done':
				void this.#collect(job, followed, sight);
				return;
			case 'barred':
				return this.#end(job, unreadableEnding(sight.failure));
			case 'deadline':
			case 'stopped':
				if (fate !== 'finished') {
					return this.#end(job, abandonment(sight.kind, fate, this.settings));
				}
				void this.#collect(job, followed, { abandonedFor: sight.kind });
		}
	}

	async #collect(job: Job, followed: Followed, known: KnownOfEnd): Promise<void> {
		const { inferenceTime, abandonedFor } = known;
		const collected = await collect(followed, this.#watch(job));
		// The answer to the first cancel was lost, and the second found the job ended by it.
		if (abandonedFor && collected.kind === 'error' && isCancellation(collected.failure)) {
			return this.#end(job, abandonment(abandonedFor, 'requested', this.settings));
		}
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
		const endedAt = job.endedBefore ?? this.#clock.now();
		if (ending.outcome === 'completed' || ending.outcome === 'failed') {
			this.#longestJob = Math.max(this.#longestJob, endedAt - (job.submittedAt ?? endedAt));
		}
		// Not a copy: ten thousand of them would be megabytes.
		this.#ended.push(Object.assign(job, { ending, endedAt }, before));
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

	get #historyReader(): HistoryReader {
		const { history = NO_HISTORY } = this.world;
		return { history, clock: this.#clock, random: this.#random, signal: this.#signal };
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

function unknownEnding(failure: Failure, addition: string): Unsuccessful {
	const message = `${endSentence(failure.message)} ${addition}`;
	return { outcome: 'unknown', failure: { ...failure, message } };
}

const LOOK_FOR_IT = 'Look for it in fal’s request history before you do.';

/** How late an ended request appears in fal's history is not known; by then even a slow one should have. */
const LOOK_UP_AT_LEAST = 2 * MINUTE;

const STOPPED_BEFORE: Failure = {
	type: 'execution_stopped',
	message: 'The execution was stopped before this item was submitted.',
	retryable: true,
};

/** Enough for a batch of hundreds within a second, and no flood of connections. */
const CANCELS_AT_ONCE = 100;

/** What is known of a job's end before its result is read. */
interface KnownOfEnd {
	/** Seconds. */
	readonly inferenceTime?: number;
	/** Why it was asked to be cancelled, if it was. */
	readonly abandonedFor?: 'stopped' | 'deadline';
}

function isCancellation({ type, statusCode }: Failure): boolean {
	return type === 'client_cancelled' || statusCode === 499;
}

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
