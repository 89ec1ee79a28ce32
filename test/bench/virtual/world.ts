/** A scenario's fal on a virtual clock, the same for every contender. */
import type { Transport } from '../../../nodes/engine/transport';
import { SimulatedFal } from '../../engine/simulatedFal';
import { VirtualClock } from '../../engine/virtualClock';
import type { Scenario } from '../scenarios';
import { withLostAnswers } from './lostAnswers';

export interface VirtualWorld {
	readonly scenario: Scenario;
	readonly clock: VirtualClock;
	/** With its books. */
	readonly fal: SimulatedFal;
	/** What contenders ask. */
	readonly transport: Transport;
	readonly startedAt: number;
}

/** @param times milliseconds that the job of each item takes */
export function virtualWorld(scenario: Scenario, times: readonly number[]): VirtualWorld {
	const clock = new VirtualClock(MOST_EVENTS);
	const { accountLimit, submitLimit, changes, ambiguousSubmits = 0 } = scenario;
	const fal = new SimulatedFal(clock, {
		seed: 1,
		latency: scenario.latency * MOST_OVER_MEAN,
		jobTime: (_random, item) => times[item]!,
		accountLimit,
		...(submitLimit !== undefined && { submitLimit }),
		...(changes && { changes }),
		...(scenario.outage && { outageFrom: 0, submitFaultKinds: ['503 before'] }),
	});
	const transport = ambiguousSubmits > 0 ? withLostAnswers(fal, ambiguousSubmits) : fal;
	return { scenario, clock, fal, transport, startedAt: clock.now() };
}

/** The simulated fal takes from half of its latency to all of it: three quarters on average. */
export const MOST_OVER_MEAN = 4 / 3;

/** Ten thousand jobs of a contender that looks every half second make half a million. */
const MOST_EVENTS = 20_000_000;
