/**
 * The stages of a run, measured from outside: the built modules are loaded with their functions wrapped, and are
 * otherwise what ships.
 */
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { resolve } from 'node:path';
import type { ItemsMeasured } from './itemsProcess';

export type Stage =
	| 'reading parameters'
	| 'checking inputs'
	| 'the mark'
	| 'submitting'
	| 'results';

export interface StageCost {
	/** Milliseconds of all threads. */
	readonly cpu: number;
	/** Milliseconds. */
	readonly time: number;
}

const require = createRequire(resolve('package.json'));
type Exports = Record<string, unknown>;
type AnyFunction = (this: unknown, ...given: unknown[]) => unknown;

/** Milliseconds between two looks of the monitor. */
const RESOLUTION = 5;

export function watchStages() {
	const costs = new Map<Stage, StageCost>();
	const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
	let startedAt = 0;
	let heapBefore = 0;
	let found: Pick<ItemsMeasured, 'firstSubmit' | 'heap' | 'standstill'> | undefined;
	let tellOfFirst = () => {};

	const note = (stage: Stage, began: Moment) => void costs.set(stage, since(began));
	const timed = (stage: Stage, work: AnyFunction): AnyFunction =>
		async function (...given) {
			const began = now();
			try {
				return await work.apply(this, given);
			} finally {
				note(stage, began);
			}
		};

	wrap('FalBatch/parameters', 'readPlan', (work) => timed('reading parameters', work));
	wrap('FalBatch/inputChecks', 'checkInputs', (work) => timed('checking inputs', work));
	wrap('FalBatch/takingOver', 'findOutWhatToTakeOver', (work) => timed('the mark', work));
	let submitted: Moment | undefined;
	wrap('FalBatch/running', 'runBatch', (work) => async (...given) => {
		startedAt = performance.now();
		try {
			return await work(...given);
		} finally {
			if (submitted) note('results', submitted);
		}
	});
	const { Batch } = built('engine/batch/batch') as { Batch: { prototype: { run: AnyFunction } } };
	const { run } = Batch.prototype;
	const timedRun = timed('submitting', run);
	Batch.prototype.run = async function () {
		const ended = await timedRun.call(this);
		submitted = now();
		return ended;
	};
	const { FalTransport } = built('fal/falTransport') as {
		FalTransport: { prototype: { submit: AnyFunction } };
	};
	const { submit } = FalTransport.prototype;
	FalTransport.prototype.submit = function (...given) {
		if (!found) {
			const time = performance.now() - startedAt;
			const standstill = Math.max(0, delays.max / 1e6 - RESOLUTION);
			found = { firstSubmit: time, heap: liveHeap() - heapBefore, standstill };
			tellOfFirst();
		}
		return submit.apply(this, given);
	};

	return {
		/** What is measured begins here. @returns what resolves at the first submit from now on */
		begin(): { readonly firstSubmit: Promise<void> } {
			heapBefore = liveHeap();
			found = undefined;
			delays.reset();
			delays.enable();
			return { firstSubmit: new Promise((resolve) => (tellOfFirst = resolve)) };
		},
		measured(): ItemsMeasured {
			if (!found) throw new Error('Nothing was submitted');
			delays.disable();
			return { ...found, stages: Object.fromEntries(costs) as ItemsMeasured['stages'] };
		},
	};
}

/** To be called before anything has loaded what uses the function. */
function wrap(module: string, name: string, by: (work: AnyFunction) => AnyFunction): void {
	const path = pathOf(module);
	const original = built(module);
	// What esbuild makes of exports can't be assigned to.
	require.cache[path]!.exports = { ...original, [name]: by(original[name] as AnyFunction) };
}

function built(module: string): Exports {
	return require(pathOf(module)) as Exports;
}

function pathOf(module: string): string {
	return require.resolve(`./dist/nodes/${module}.js`);
}

interface Moment {
	readonly at: number;
	readonly cpu: NodeJS.CpuUsage;
}

function now(): Moment {
	return { at: performance.now(), cpu: process.cpuUsage() };
}

function since({ at, cpu }: Moment): StageCost {
	const { user, system } = process.cpuUsage(cpu);
	return { cpu: (user + system) / 1_000, time: performance.now() - at };
}

function liveHeap(): number {
	if (!globalThis.gc) throw new Error('Measuring memory needs node --expose-gc');
	globalThis.gc();
	return process.memoryUsage().heapUsed;
}
