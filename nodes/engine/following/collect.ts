/**
 * Reading the result of a job that is done: its output, or its own error. The work is paid for by now, so no
 * single odd answer decides: only an unmistakable answer of fal's ends it. After anything else the result is
 * asked for again, for a time that `patience.ts` sets.
 */
import { type Clock, SECOND } from '../clock';
import type { Failure } from '../failure';
import type { Reply, Result } from '../transport';
import type { Followed } from './followed';
import { waitAfter } from './looks';
import { CONTRADICTION_PATIENCE, ODD_ANSWER_PATIENCE } from './patience';
import { readResult, type ResultReading } from './resultReading';
import type { Watch } from './watch';

export type Collected =
	| { readonly kind: 'output'; readonly result: Result }
	/** The job's own error. */
	| { readonly kind: 'error'; readonly failure: Failure }
	/** The job is done, and its result can't be had. */
	| {
			readonly kind: 'unavailable';
			readonly failure: Failure;
			/** Whether fal could not be asked, rather than gave an answer that is no result. */
			readonly unreached: boolean;
	  }
	| { readonly kind: 'stopped' };

/** How long a result is asked for; milliseconds. */
export interface ResultPatience {
	/** For answers that are no result and say nothing about the job. */
	readonly oddAnswers: number;
	/** For fal's word that it knows no result. */
	readonly gone: number;
	/** For an error that would make us pay again, where the status mentioned none. */
	readonly contradiction: number;
	/** For a fal that can't be reached, or is unavailable for now. */
	readonly silence: number;
}

/** @param told what the status said of a failure, if it did */
export async function collect(
	job: Followed,
	watch: Watch,
	told?: Failure,
	patience = patienceWith(job, watch.clock),
): Promise<Collected> {
	const { clock, signal, transport, unread } = watch;
	const doubts = new Doubts(clock, patience, told);
	for (let failures = 1; ; failures++) {
		const reply = await transport.result(job.handle);
		if (signal.aborted) return stopped(job, watch);
		const reading = readResult(reply);
		if (isReadable(reading) || told) unread?.read();
		else unread?.missed(job);
		if (reading.kind === 'output') return reading;
		const { verdict, left } = doubts.weigh(reading);
		if (verdict) {
			if (!isReadable(reading) && !told) unread?.giveUp(job);
			return verdict;
		}
		await clock.sleep(untilNextRead(reading, reply, failures, left, watch), signal);
		if (signal.aborted) return stopped(job, watch);
	}
}

function stopped(job: Followed, { unread }: Watch): Collected {
	unread?.leave(job);
	return { kind: 'stopped' };
}

/** Whether it shows that fal's results can be read, whatever they say. */
function isReadable({ kind }: ResultReading): boolean {
	return kind === 'output' || kind === 'own_error' || kind === 'too_large';
}

/** An outage is waited out as one during the work is: until the job's deadline. */
function patienceWith({ deadline }: Followed, clock: Clock): ResultPatience {
	return {
		oddAnswers: ODD_ANSWER_PATIENCE,
		gone: ODD_ANSWER_PATIENCE,
		contradiction: CONTRADICTION_PATIENCE,
		silence: Math.max(ODD_ANSWER_PATIENCE, deadline - clock.now()),
	};
}

/** @param left milliseconds until the patience is over: the last try is made then */
function untilNextRead(
	{ kind }: Doubtful,
	reply: Reply<Result>,
	failures: number,
	left: number,
	watch: Watch,
): number {
	const wait = waitAfter(reply, failures, watch);
	if (asksToWait(reply)) return wait;
	return kind === 'too_large' ? left : Math.min(wait, left);
}

/** fal is there and says when to come back: that is waited for even beyond the patience. */
function asksToWait(reply: Reply<Result>): boolean {
	return 'headers' in reply && reply.headers['retry-after'] !== undefined;
}

type Doubtful = Exclude<ResultReading, { kind: 'output' }>;

/** What was heard instead of a result, since when, and from when on it is believed. */
class Doubts {
	readonly #began: number;
	/** Since when every call has had some answer, as opposed to silence. */
	#answersSince: number | undefined;
	/** The one error that every call has had, and since when. */
	#error: { readonly key: string; readonly since: number } | undefined;

	constructor(
		private readonly clock: Clock,
		private readonly patience: ResultPatience,
		private readonly told: Failure | undefined,
	) {
		this.#began = clock.now();
	}

	/** @returns the verdict, if it is time for one; or how many milliseconds are left until then */
	weigh(reading: Doubtful): { verdict?: Collected; left: number } {
		const now = this.clock.now();
		this.#hear(reading, now);
		const believed = this.#believed(reading) - now;
		if (believed <= 0) return { verdict: this.#amountsTo(reading), left: 0 };
		const given = this.#givenUp(reading) - now;
		if (given <= 0) return { verdict: this.#unavailable(reading), left: 0 };
		return { left: Math.min(believed, given) };
	}

	#hear(reading: Doubtful, now: number): void {
		const key = `${reading.kind} ${reading.failure.type}`;
		if (this.#error?.key !== key) this.#error = { key, since: now };
		if (reading.kind === 'silence') this.#answersSince = undefined;
		else this.#answersSince ??= now;
	}

	/** The moment from which the answer is believed, if no other comes. */
	#believed({ kind, failure }: Doubtful): number {
		const { since } = this.#error!;
		const { oddAnswers, contradiction, gone } = this.patience;
		switch (kind) {
			case 'own_error':
				// It costs no second payment, or the status has said the same.
				return failure.retryable && !this.told ? since + contradiction : since;
			case 'likely_error':
				return this.told ? since : since + oddAnswers;
			case 'gone':
				return since + gone;
			case 'too_large':
				return since + TOO_LARGE_STAYS;
			case 'odd':
			case 'silence':
				return Number.POSITIVE_INFINITY;
		}
	}

	#amountsTo(reading: Doubtful): Collected {
		const { kind, failure } = reading;
		const isNoResult = kind === 'too_large' || kind === 'gone';
		return isNoResult ? this.#unavailable(reading) : { kind: 'error', failure };
	}

	/** The moment after which the result is not asked for any more. */
	#givenUp({ kind }: Doubtful): number {
		// For a job that failed, only the reason is still wanted.
		if (kind === 'silence' && !this.told) return this.#began + this.patience.silence;
		if (kind === 'silence') return this.#began + this.patience.oddAnswers;
		return this.#answersSince! + this.patience.oddAnswers;
	}

	/** What fal said when it called the job done is still true. */
	#unavailable({ kind, failure }: Doubtful): Collected {
		if (this.told) return { kind: 'error', failure: this.told };
		const unreached = kind === 'silence';
		return { kind: 'unavailable', failure: { ...failure, retryable: false }, unreached };
	}
}

/** It will not get smaller: it is downloaded twice, in case the first answer was not fal's. */
const TOO_LARGE_STAYS = 5 * SECOND;
