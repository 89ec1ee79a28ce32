/**
 * When to look at a job: when the schedule thinks it worthwhile. After looks that went wrong: at growing
 * intervals, or when fal asks to be asked again.
 */
import { onAbort } from '../abort';
import { backoffDelay, parseRetryAfter, READ_BACKOFF } from '../backoff';
import { SECOND } from '../clock';
import type { FailedReply, Reply } from '../transport';
import { expectStay, type Followed, sightingOf } from './followed';
import type { Watch } from './watch';

export class Looks {
	/** Milliseconds from when the job was last seen to the next look. */
	#wait: number;
	/** Looks in a row that went wrong. */
	#failures = 0;
	/** When to look again after one of those, whatever is heard meanwhile; milliseconds since the epoch. */
	#againAt = 0;

	constructor(
		private readonly job: Followed,
		private readonly watch: Watch,
	) {
		this.#wait = job.mayBeDone ? 0 : this.#timeFrom(job.since);
	}

	/** Plans the next look after one that told something. */
	planAfterSight(): void {
		this.#failures = 0;
		this.#wait = this.#timeFrom(this.watch.clock.now());
	}

	/**
	 * Plans the next look after one that went wrong.
	 *
	 * @param left milliseconds until the answer is believed, if it can be: the next look comes no later
	 */
	planAfterTrouble(reply: FailedReply, left: number): void {
		this.#failures++;
		const wait = waitAfter(reply, this.#failures, this.watch);
		this.#againAt = this.watch.clock.now() + Math.min(wait, left);
	}

	/**
	 * Waits until the next look is due, or the job's time is over.
	 *
	 * @param signal ends the wait: the execution was stopped, or something was heard of the job
	 */
	untilNext(signal: AbortSignal): Promise<void> {
		if (!this.areInTrouble) return this.#sleepAndLearn(signal);
		const { clock } = this.watch;
		return clock.sleep(Math.min(this.#againAt, this.job.deadline) - clock.now(), signal);
	}

	/** Whether the latest look went wrong. */
	get areInTrouble(): boolean {
		return this.#failures > 0;
	}

	/**
	 * Whether the next look is due only after the job's time is over. The wait after a look that went wrong may
	 * be what fal asked for: it is not cut short.
	 */
	get comeTooLate(): boolean {
		return this.areInTrouble && this.#againAt > this.job.deadline;
	}

	/** @returns milliseconds from when the job was last seen to the next look */
	#timeFrom(seenAt: number): number {
		const { job, watch } = this;
		const sighting = sightingOf(job, seenAt, watch.schedule);
		expectStay(job, sighting, seenAt, watch.schedule);
		return watch.schedule.nextLook(sighting);
	}

	/** When the first job of the model ends meanwhile, the look is planned anew. */
	async #sleepAndLearn(signal: AbortSignal): Promise<void> {
		const { clock, schedule } = this.watch;
		const seenAt = clock.now();
		const untilDeadline = (ms: number) => Math.min(ms, this.job.deadline - clock.now());
		if (schedule.firstEnd.aborted) return await clock.sleep(untilDeadline(this.#wait), signal);
		const awake = new AbortController();
		const wake = () => awake.abort();
		const forget = [onAbort(signal, wake), onAbort(schedule.firstEnd, wake)];
		await clock.sleep(untilDeadline(this.#wait), awake.signal);
		forget.forEach((stopListening) => stopListening());
		if (!schedule.firstEnd.aborted) return;
		const due = seenAt + Math.min(this.#wait, this.#timeFrom(seenAt));
		await clock.sleep(untilDeadline(due - clock.now()), signal);
	}
}

/**
 * @returns milliseconds to wait after a call that failed for now: random, growing, and at least what fal asks
 */
export function waitAfter(
	reply: Reply<unknown>,
	failures: number,
	{ clock, random }: Watch,
): number {
	const retryAfter =
		'headers' in reply ? parseRetryAfter(reply.headers['retry-after'], clock.now()) : 0;
	return Math.max(LEAST_WAIT, backoffDelay(failures, READ_BACKOFF, random(), retryAfter));
}

/** Otherwise chance could say to ask again at once, time after time. */
const LEAST_WAIT = SECOND / 5;
