/** The goals of the design (section 9), and a later one for CPU, each with the figure that tells whether it is reached. */
import { FAL_BATCH, P_QUEUE, PEERS } from './contenders';
import { type Figures, requestsInAll, requestsPerJob } from './figures';
import { type Row, wallOverIdeal } from './rows';

interface Goal {
	readonly what: string;
	readonly goal: string;
	readonly scenario: string;
	readonly clock?: Row['clock'];
	/** The text of the cell. */
	readonly cell: (figures: Figures, row: Row) => string;
	readonly reached: (figures: Figures, row: Row) => boolean;
	/** Why it is not, where that is known. */
	readonly reason?: string;
}

export interface JudgedGoal {
	readonly what: string;
	readonly goal: string;
	readonly clock: Row['clock'];
	readonly reached: boolean;
	readonly reason?: string | undefined;
	/** By contender. */
	readonly cells: ReadonlyMap<string, string>;
}

const STRICT_CAP =
	'A strict cap has to hear that one job is done before it submits the next: 100 ms of latency in each 2 s, which alone is 1.05. And the first jobs of a batch teach how long jobs take. Over real sockets, n8n’s own milliseconds for each request come on top.';

const GOALS: readonly Goal[] = [
	{
		what: 'wall time over the ideal',
		goal: '1.05',
		scenario: 'usual',
		cell: (figures, row) => wallOverIdeal(row, figures).toFixed(2),
		reached: (figures, row) => wallOverIdeal(row, figures) <= 1.05,
		reason: STRICT_CAP,
	},
	{
		what: 'requests per job',
		goal: '3.5',
		scenario: 'usual',
		cell: (figures) => requestsPerJob(figures).toFixed(1),
		reached: (figures) => requestsPerJob(figures) <= 3.5,
	},
	{
		what: 'requests per job',
		goal: '8',
		scenario: 'jobs-60s',
		cell: (figures) => requestsPerJob(figures).toFixed(1),
		reached: (figures) => requestsPerJob(figures) <= 8,
	},
	{
		what: 'requests in all',
		goal: '600',
		scenario: 'limit-2',
		cell: (figures) => requestsInAll(figures).toLocaleString('en'),
		reached: (figures) => requestsInAll(figures) <= 600,
	},
	{
		what: 'jobs generated twice',
		goal: '0',
		scenario: 'ambiguous',
		cell: ({ generatedTwice }) => String(generatedTwice),
		reached: ({ generatedTwice }) => generatedTwice === 0,
	},
	{
		what: 'completed, and speed of the ideal',
		goal: '100 %, 90 %',
		scenario: '429-above-10',
		cell: completedAndSpeed,
		reached: isCompleteAndQuick,
		reason: STRICT_CAP,
	},
	{
		what: 'completed, and speed of the ideal',
		goal: '100 %, 90 %',
		scenario: '429-above-2',
		cell: completedAndSpeed,
		reached: isCompleteAndQuick,
	},
	{
		what: 'submits',
		goal: 'at most 40 (concurrency + budget)',
		scenario: 'outage',
		cell: ({ requests }) => String(requests.submit),
		reached: ({ requests }) => requests.submit <= 40,
	},
	{
		what: 'open jobs cancelled within 1 s; new submits',
		goal: 'all; 0',
		scenario: 'stop',
		cell: ({ stopped }) =>
			stopped ? `${stopped.cancelled} of ${stopped.openJobs}; ${stopped.submitsAfter}` : '',
		reached: ({ stopped }) =>
			stopped !== undefined && stopped.cancelled === stopped.openJobs && stopped.submitsAfter === 0,
	},
	...['growth-10000', 'long-jobs'].map(lessCpuThanPQueue),
	{
		what: 'CPU per job, over that of client + p-queue',
		goal: '1.25',
		scenario: 'growth-10000',
		clock: 'real',
		cell: (figures, row) => overPQueue(figures, row).toFixed(2),
		reached: (figures, row) => overPQueue(figures, row) <= 1.25,
	},
	{
		what: 'memory over the results themselves, at the highest',
		goal: 'flat (at most 1 kB per job)',
		scenario: 'growth-10000',
		clock: 'real',
		cell: ({ machine }) => (machine ? megabytes(machine.heap - machine.kept) : ''),
		reached: ({ machine, items }) =>
			machine !== undefined && (machine.heap - machine.kept) / items <= 1_000,
	},
];

function lessCpuThanPQueue(scenario: string): Goal {
	return {
		what: 'CPU per job',
		goal: 'less than client + p-queue',
		scenario,
		clock: 'real',
		cell: ({ machine }) => (machine ? `${machine.cpuPerJob.toFixed(1)} ms` : ''),
		reached: ({ machine }, { figures }) =>
			machine !== undefined && machine.cpuPerJob < figures.get(P_QUEUE.name)!.machine!.cpuPerJob,
		reason:
			'A request through n8n takes two to three times the CPU of one of the bare client: n8n opens a new connection for each, with new agents. Half the requests do not quite make up for that.',
	};
}

function overPQueue({ machine }: Figures, { figures }: Row): number {
	const peer = figures.get(P_QUEUE.name)?.machine;
	return machine && peer ? machine.cpuPerJob / peer.cpuPerJob : Number.NaN;
}

export function judge(rows: readonly Row[]): JudgedGoal[] {
	const judged = GOALS.flatMap((goal) =>
		rows
			.filter(
				({ scenario, clock }) => scenario.name === goal.scenario && clock === (goal.clock ?? clock),
			)
			.map((row) => judgeIn(goal, row)),
	);
	return [...judged, ...judgeLosses(rows)];
}

function judgeIn({ what, goal, cell, reached, reason }: Goal, row: Row): JudgedGoal {
	const cells = [...row.figures].map(([name, figures]) => [name, cell(figures, row)] as const);
	return {
		what: `${row.scenario.title}: ${what}`,
		goal,
		clock: row.clock,
		reached: reached(row.figures.get(FAL_BATCH)!, row),
		reason,
		cells: new Map(cells),
	};
}

/** No item may be lost in any of them. */
function judgeLosses(rows: readonly Row[]): JudgedGoal[] {
	return (['virtual', 'real'] as const).flatMap((clock) => {
		const those = rows.filter((row) => row.clock === clock);
		if (those.length === 0) return [];
		const names = [FAL_BATCH, ...PEERS.map(({ name }) => name)];
		const lost = (name: string) =>
			those.reduce((sum, { figures }) => sum + (figures.get(name)?.lost ?? 0), 0);
		return [
			{
				what: 'items lost, all scenarios together',
				goal: '0',
				clock,
				reached: lost(FAL_BATCH) === 0,
				cells: new Map(names.map((name) => [name, lost(name).toLocaleString('en')])),
			},
		];
	});
}

function completedAndSpeed(figures: Figures, row: Row): string {
	const completed = figures.completed / figures.items;
	const speed = completed / wallOverIdeal(row, figures);
	return `${Math.round(100 * completed)} %, ${Math.round(100 * speed)} %`;
}

function isCompleteAndQuick(figures: Figures, row: Row): boolean {
	return figures.completed === figures.items && wallOverIdeal(row, figures) <= 1 / 0.9;
}

function megabytes(bytes: number): string {
	return `${(bytes / 1e6).toFixed(1)} MB`;
}
