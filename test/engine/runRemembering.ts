/**
 * Batches against a simulated fal that remembers: one that loses answers to submits, or one that dies
 * in the middle and is run again.
 */
import { Batch } from '../../nodes/engine/batch/batch';
import type { BatchSettings } from '../../nodes/engine/batch/settings';
import type { Reply, Transport } from '../../nodes/engine/transport';
import { usualSettings } from './runSimulated';
import { seeded, SimulatedFal, type SimulatedFalOptions } from './simulatedFal';
import { SimulatedHistory, type SimulatedHistoryOptions } from './simulatedHistory';
import { VirtualClock } from './virtualClock';

export interface Remembered {
	readonly items: number;
	/** Different inputs; as many as items, unless said. Items share them in turn. */
	readonly inputs?: number;
	readonly fal?: Partial<SimulatedFalOptions>;
	readonly history?: Partial<SimulatedHistoryOptions>;
	readonly settings?: Partial<BatchSettings>;
	/** A first batch over the same items runs before, and dies. */
	readonly crash?: {
		/** Milliseconds after its start. From then on it hears nothing and says nothing. */
		readonly after: number;
		/** Milliseconds until the batch is run again. */
		readonly rerunAfter: number;
	};
}

export async function runRemembering(story: Remembered) {
	const { items, inputs = items, crash } = story;
	const clock = new VirtualClock();
	const start = clock.now();
	const seed = story.fal?.seed ?? 1;
	const fal = new SimulatedFal(clock, {
		seed,
		latency: 100,
		jobTime: () => 2_000,
		accountLimit: Number.POSITIVE_INFINITY,
		...story.fal,
	});
	const history = new SimulatedHistory(clock, fal, { showsOpen: true, seed, ...story.history });
	const settings = { ...usualSettings(items), ...story.settings };
	const submissions = Array.from({ length: items }, (_, item) => ({
		model: 'fal-ai/flux/dev',
		input: { item: item % inputs },
		conditions: {},
	}));
	const batch = (transport: Transport, luck: number) =>
		new Batch(submissions, settings, { transport, history, clock, random: seeded(seed + luck) });
	const last = batch(fal, 2);
	let rerunAt = start;
	const ended = await clock.runUntil(
		(async () => {
			if (crash) {
				const diesAt = start + crash.after;
				void batch(mortal(fal, clock, diesAt), 1).run();
				await clock.sleep(crash.after + crash.rerunAfter);
				rerunAt = clock.now();
			}
			return await last.run();
		})(),
	);
	return { ended, batch: last, fal, history, clock, start, rerunAt, inputs };
}

/** What dies neither sends nor hears anything any more; what it has sent is on its way to fal. */
function mortal(transport: Transport, clock: VirtualClock, diesAt: number): Transport {
	const never = async () => await new Promise<never>(() => {});
	async function call<Body>(ask: () => Promise<Reply<Body>>): Promise<Reply<Body>> {
		if (clock.now() >= diesAt) return await never();
		const reply = await ask();
		return clock.now() >= diesAt ? await never() : reply;
	}
	return {
		submit: async (submission) => await call(async () => await transport.submit(submission)),
		status: async (handle, how) => await call(async () => await transport.status(handle, how)),
		result: async (handle) => await call(async () => await transport.result(handle)),
		cancel: async (handle) => await call(async () => await transport.cancel(handle)),
	};
}

/** Of each input, how many more jobs were generated than there are items and excuses. */
export function generatedTwice(
	fal: SimulatedFal,
	{ items, inputs }: { items: number; inputs: number },
): number {
	let twice = 0;
	for (let input = 0; input < inputs; input++) {
		const jobs = fal.jobs.filter(({ item }) => item === input);
		// A job that failed for a reason that may pass is rightly generated again.
		const excused = jobs.filter(({ fate }) => fate === 'transient').length;
		const wanted = Math.floor(items / inputs) + (input < items % inputs ? 1 : 0);
		twice += Math.max(0, jobs.length - excused - wanted);
	}
	return twice;
}
