/**
 * How a job gets to fal: by a submit, or by taking over a request that fal already has. This is where money
 * is spent.
 */
import type { Failure } from '../failure';
import type { Ending, Job, Unsuccessful } from '../job';
import type { PastRequest } from '../remembering/history';
import type { LostSubmits, SentSubmit } from '../remembering/lostSubmits';
import { ASK_AGAIN_AFTER, type Refusals } from '../submitting/refusal';
import { readSubmit, type SubmitVerdict } from '../submitting/submit';
import type { Accepted, Reply, Submission } from '../transport';
import { Attempt, type Follower } from './attempt';
import { type Happening, noteHappening } from './happenings';
import type { Lane } from './lane';
import type { Lanes } from './lanes';
import type { Ledger } from './ledger';
import { STOPPED_BEFORE } from './neverSubmitted';
import type { BatchSettings, BatchWorld } from './settings';
import { lookUp, lookUpPatience } from './unknownFate';

export type Admitted =
	/** fal has it, and it is to be followed. */
	| { readonly kind: 'taken'; readonly attempt: Attempt }
	| { readonly kind: 'ended'; readonly ending: Ending }
	/** Not now, through no fault of its own: it waits again, as if it had not been offered. */
	| { readonly kind: 'later' }
	/** fal did not take it this time, and may take it next time. */
	| { readonly kind: 'refused'; readonly ending: Unsuccessful }
	/** It may be a paid job by now. */
	| { readonly kind: 'unknown'; readonly sent: SentSubmit; readonly failure: Failure };

export interface Found {
	readonly admitted: Admitted;
	/** Why fal's history could not be read. */
	readonly historyTrouble?: Failure;
}

export class Admission {
	/** In their order. */
	readonly happenings: Happening[] = [];
	/** Submits whose answer is still to come. */
	readonly inTheAir = new Set<SentSubmit>();
	/** Jobs that were refused once, for a reason that would concern others too. */
	readonly #asksAgain = new Set<Job>();
	#pushbacks = 0;

	constructor(
		private readonly settings: BatchSettings,
		private readonly world: BatchWorld,
		private readonly lanes: Lanes,
		private readonly ledger: Ledger,
		private readonly refusals: Refusals,
		private readonly followerOf: (job: Job) => Follower,
	) {}

	/** Times fal answered that it has enough jobs of ours. */
	get pushbacks(): number {
		return this.#pushbacks;
	}

	/** Offers the job to fal, once. */
	async submit(job: Job, lane: Lane): Promise<Admitted> {
		const { purse } = this.world;
		purse?.setAside(job);
		const admitted = await this.#uploadAndOffer(job, lane);
		if (!mayBeAtFal(admitted)) purse?.putBack(job);
		return admitted;
	}

	async #uploadAndOffer(job: Job, lane: Lane): Promise<Admitted> {
		const { uploads } = this.world;
		if (!uploads) return await this.#offer(job, job.submission, lane);
		const uploaded = await uploads.upload(job.submission);
		if (this.world.signal?.aborted) return { kind: 'ended', ending: STOPPED_BEFORE };
		switch (uploaded.kind) {
			case 'ready':
				// What was uploaded stays so until its turn comes again.
				if (!lane.isStillOpen) return { kind: 'later' };
				return await this.#offer(job, uploaded.submission, lane);
			case 'unsent':
				return await this.#offer(job, job.submission, lane, uploaded);
			case 'refused': {
				const { failure } = uploaded;
				return await this.#actOnRefusal({ kind: 'final', failure, reach: 'account' }, job, lane);
			}
			case 'failed':
				return { kind: 'ended', ending: notTaken(uploaded.failure) };
		}
	}

	/** @param known what came of it already: fal was not there to take its files */
	async #offer(
		job: Job,
		submission: Submission,
		lane: Lane,
		known?: Reply<Accepted>,
	): Promise<Admitted> {
		const { clock, transport } = this.world;
		const sent = { submission, ...lane.send(clock.now()) };
		job.concurrency = lane.limit.current;
		this.inTheAir.add(sent);
		const verdict = readSubmit(known ?? (await transport.submit(submission)), clock);
		this.inTheAir.delete(sent);
		noteHappening(this.happenings, verdict, clock.now());
		const { isFull } = lane.hear(verdict, sent, {
			followed: this.lanes.followedBeside(lane),
			handedOut: this.ledger.handedOut,
		});
		if (isFull) {
			this.#pushbacks++;
			return { kind: 'later' };
		}
		return await this.#actOn(verdict, job, sent, lane);
	}

	/** A request from fal's history becomes the job's own. */
	takeOver(job: Job, request: PastRequest): Admitted {
		job.submittedAt = request.sentAt;
		job.foundInHistory = true;
		if (request.end) job.endedBefore = request.end.at;
		this.ledger.countFound();
		this.world.purse?.takeOver(job);
		return this.#take(job, Attempt.at(request, this.followerOf(job)));
	}

	/** Looks in fal's history for a job whose submit got no answer. */
	async lookUp(
		job: Job,
		sent: SentSubmit,
		failure: Failure,
		lostSubmits: LostSubmits,
	): Promise<Found> {
		const { clock, transport } = this.world;
		const { handle } = job;
		// The answer may name a request that fal never actually made: only fal can tell.
		const seen = handle && (await transport.status(handle, { logs: false }));
		if (handle && seen?.kind === 'answered') {
			return { admitted: this.takeOver(job, { handle, sentAt: sent.sentAt }) };
		}
		const patience = () => {
			const longest = lookUpPatience(this.ledger.longestJob(clock.now()));
			return Math.min(longest, this.settings.itemTimeout);
		};
		const found = await lookUp(sent, failure, patience, { lostSubmits, clock });
		if (found.kind === 'found') return { admitted: this.takeOver(job, found.request) };
		const { ending, trouble } = found;
		return { admitted: { kind: 'ended', ending }, ...(trouble && { historyTrouble: trouble }) };
	}

	async #actOn(verdict: SubmitVerdict, job: Job, sent: SentSubmit, lane: Lane): Promise<Admitted> {
		switch (verdict.kind) {
			case 'accepted': {
				job.attempts++;
				job.submittedAt = this.world.clock.now();
				const { model } = job.submission;
				return this.#take(job, Attempt.of(model, verdict.accepted, this.followerOf(job)));
			}
			case 'refused':
				this.lanes.closeIfSpent(verdict.failure);
				if (!verdict.pushback) return this.#unreached(verdict.failure, lane);
				this.#pushbacks++;
				job.attempts++;
				return { kind: 'refused', ending: notTaken(verdict.failure) };
			case 'final':
				return await this.#actOnRefusal(verdict, job, lane);
			case 'unknown':
				job.attempts++;
				job.submittedAt = sent.sentAt;
				this.lanes.closeIfSpent(verdict.failure);
				if (verdict.requestId) this.#name(job, verdict.requestId);
				return { kind: 'unknown', sent, failure: verdict.failure };
		}
	}

	/** Nothing left this machine: this is no attempt, and waiting for fal to be reachable costs nothing. */
	#unreached(failure: Failure, lane: Lane): Admitted {
		if (lane.hopeless) return { kind: 'ended', ending: notTaken(failure) };
		return { kind: 'later' };
	}

	async #actOnRefusal(
		{ failure, reach: claimed }: SubmitVerdict & { kind: 'final' },
		job: Job,
		lane: Lane,
	): Promise<Admitted> {
		if (claimed !== 'job') {
			// No other job is offered until it is known whom the refusal concerns.
			lane.pauseFor(ASK_AGAIN_AFTER);
			const { reach, certain } = await this.refusals.judge(claimed, failure);
			if (!certain && !this.#asksAgain.has(job)) {
				this.#asksAgain.add(job);
				return { kind: 'later' };
			}
			if (reach === 'account') this.lanes.close(failure);
			else lane.refuseAll(failure);
		}
		job.attempts++;
		return { kind: 'ended', ending: notTaken(failure) };
	}

	#name(job: Job, requestId: string): void {
		job.handle = { requestId, model: job.submission.model };
		this.ledger.knows(requestId);
	}

	#take(job: Job, attempt: Attempt): Admitted {
		this.#name(job, attempt.handle.requestId);
		// n8n outputs nothing of a stopped execution: an id that is only handed out would be lost.
		if (this.settings.follow || this.world.signal?.aborted) return { kind: 'taken', attempt };
		const status = job.endedBefore === undefined ? 'IN_QUEUE' : 'COMPLETED';
		return { kind: 'ended', ending: { outcome: 'submitted', status } };
	}
}

function mayBeAtFal(admitted: Admitted): boolean {
	if (admitted.kind === 'ended') return admitted.ending.outcome !== 'not_submitted';
	return admitted.kind === 'taken' || admitted.kind === 'unknown';
}

function notTaken(failure: Failure): Unsuccessful {
	return { outcome: 'not_submitted', failure };
}
