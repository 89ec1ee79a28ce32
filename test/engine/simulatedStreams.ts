/** Status streams of the simulated fal: with latency, keep-alives, and troubles by chance from a seed. */
import { onAbort } from '../../nodes/engine/abort';
import type { Holding, StatusSource, StreamWord } from '../../nodes/engine/statusSource';
import type { Handle, StatusReport } from '../../nodes/engine/transport';
import { seeded, type SimulatedFal } from './simulatedFal';
import type { VirtualClock } from './virtualClock';

export interface StreamOptions {
	readonly seed?: number;
	/** Milliseconds there and back, at the most; at least half of it. */
	readonly latency?: number;
	/** Connections at once; absent means the engine's own bound. */
	readonly most?: number;
	/** Share of streams that meet a trouble, from 0 to 1. */
	readonly troubles?: number;
	/** Which; all kinds by default. */
	readonly kinds?: readonly StreamTrouble[];
	/** Words before the trouble; by chance from 0 to 3, unless said. */
	readonly wordsBefore?: number;
}

export const STREAM_TROUBLES = [
	/** Answered with anything but events. */
	'refused',
	/** Ends, though the job goes on. */
	'ends early',
	/** Says nothing any more, not even that it is alive. */
	'silent',
	/** Lives, and tells nothing any more. */
	'held back',
	/** Keeps all that it has to tell until the job's end. */
	'buffered',
	/** Calls the job done at once, without saying which job it means. */
	'claims the end of some job',
	/** Calls the job failed at once, though it is not. */
	'claims a failure',
] as const;
export type StreamTrouble = (typeof STREAM_TROUBLES)[number];

const KEEP_ALIVE = 15_000;

export class SimulatedStreams implements StatusSource {
	readonly sent = { stream: 0 };
	open = 0;
	peakOpen = 0;
	/** Streams that met a trouble. */
	troubled = 0;
	/** Streams of each request. */
	readonly streamsOf = new Map<string, number>();
	readonly #random: () => number;
	readonly #latency: number;

	constructor(
		private readonly clock: VirtualClock,
		private readonly fal: SimulatedFal,
		private readonly options: StreamOptions,
	) {
		this.#random = seeded(options.seed ?? 1);
		this.#latency = options.latency ?? 0;
	}

	async hold({ requestId }: Handle, holding: Holding): Promise<string> {
		const { troubles = 0, kinds = STREAM_TROUBLES, wordsBefore } = this.options;
		const isStruck = this.#random() < troubles;
		const trouble = isStruck ? kinds[Math.floor(this.#random() * kinds.length)] : undefined;
		const words = wordsBefore ?? Math.floor(this.#random() * 4);
		this.sent.stream++;
		this.streamsOf.set(requestId, (this.streamsOf.get(requestId) ?? 0) + 1);
		this.open++;
		this.peakOpen = Math.max(this.peakOpen, this.open);
		if (trouble) this.troubled++;
		await this.clock.sleep(this.#travel(), holding.signal);
		const reason = await this.#tell(requestId, holding, trouble, words);
		// To close it takes a moment, too.
		await this.clock.sleep(this.#latency / 2);
		this.open--;
		return reason;
	}

	async #tell(
		requestId: string,
		{ signal, hear }: Holding,
		trouble: StreamTrouble | undefined,
		wordsBefore: number,
	): Promise<string> {
		const line = new Line(this.clock, () => this.#travel(), hear);
		let last = '';
		let told = 0;
		while (!signal.aborted) {
			const { report, arrive } = this.fal.see(requestId);
			const isDone = report.status === 'COMPLETED';
			const isNew = JSON.stringify(report) !== last;
			last = JSON.stringify(report);
			if (trouble && trouble !== 'buffered' && told >= wordsBefore) {
				return await this.#misbehave(trouble, line, signal);
			}
			if (isNew && (trouble !== 'buffered' || isDone)) {
				told++;
				line.send({ report, isNamed: true }, arrive);
			}
			if (isDone) {
				await line.isEmpty();
				return 'it ended';
			}
			const next = new AbortController();
			const forget = onAbort(signal, () => next.abort());
			const change = this.fal.changed(next.signal).then(() => next.abort());
			await this.clock.sleep(KEEP_ALIVE, next.signal);
			if (!next.signal.aborted && trouble !== 'buffered') line.send();
			next.abort();
			await change;
			forget();
		}
		return 'it was closed';
	}

	async #misbehave(trouble: StreamTrouble, line: Line, signal: AbortSignal): Promise<string> {
		await line.isEmpty();
		switch (trouble) {
			case 'refused':
			case 'ends early':
				return `it was ${trouble}`;
			case 'held back':
				while (!signal.aborted) {
					await this.clock.sleep(KEEP_ALIVE, signal);
					if (!signal.aborted) line.send();
				}
				return 'it was closed';
			case 'claims the end of some job':
				line.send({ report: DONE, isNamed: false });
				break;
			case 'claims a failure': {
				const errorType = 'runner_disconnected';
				line.send({ report: { ...DONE, error: 'Runner disconnected', errorType }, isNamed: true });
				break;
			}
			default:
				await closed(signal);
		}
		await line.isEmpty();
		return 'it ended';
	}

	#travel(): number {
		return (this.#latency / 2) * (0.5 + this.#random() / 2);
	}
}

const DONE = { status: 'COMPLETED', logs: [] } as const satisfies StatusReport;

async function closed(signal: AbortSignal): Promise<void> {
	await new Promise<void>((resolve) => void onAbort(signal, resolve));
}

/** What is sent over a connection arrives in its order. */
class Line {
	#lastArrival = 0;

	constructor(
		private readonly clock: VirtualClock,
		private readonly travel: () => number,
		private readonly hear: Holding['hear'],
	) {}

	send(word?: StreamWord, arrive: () => void = () => {}): void {
		this.#lastArrival = Math.max(this.#lastArrival, this.clock.now() + this.travel());
		this.clock.at(this.#lastArrival, () => {
			arrive();
			this.hear(word);
		});
	}

	async isEmpty(): Promise<void> {
		await this.clock.sleep(this.#lastArrival - this.clock.now());
	}
}
