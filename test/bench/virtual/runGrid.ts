/** A scenario of the grid with every contender on the virtual clock. */
import { FAL_BATCH, PEERS } from '../contenders';
import type { Figures } from '../figures';
import type { Scenario } from '../scenarios';
import { falBatchByStream, falBatchOnVirtualClock, peerOnVirtualClock } from './runVirtual';

export const BY_STREAM = 'Fal Batch, Follow Jobs By: Status Stream';

/** @returns figures by contender */
export async function runOnVirtualClock(scenario: Scenario): Promise<Map<string, Figures>> {
	const figures = new Map([[FAL_BATCH, await falBatchOnVirtualClock(scenario)]]);
	for (const { name, run: peer, mostItems = Infinity } of PEERS) {
		if (scenario.items > mostItems) continue;
		figures.set(name, await peerOnVirtualClock(scenario, peer));
	}
	if (!scenario.outage && scenario.stopAfter === undefined) {
		figures.set(BY_STREAM, await falBatchByStream(scenario));
	}
	return figures;
}
