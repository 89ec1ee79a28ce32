/**
 * A batch of jobs from the first submit to the last result. The story of one job:
 *
 *     waiting -> its model can be submitted to -> a slot is free -> submit -> follow until done
 *                                           -> slot is free again -> read the result -> ended
 *
 * Every job ends exactly once, in one of the ways of `Ending`. Nothing in here throws because of fal, and
 * nothing submits a job again unless fal is known not to have taken it, or has failed it for a transient
 * reason of its own.
 */
import { onAbort } from '../abort';
import type { Failure } from '../failure';
import { limitedResults } from '../following/limitedCalls';
import { PollSchedules } from '../following/pollSchedule';
import { type EndedJob, type Ending, type Job, newJob } from '../job';
import { type HistoryReader, NO_HISTORY, type PastRequest } from '../remembering/history';
import { LostSubmits, type SentSubmit } from '../remembering/lostSubmits';
import { findReusable } from '../remembering/reuse';
import { Refusals } from '../submitting/refusal';
import type { Submission, Transport } from '../transport';
import { withdraw } from './abandonment';
import { type Admitted, Admission } from './admission';
import type { Attempt, Follower } from './attempt';
import type { Lane } from './lane';
import { Lanes } from './lanes';
import { type BatchProgress, Ledger } from './ledger';
import { STOPPED_BEFORE } from './neverSubmitted';
import { Restraint } from './restraint';
import { isTransient, Retries } from './retries';
import type { BatchSettings, BatchWorld } from './settings';
import { Slots } from './slots';
import { unknownEnding } from './unknownFate';

export class Batch {
	readonly #jobs: Job[];
	readonly #lanes: Lanes;
	readonly #slots: Slots;
	readonly #admission: Admission;
	readonly #ledger: Ledger;
	readonly #refusals: Refusals;
	readonly #retries: Retries;
	readonly #schedules: PollSchedules;
	readonly #restraint: Restraint;
	readonly #transport: Transport;
	readonly #lostSubmits: LostSubmits;
	readonly #signal: AbortSignal;
	readonly #random: () => number;
	#historyTrouble: Failure | undefined;

	constructor(
		submissions: readonly Submission[],
		private readonly settings: BatchSettings,
		private readonly world: BatchWorld,
	) {
		const { concurrency, retryBudget, pollBounds } = settings;
		const { clock, accountSlots } = world;
		this.#jobs = submissions.map(newJob);
		this.#signal = world.signal ?? new AbortController().signal;
		this.#random = world.random ?? Math.random;
		this.#lanes = new Lanes(concurrency, concurrency + retryBudget, clock, this.#random);
		this.#transport = limitedResults(world.transport);
		const carry = async (lane: Lane) => await this.#carry(lane);
		const isHeld = () => this.#restraint.isHeld(() => this.#endHopeless());
		this.#slots = new Slots(concurrency, this.#lanes, clock, { carry, isHeld }, accountSlots);
		this.#ledger = new Ledger(submissions.length, world.purse);
		this.#refusals = new Refusals(clock, world.checkAccess);
		this.#admission = new Admission(
			settings,
			world,
			this.#lanes,
			this.#ledger,
			this.#refusals,
			(job) => this.#followerOf(job),
		);
		this.#restraint = new Restraint(
			concurrency,
			this.#lanes,
			() => this.#ledger.inFlight + this.#admission.inTheAir.size,
			world.purse,
			() => this.#goOn(),
		);
		this.#retries = new Retries(retryBudget, this.#lanes, this.#signal, world);
		this.#schedules = new PollSchedules(pollBounds);
		this.#lostSubmits = new LostSubmits(this.#historyReader, {
			inTheAir: this.#admission.inTheAir,
			isKnown: (requestId) => this.#ledger.isKnown(requestId),
		});
	}

	get progress(): BatchProgress {
		return {
			...this.#ledger.counts,
			retriesLeft: this.#retries.budget.left,
			retriesUsed: this.#retries.budget.spent,
			pushbacks: this.#admission.pushbacks,
			happenings: this.#admission.happenings,
			historyTrouble: this.#historyTrouble,
			holdUp: this.#lanes.holdUp ?? this.#restraint.holdUp,
			stoppedFor: this.#lanes.closedFor,
		};
	}

	/** @returns every job, ended, in the order of the submissions */
	async run(): Promise<EndedJob[]> {
		if (this.#jobs.length === 0) return [];
		const reused = await this.#findReusable();
		// What is taken over comes first: it is paid for.
		for (const [job, request] of reused) this.#lanes.add(job, request);
		for (const job of this.#jobs.splice(0)) if (!reused.has(job)) this.#lanes.add(job);
		const forget = onAbort(this.#signal, () => this.#stop());
		this.#goOn();
		await this.#ledger.allEnded;
		forget();
		this.#slots.close();
		return [...this.#ledger.ended].sort((a, b) => a.index - b.index);
	}

	/** Earlier requests for the same inputs, to be used instead of paying again. */
	async #findReusable(): Promise<ReadonlyMap<Job, PastRequest>> {
		const { reuseWithin } = this.settings;
		if (reuseWithin === 0) return new Map();
		const since = this.world.clock.now() - reuseWithin;
		const { found, failure } = await findReusable(this.#jobs, since, this.#historyReader);
		this.#historyTrouble = failure;
		if (this.#signal.aborted) return new Map();
		for (const { handle } of found.values()) this.#ledger.knows(handle.requestId);
		return found;
	}

	/** Sees the lane's next job through, as long as it has its slot. */
	async #carry(lane: Lane): Promise<void> {
		const taken = lane.take();
		if (!taken) return;
		const { job, request } = taken;
		const admitted = request
			? this.#admission.takeOver(job, request)
			: await this.#admission.submit(job, lane);
		this.#settle(job, admitted);
		// The gate or the limit may have opened for others, while this job keeps its slot.
		this.#goOn();
		if (admitted.kind === 'taken') await this.#follow(job, admitted.attempt);
		lane.leave(taken);
		this.#lanes.hearOfAnEnd();
		this.#restraint.judge();
		this.#endHopeless();
	}

	/** Where a job goes after it was offered to fal, unless it is followed. */
	#settle(job: Job, admitted: Admitted): void {
		switch (admitted.kind) {
			case 'taken':
				return;
			case 'ended':
				return this.#end(job, admitted.ending);
			case 'later':
				return this.#lanes.putBack(job);
			case 'refused':
				if (this.#retries.spendOn(job)) return this.#lanes.putBack(job);
				return this.#end(job, admitted.ending);
			case 'unknown':
				return this.#decideOnUnknown(job, admitted.sent, admitted.failure);
		}
	}

	/** Its slot is free meanwhile: it is not known whether the job exists at all. */
	#decideOnUnknown(job: Job, sent: SentSubmit, failure: Failure): void {
		const { onUnknownSubmit } = this.settings;
		if (onUnknownSubmit === 'lookUp') return void this.#lookUp(job, sent, failure);
		const ending = unknownEnding(failure);
		const isPaidAgain = onUnknownSubmit === 'submitAgain' && this.#retries.spendOn(job);
		if (isPaidAgain) this.#retries.startAgain(job, ending);
		else this.#end(job, ending);
	}

	async #lookUp(job: Job, sent: SentSubmit, failure: Failure): Promise<void> {
		const found = await this.#admission.lookUp(job, sent, failure, this.#lostSubmits);
		this.#historyTrouble ??= found.historyTrouble;
		this.#settle(job, found.admitted);
		this.#goOn();
		if (found.admitted.kind === 'taken') await this.#follow(job, found.admitted.attempt);
	}

	/** Ends when the slot is free: fal is done with the job, while its result is still being read. */
	async #follow(job: Job, attempt: Attempt): Promise<void> {
		if (!attempt.isOver) this.#ledger.takeIn(job, attempt.followed);
		const departure = await attempt.follow();
		// Before its slot is free, so that nothing more is paid for whose result can't be read.
		if (departure.kind === 'ended') await this.#hearOfBar(job, departure.barredFor);
		this.#ledger.takeOut(job);
		const concluded = attempt.conclude(departure).then((ending) => this.#conclude(job, ending));
		// Without looks, reading the result is all there is to do at fal.
		if (attempt.isOver) await concluded;
	}

	/** Reads that are refused to the account, or for the model, will be refused for the next job too. */
	async #hearOfBar(job: Job, failure: Failure | undefined): Promise<void> {
		if (failure?.statusCode !== 401 && failure?.statusCode !== 403) return;
		const { reach } = await this.#refusals.judge('account', failure);
		if (reach === 'account') this.#lanes.close(failure);
		else this.#lanes.of(job).close(failure);
		this.#endHopeless();
	}

	#conclude(job: Job, ending: Ending): void {
		const isTriedAgain = isTransient(ending) && this.#retries.spendOn(job);
		if (isTriedAgain) this.#retries.startAgain(job, ending);
		else this.#end(job, ending);
		this.#goOn();
	}

	#end(job: Job, ending: Ending): void {
		const ended = this.#ledger.end(job, ending, this.world.clock.now());
		this.world.hearOfEnd?.(ended);
	}

	/** Something has happened that jobs may wait for: a slot, a verdict, what another one has cost. */
	#goOn(): void {
		this.#endHopeless();
		this.#slots.offer();
	}

	/** Jobs that will never be offered to fal do not wait any longer. */
	#endHopeless(): void {
		for (const { job, ending } of this.#lanes.takeHopeless()) this.#end(job, ending);
		if (!this.#signal.aborted) return;
		for (const job of this.#lanes.clear()) this.#end(job, STOPPED_BEFORE);
	}

	/** The execution was stopped: nothing more is submitted. Jobs that are followed hear of it themselves. */
	#stop(): void {
		this.#endHopeless();
		withdraw(this.#ledger.ended, this.settings, this.#reader);
	}

	#followerOf({ submission: { model } }: Job): Follower {
		const { settings, world } = this;
		const { includeLogs } = settings;
		const known = { schedule: this.#schedules.of(model), unread: this.#restraint.unread };
		return { settings, watch: { ...this.#reader, ...known, includeLogs, streams: world.streams } };
	}

	get #reader() {
		const { clock } = this.world;
		return { transport: this.#transport, clock, random: this.#random, signal: this.#signal };
	}

	get #historyReader(): HistoryReader {
		return { ...this.#reader, history: this.world.history ?? NO_HISTORY };
	}
}
