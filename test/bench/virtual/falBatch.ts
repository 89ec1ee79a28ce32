/** Fal Batch's engine on the virtual clock, with the node's default settings. */
import { Batch } from '../../../nodes/engine/batch/batch';
import type { Streams } from '../../../nodes/engine/following/streams';
import { usualSettings } from '../../engine/runSimulated';
import { seeded } from '../../engine/simulatedFal';
import type { Outcome, Work } from '../work';
import type { VirtualWorld } from './world';

export async function runFalBatch(
	{ clock, transport, scenario, startedAt }: VirtualWorld,
	{ items, concurrency }: Work,
	streams?: Streams,
): Promise<Outcome[]> {
	const stop = new AbortController();
	if (scenario.stopAfter !== undefined) {
		clock.at(startedAt + scenario.stopAfter, () => stop.abort());
	}
	const batch = new Batch(
		items.map(({ model, input }) => ({ model, input, conditions: {} })),
		{ ...usualSettings(items.length), concurrency },
		{ transport, clock, streams, signal: stop.signal, random: seeded(2) },
	);
	const ended = await clock.runUntil(batch.run());
	return ended.map(({ ending }) => {
		if (ending.outcome === 'completed' || ending.outcome === 'unknown') return ending.outcome;
		return 'lost';
	});
}
