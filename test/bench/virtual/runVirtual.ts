/** One contender in one scenario on the virtual clock. */
import { SECOND } from '../../../nodes/engine/clock';
import { Streams } from '../../../nodes/engine/following/streams';
import { SimulatedStreams } from '../../engine/simulatedStreams';
import { countOutcomes, type Figures, type Stopped } from '../figures';
import { drawTimes } from '../jobTimes';
import type { Peer } from '../peers';
import type { Scenario } from '../scenarios';
import { type Outcome, type Work, workOf } from '../work';
import { runFalBatch } from './falBatch';
import { simulatedFetch } from './simulatedFetch';
import { onVirtualTime } from './time';
import { MOST_OVER_MEAN, virtualWorld, type VirtualWorld } from './world';

type Contender = (world: VirtualWorld, work: Work) => Promise<Outcome[]>;

export async function falBatchOnVirtualClock(scenario: Scenario): Promise<Figures> {
	return await run(scenario, (world, work) => runFalBatch(world, work));
}

/** The same, with *Follow Jobs By: Status Stream*. */
export async function falBatchByStream(scenario: Scenario): Promise<Figures> {
	return await run(scenario, async (world, work) => {
		const { clock, fal } = world;
		const latency = scenario.latency * MOST_OVER_MEAN;
		const source = new SimulatedStreams(clock, fal, { latency });
		const outcomes = await runFalBatch(world, work, new Streams(source, clock));
		// A stream is a request, as a look is.
		fal.calls.status += source.sent.stream;
		return outcomes;
	});
}

export async function peerOnVirtualClock(scenario: Scenario, peer: Peer): Promise<Figures> {
	return await run(scenario, async ({ clock, transport, startedAt }, work) => {
		const { stopAfter } = scenario;
		// None of them hears of a stop. The kindest reading: they end with the execution.
		const stopped = new Promise<Outcome[]>((resolve) => {
			if (stopAfter === undefined) return;
			clock.at(startedAt + stopAfter, () => resolve(work.items.map(() => 'lost')));
		});
		const running = () => Promise.race([peer(work, simulatedFetch(transport)), stopped]);
		return await onVirtualTime(clock, running);
	});
}

async function run(scenario: Scenario, contender: Contender): Promise<Figures> {
	const times = drawTimes(scenario.times, scenario.items);
	const world = virtualWorld(scenario, times);
	const { clock, fal, startedAt } = world;
	const outcomes = await contender(world, workOf(scenario, times));
	const pushbacks = [...fal.submitsOf.values()].flat().filter((came) => came === '429');
	return {
		...countOutcomes(outcomes, scenario),
		wallTime: clock.now() - startedAt,
		requests: { ...fal.calls },
		pushbacks: pushbacks.length,
		generatedTwice: fal.jobs.length - new Set(fal.jobs.map(({ item }) => item)).size,
		...(scenario.stopAfter !== undefined && { stopped: readStop(world, scenario.stopAfter) }),
	};
}

function readStop({ fal, startedAt }: VirtualWorld, stopAfter: number): Stopped {
	const stoppedAt = startedAt + stopAfter;
	const open = fal.jobs.filter(({ endsAt = Infinity }) => endsAt > stoppedAt);
	const cancelled = open.filter(({ id }) => {
		const at = fal.cancelledAt.get(id);
		return at !== undefined && at <= stoppedAt + SECOND;
	});
	return {
		openJobs: open.length,
		cancelled: cancelled.length,
		submitsAfter: fal.submittedAt.filter((at) => at > stoppedAt).length,
	};
}
