/** Which contenders run over real sockets in which scenario, and how: ten minutes in all. */
import { FAL_BATCH, P_QUEUE, PEERS } from '../contenders';
import type { Figures } from '../figures';
import { GRID, GROWTH, LONG_JOBS, type Scenario } from '../scenarios';
import { Lane } from './lane';

export interface SocketRun {
	readonly scenario: Scenario;
	readonly contenders: readonly string[];
	/**
	 * Side by side, at the same moment, where waiting is all they do; one after the other, and more than
	 * once, where the processor is what is looked at.
	 */
	readonly manner: 'side by side' | { readonly times: number };
}

const CAPPED = PEERS.slice(0, 2).map(({ name }) => name);
const EVERYBODY = PEERS.map(({ name }) => name);

export const SOCKET_RUNS: readonly SocketRun[] = [
	sideBySide('usual', EVERYBODY),
	sideBySide('429-above-10', CAPPED),
	sideBySide('429-above-2', CAPPED),
	sideBySide('ambiguous', CAPPED),
	...[...GROWTH, LONG_JOBS].map((scenario) => ({
		scenario,
		contenders: [FAL_BATCH, P_QUEUE.name],
		manner: { times: scenario.name === 'growth-10000' ? 1 : 2 },
	})),
];

/**
 * @param mostRounds of those that are run more than once
 * @returns figures by contender
 */
export async function runOnSockets(
	{ scenario, contenders, manner }: SocketRun,
	mostRounds = Infinity,
): Promise<Map<string, Figures>> {
	if (manner === 'side by side') return await runTogether(scenario, contenders);
	const rounds: Map<string, Figures>[] = [];
	for (let round = 0; round < Math.min(manner.times, mostRounds); round++) {
		const figures = new Map<string, Figures>();
		// Each round the other way round, so that neither always has the cooler machine.
		for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
			figures.set(contender, (await runTogether(scenario, [contender])).get(contender)!);
		}
		rounds.push(figures);
	}
	return new Map(
		contenders.map((name) => [name, quietest(rounds.map((round) => round.get(name)!))]),
	);
}

async function runTogether(
	scenario: Scenario,
	contenders: readonly string[],
): Promise<Map<string, Figures>> {
	const lanes = contenders.map((contender) => new Lane(scenario, contender));
	try {
		await Promise.all(lanes.map((lane) => lane.warmUp()));
		const figures = await Promise.all(lanes.map((lane) => lane.run()));
		return new Map(contenders.map((contender, i) => [contender, figures[i]!]));
	} finally {
		await Promise.all(lanes.map((lane) => lane.close()));
	}
}

/** Whatever else the machine does only adds. */
function quietest(rounds: readonly Figures[]): Figures {
	return rounds.toSorted((a, b) => a.machine!.cpuPerJob - b.machine!.cpuPerJob)[0]!;
}

function sideBySide(name: string, peers: readonly string[]): SocketRun {
	const scenario = GRID.find((candidate) => candidate.name === name)!;
	return { scenario, contenders: [FAL_BATCH, ...peers], manner: 'side by side' };
}
