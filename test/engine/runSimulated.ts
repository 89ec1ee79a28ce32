/** One batch of the engine against the simulated fal, from start to end, on a virtual clock. */
import { Batch } from '../../nodes/engine/batch/batch';
import type { BatchSettings } from '../../nodes/engine/batch/settings';
import { DEFAULT_POLL_BOUNDS } from '../../nodes/engine/following/pollSchedule';
import { Streams } from '../../nodes/engine/following/streams';
import type { Purse } from '../../nodes/engine/spending/purse';
import { defaultRetryBudget } from '../../nodes/engine/submitting/retryBudget';
import { seeded, SimulatedFal, type SimulatedFalOptions } from './simulatedFal';
import { SimulatedStreams, type StreamOptions } from './simulatedStreams';
import { VirtualClock } from './virtualClock';

export interface Scenario {
	readonly items: number;
	readonly fal?: Partial<SimulatedFalOptions>;
	readonly settings?: Partial<BatchSettings>;
	/** Given where jobs are followed by status stream. */
	readonly streams?: StreamOptions | undefined;
	/** What may be spent; without it, as much as it takes. */
	readonly purse?: Purse;
	/** Milliseconds after the start at which the execution is stopped. */
	readonly stopAfter?: number;
}

/** What the node's parameters are unless the user turns them. */
export function usualSettings(items: number): BatchSettings {
	return {
		follow: true,
		concurrency: 10,
		retryBudget: defaultRetryBudget(items),
		itemTimeout: 3_600_000,
		cancelAbandoned: true,
		onUnknownSubmit: 'report',
		reuseWithin: 0,
		includeLogs: false,
		pollBounds: DEFAULT_POLL_BOUNDS,
	};
}

export async function runSimulated({
	items,
	fal,
	settings,
	streams: streamOptions,
	purse,
	stopAfter,
}: Scenario) {
	const clock = new VirtualClock();
	const startedAt = clock.now();
	const seed = fal?.seed ?? 1;
	const simulated = new SimulatedFal(clock, {
		seed,
		latency: 100,
		jobTime: () => 2_000,
		accountLimit: Number.POSITIVE_INFINITY,
		...fal,
	});
	const stop = new AbortController();
	const source = new SimulatedStreams(clock, simulated, {
		seed: seed + 2,
		latency: fal?.latency ?? 100,
		...streamOptions,
	});
	const streams = streamOptions && new Streams(source, clock, streamOptions.most);
	const batch = new Batch(
		Array.from({ length: items }, (_, item) => ({
			model: 'fal-ai/flux/dev',
			input: { item },
			conditions: {},
		})),
		{ ...usualSettings(items), ...settings },
		{ transport: simulated, clock, streams, purse, signal: stop.signal, random: seeded(seed + 1) },
	);
	let stoppedAt = Number.POSITIVE_INFINITY;
	if (stopAfter !== undefined) {
		clock.at(startedAt + stopAfter, () => {
			stoppedAt = clock.now();
			stop.abort();
		});
	}
	const ended = await clock.runUntil(batch.run());
	const wallTime = clock.now() - startedAt;
	return { ended, batch, fal: simulated, source, streams, clock, startedAt, stoppedAt, wallTime };
}
