/** What a piece of work costs the process that does it. Run Node with `--expose-gc`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Machine } from '../figures';

export interface Measured<Value> {
	readonly value: Value;
	/** Milliseconds. */
	readonly wallTime: number;
	/** Milliseconds of all threads, the garbage collector's too. */
	readonly cpu: number;
	readonly machine: Omit<Machine, 'cpuPerJob'>;
}

/**
 * Milliseconds between two looks of the monitors; each look costs a little itself. The event loop's own
 * counts its timer as part of each delay.
 */
const RESOLUTION = 20;
const RSS_SAMPLES = 250;

export async function measure<Value>(work: () => Promise<Value>): Promise<Measured<Value>> {
	const heap = new LiveHeap();
	const rss = new HighestRss();
	const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
	delays.enable();
	const cpuBefore = process.cpuUsage();
	const startedAt = performance.now();

	const value = await work();

	const wallTime = performance.now() - startedAt;
	const cpu = milliseconds(process.cpuUsage(cpuBefore)) - heap.cpu;
	delays.disable();
	return {
		value,
		wallTime,
		cpu,
		machine: {
			rss: rss.overStart(),
			...heap.overStart(),
			loopDelay: Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION),
		},
	};
}

/**
 * The heap that is really in use: looked at right after a garbage collection, which is made for that
 * (and not counted as the work's) at moments that lie ever further apart.
 */
class LiveHeap {
	cpu = 0;
	readonly #start = this.#look();
	#highest = this.#start;
	#timer = this.#lookAfter(FIRST_LOOK);

	overStart(): { heap: number; kept: number } {
		clearTimeout(this.#timer);
		const end = this.#look();
		return { heap: Math.max(end, this.#highest) - this.#start, kept: end - this.#start };
	}

	#lookAfter(ms: number): NodeJS.Timeout {
		return setTimeout(() => {
			const before = process.cpuUsage();
			this.#highest = Math.max(this.#highest, this.#look());
			this.cpu += milliseconds(process.cpuUsage(before));
			this.#timer = this.#lookAfter(ms * 2);
		}, ms);
	}

	#look(): number {
		if (!globalThis.gc) throw new Error('Measuring memory needs node --expose-gc');
		globalThis.gc();
		return process.memoryUsage().heapUsed;
	}
}

/** Milliseconds: early enough for a run of a second, seldom enough for one of minutes. */
const FIRST_LOOK = 400;

class HighestRss {
	readonly #start = process.memoryUsage.rss();
	#highest = this.#start;
	readonly #timer = setInterval(() => {
		this.#highest = Math.max(this.#highest, process.memoryUsage.rss());
	}, RSS_SAMPLES);

	overStart(): number {
		clearInterval(this.#timer);
		return this.#highest - this.#start;
	}
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
	return (user + system) / 1_000;
}
