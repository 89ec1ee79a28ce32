/**
 * Status streams: held connections over which fal tells how a job goes. They only tell sooner what looks
 * would find out anyway. So whatever goes wrong with one, its job is looked at again, and nothing is lost.
 */
import { type Clock, SECOND } from '../clock';
import { LONGEST_SILENCE, type StatusSource, type StreamWord } from '../statusSource';
import type { Handle } from '../transport';

/** Who listens to a stream. */
export interface StreamListener {
	hear(word: StreamWord): void;
	/** It will tell nothing more, though the job may go on. */
	miss(): void;
}

/** Enough for most batches. n8n, and what stands between it and fal, may not bear hundreds of them. */
export const MOST_STREAMS = 20;
/** After as many, streams do not work where this n8n is. */
export const MOST_TROUBLES = 3;

export class Streams {
	readonly #open = new Set<Stream>();
	/** Those that are being closed count until they are. */
	#connections = 0;
	#troubles = 0;
	#lastTrouble = '';

	/** @param most connections at once, 1 or more */
	constructor(
		private readonly source: StatusSource,
		private readonly clock: Clock,
		private readonly most = MOST_STREAMS,
	) {}

	get sent(): Readonly<Record<string, number>> {
		return this.source.sent;
	}

	/** Why no more streams are opened, as a sentence; nothing as long as they are. */
	get givenUpFor(): string | undefined {
		if (this.#troubles < MOST_TROUBLES) return undefined;
		return `Status Stream was given up after ${MOST_TROUBLES} troubles, the last of which was: ${this.#lastTrouble}. From then on the jobs were polled.`;
	}

	/** @returns nothing where no connection is free, or streams were given up */
	open(handle: Handle, logs: boolean, listener: StreamListener): Stream | undefined {
		if (this.givenUpFor !== undefined || this.#connections >= this.most) return undefined;
		const stream = new Stream(this.clock, listener, {
			ended: () => this.#open.delete(stream),
			failed: (reason) => this.noteTrouble(reason),
		});
		this.#open.add(stream);
		this.#connections++;
		void stream.hold(this.source, handle, logs).then(() => this.#connections--);
		return stream;
	}

	/** A stream did not do what it is for, or told what is not so. */
	noteTrouble(reason: string): void {
		if (this.givenUpFor !== undefined) return;
		this.#troubles++;
		this.#lastTrouble = reason;
		if (this.givenUpFor !== undefined) for (const stream of [...this.#open]) stream.breakOff();
	}
}

interface StreamOwner {
	ended(): void;
	failed(reason: string): void;
}

export class Stream {
	readonly #over = new AbortController();
	/** Milliseconds since the epoch. */
	readonly openedAt: number;
	#heardAt: number;

	constructor(
		private readonly clock: Clock,
		private readonly listener: StreamListener,
		private readonly owner: StreamOwner,
	) {
		this.openedAt = this.#heardAt = clock.now();
	}

	/** Ends when the connection is closed, whoever closed it. */
	async hold(source: StatusSource, handle: Handle, logs: boolean): Promise<void> {
		void this.#watchSilence();
		const { signal } = this.#over;
		const hear = (word?: StreamWord) => {
			if (signal.aborted) return;
			this.#heardAt = this.clock.now();
			if (word) this.listener.hear(word);
		};
		this.fail(await source.hold(handle, { logs, signal, hear }));
	}

	/** Nobody listens any more. */
	close(): void {
		if (this.#over.signal.aborted) return;
		this.#over.abort();
		this.owner.ended();
	}

	/** It is closed, through no fault of its own, before the job's end. */
	breakOff(): void {
		if (this.#over.signal.aborted) return;
		this.close();
		this.listener.miss();
	}

	/** It did not do what it is for. */
	fail(reason: string): void {
		if (this.#over.signal.aborted) return;
		this.breakOff();
		this.owner.failed(reason);
	}

	async #watchSilence(): Promise<void> {
		const { signal } = this.#over;
		for (;;) {
			const left = this.#heardAt + LONGEST_SILENCE - this.clock.now();
			if (left <= 0) return this.fail(`nothing came for ${LONGEST_SILENCE / SECOND} seconds`);
			await this.clock.sleep(left, signal);
			if (signal.aborted) return;
		}
	}
}
