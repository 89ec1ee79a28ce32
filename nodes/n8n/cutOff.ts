/** How long to wait for one exchange: until its time is over, or the execution is stopped. */
import { onAbort } from '../engine/abort';
import { SECOND } from '../engine/clock';
import type { HttpRequest } from '../fal/http';
import { n8nClock } from './n8nClock';

export class CutOff {
	readonly #over = new AbortController();
	readonly #answered = new AbortController();
	readonly #forgetStop: () => void;
	#reason = '';

	/** @param stop aborted when the execution is stopped */
	constructor(
		{ limits: { time }, survivesStop }: Pick<HttpRequest, 'limits' | 'survivesStop'>,
		stop: AbortSignal | undefined,
	) {
		void n8nClock.sleep(time, this.#answered.signal).then(() => {
			this.#cut(`there was no complete answer after ${time / SECOND} seconds`);
		});
		this.#forgetStop = survivesStop
			? () => {}
			: onAbort(stop, () => this.#cut('the execution was stopped'));
	}

	/** Aborted when nobody waits for the exchange any longer. */
	get signal(): AbortSignal {
		return this.#over.signal;
	}

	/** Why not. */
	get reason(): string {
		return this.#reason;
	}

	/** The exchange is over; time no longer matters. */
	end(): void {
		this.#answered.abort();
		this.#forgetStop();
	}

	#cut(reason: string): void {
		if (this.#answered.signal.aborted || this.#over.signal.aborted) return;
		this.#reason = reason;
		this.#over.abort();
	}
}
