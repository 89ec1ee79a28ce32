/**
 * What is heard of one job between the looks at it, where fal tells of it over a status stream. A stream is
 * relied upon from its first word on: one that says nothing, because something on the way holds it back,
 * delays no look.
 */
import { onAbort } from '../abort';
import { MINUTE, SECOND } from '../clock';
import type { StreamWord } from '../statusSource';
import type { StatusReport } from '../transport';
import { type Followed, takeWord } from './followed';
import type { Looks } from './looks';
import type { Stream, StreamListener } from './streams';
import type { Watch } from './watch';

/**
 * Between two words of a stream that is alive: fal keeps a result of 10 KB or more for six minutes, and a
 * stream whose last word got lost must not let it expire.
 */
export const FALLBACK = 2 * MINUTE;

/** A look sent so long after the stream was opened should not be the first to hear of the job's end. */
const HEAD_START = SECOND;

export type Heard =
	/** The job's end, as surely as a look would tell it. */
	| { readonly kind: 'end'; readonly report: CompletedReport }
	| { readonly kind: 'word' }
	/** Nothing, and it is time to look; or something that only a look can make sure of. */
	| { readonly kind: 'nothing' };

type CompletedReport = StatusReport & { readonly status: 'COMPLETED' };

export class Listening implements StreamListener {
	#stream: Stream | undefined;
	/** Whether this job's stream has had its chance. */
	#isSpent = false;
	/** Whether the stream has told anything. */
	#isTrusted = false;
	/** When it called the job done; milliseconds since the epoch. */
	#endClaimedAt: number | undefined;
	/** Heard, and not yet given out. */
	#heard: Heard | undefined;
	#looks: Looks | undefined;
	#wake = () => {};

	constructor(
		private readonly job: Followed,
		private readonly watch: Watch,
	) {}

	/** Waits for a word, or until it is time to look, or the execution is stopped. */
	async untilNext(looks: Looks): Promise<Heard> {
		this.#looks = looks;
		this.#listen();
		if (!this.#heard || this.#mustNotLook(this.#heard)) await this.#wait(looks);
		const heard = this.#heard ?? { kind: 'nothing' };
		this.#heard = undefined;
		return heard;
	}

	/** A look has told how it is. */
	compare({ status }: StatusReport, askedAt: number): void {
		const { openedAt = Infinity } = this.#stream ?? {};
		const claimedAt = this.#endClaimedAt ?? Infinity;
		if (status !== 'COMPLETED') {
			if (claimedAt > askedAt) return;
			this.#endClaimedAt = undefined;
			this.watch.streams?.noteTrouble('it called a job done that was not');
		} else if (openedAt + HEAD_START <= askedAt) {
			this.#stream?.fail('it had not told of a job’s end when a look found it');
		}
	}

	/** The job is not followed any more. */
	end(): void {
		this.#stream?.close();
		this.#stream = undefined;
	}

	hear({ report, isNamed }: StreamWord): void {
		takeWord(this.job, report, this.#isTrusted, this.watch);
		this.#isTrusted = true;
		if (report.status !== 'COMPLETED') this.#tell({ kind: 'word' });
		else {
			// A failure may have to be paid for again, so it is not believed before a look has said the same.
			const isCertain = isNamed && report.error === undefined && report.errorType === undefined;
			this.#endClaimedAt = this.watch.clock.now();
			this.#spend();
			this.#tell(isCertain ? { kind: 'end', report } : { kind: 'nothing' });
		}
	}

	miss(): void {
		const wasTrusted = this.#isTrusted;
		this.#spend();
		// Looks go on as they were planned, if nobody relied on it.
		if (wasTrusted) this.#tell({ kind: 'nothing' });
	}

	#spend(): void {
		this.#isSpent = true;
		this.#isTrusted = false;
		this.end();
	}

	#listen(): void {
		const { streams, includeLogs } = this.watch;
		const { mayBeDone, seen, handle } = this.job;
		// For a job that may be done already, a look comes first.
		if (this.#stream || this.#isSpent || (mayBeDone && !seen)) return;
		this.#stream = streams?.open(handle, includeLogs, this);
	}

	#tell(heard: Heard): void {
		// The job's end is the last that is heard.
		if (this.#heard?.kind === 'end' || this.#mustNotLook(heard)) return;
		this.#heard = heard;
		this.#wake();
	}

	/** After a look that went wrong, fal may have asked for a pause. */
	#mustNotLook({ kind }: Heard): boolean {
		return kind === 'nothing' && this.#looks?.areInTrouble === true;
	}

	async #wait(looks: Looks): Promise<void> {
		const { clock, signal, streams } = this.watch;
		if (!streams) return await looks.untilNext(signal);
		const woken = new AbortController();
		this.#wake = () => woken.abort();
		const forget = onAbort(signal, this.#wake);
		if (this.#isTrusted && !looks.areInTrouble) {
			await clock.sleep(Math.min(FALLBACK, this.job.deadline - clock.now()), woken.signal);
		} else {
			await looks.untilNext(woken.signal);
		}
		forget();
	}
}
