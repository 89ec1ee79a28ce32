/** From the rows of the bench to the tables of the report. */
import { FAL_BATCH, P_QUEUE, PEERS } from '../contenders';
import { type Figures, requestsPerJob } from '../figures';
import type { JudgedGoal } from '../goals';
import type { Looks } from '../optimum';
import { type Row, wallOverIdeal } from '../rows';
import { BY_STREAM } from '../virtual/runGrid';
import type { ReportTable } from './table';

const NAMES = [FAL_BATCH, ...PEERS.map(({ name }) => name)];
const HEAD = [FAL_BATCH, ...PEERS.map(({ short }) => short)];

export function goalsTable(goals: readonly JudgedGoal[]): ReportTable {
	return {
		title: 'Goals',
		head: ['', 'clock', 'goal', 'reached', ...HEAD],
		rows: goals.map(({ what, clock, goal, reached, cells }) => [
			what,
			clock,
			goal,
			reached ? 'yes' : 'no',
			...NAMES.map((name) => cells.get(name) ?? '–'),
		]),
	};
}

export function timeTable(rows: readonly Row[]): ReportTable {
	const cell = (row: Row, figures: Figures) => {
		const wall = number(wallOverIdeal(row, figures));
		return figures.lost > 0 ? `${wall} (${figures.lost.toLocaleString('en')} lost)` : wall;
	};
	return {
		title: 'Wall time over the ideal',
		head: ['', 'ideal', ...HEAD, 'ahead of client + p-queue'],
		rows: rows
			.filter(({ scenario }) => !scenario.outage && scenario.stopAfter === undefined)
			.map((row) => [row.scenario.title, seconds(row.ideal), ...cells(row, cell), ahead(row)]),
		note: 'Ahead: not slower by more than 1 %; – where the other does not complete all items. Below 1: items are missing; or there is no cap, and more jobs run at once than the concurrency to which the ideal keeps.',
	};
}

export function requestsTable(rows: readonly Row[]): ReportTable {
	return {
		title: 'Requests per job',
		head: ['', ...HEAD, 'of client + p-queue'],
		rows: rows.map((row) => [
			row.scenario.title,
			...cells(row, (_, figures) => number(requestsPerJob(figures))),
			share(row),
		]),
	};
}

/** Whether Fal Batch is as fast as who completes all items, too. */
function ahead({ figures }: Row): string {
	const own = figures.get(FAL_BATCH);
	const other = figures.get(P_QUEUE.name);
	if (!own || !other || other.lost + other.generatedTwice > 0) return '–';
	return own.wallTime <= other.wallTime * 1.01 ? 'yes' : 'no';
}

function share({ figures }: Row): string {
	const own = figures.get(FAL_BATCH);
	const other = figures.get(P_QUEUE.name);
	if (!own || !other) return '–';
	return `${Math.round((100 * requestsPerJob(own)) / requestsPerJob(other))} %`;
}

/** How close the planned looks are to the best ones. */
export function looksTable(looks: readonly Looks[]): ReportTable {
	return {
		title: 'Looks at log-normal jobs',
		head: ['', 'looks per job', 'seen after its end'],
		rows: looks.map(({ name, looks, late }) => [name, number(looks), `${Math.round(late)} ms`]),
	};
}

/** Only where something went wrong for somebody. */
export function troubleTable(rows: readonly Row[]): ReportTable {
	const cell = (_: Row, figures: Figures) => trouble(figures) || 'none';
	const troubled = rows.filter(({ figures }) =>
		NAMES.some((name) => figures.has(name) && trouble(figures.get(name)!) !== ''),
	);
	return {
		title: 'What went wrong',
		head: ['', ...HEAD],
		rows: troubled.map((row) => [row.scenario.title, ...cells(row, cell)]),
		note: 'lost: no result, although the item could have had one. unknown: handed back as a job that may be running and billed, for the user to decide. twice: generated, and billed, twice.',
	};
}

/** Every figure, a line for each contender. */
export function socketsTable(rows: readonly Row[]): ReportTable {
	return {
		title: 'Real sockets',
		head: [
			'',
			'',
			'over ideal',
			'requests per job',
			'submit + status + result',
			'CPU per job',
			'peak memory',
			'peak live heap',
			'loop delay p99',
			'went wrong',
		],
		rows: rows.flatMap((row) =>
			[...row.figures].map(([name, figures], place) => [
				place === 0 ? row.scenario.title : '',
				figures.scaledFrom ? `${name} (scaled up from ${figures.scaledFrom} items)` : name,
				number(wallOverIdeal(row, figures)),
				number(requestsPerJob(figures)),
				byKind(figures),
				...machineCells(figures),
				trouble(figures) || 'none',
			]),
		),
		note: 'Memory is over what the process had before the run; live heap is what is left right after a garbage collection.',
	};
}

export function streamTable(rows: readonly Row[]): ReportTable {
	const both = rows.filter(({ figures }) => figures.has(BY_STREAM));
	return {
		title: 'Learning polls, or fal’s status stream',
		head: [
			'',
			'polls: over ideal',
			'stream: over ideal',
			'polls: requests per job',
			'stream: requests per job',
		],
		rows: both.map((row) => {
			const polls = row.figures.get(FAL_BATCH)!;
			const stream = row.figures.get(BY_STREAM)!;
			return [
				row.scenario.title,
				number(wallOverIdeal(row, polls)),
				number(wallOverIdeal(row, stream)),
				number(requestsPerJob(polls)),
				number(requestsPerJob(stream)),
			];
		}),
	};
}

function cells(row: Row, cell: (row: Row, figures: Figures) => string): string[] {
	return NAMES.map((name) => {
		const figures = row.figures.get(name);
		return figures ? cell(row, figures) : '–';
	});
}

function trouble({ pushbacks, lost, unknown, generatedTwice, stopped }: Figures): string {
	const open = stopped ? stopped.openJobs - stopped.cancelled : 0;
	const parts: [number, string][] = [
		[lost, 'lost'],
		[unknown, 'unknown'],
		[generatedTwice, 'twice'],
		[open, 'left running'],
		[pushbacks, '× 429'],
	];
	return parts
		.filter(([count]) => count > 0)
		.map(([count, what]) => `${count.toLocaleString('en')} ${what}`)
		.join(', ');
}

function byKind({ requests, items }: Figures): string {
	const { submit, status, result } = requests;
	return [submit, status, result].map((count) => number(count / items)).join(' + ');
}

function machineCells({ machine, scaledFrom }: Figures): string[] {
	// A handful of items says nothing about CPU and memory.
	if (!machine || scaledFrom) return ['–', '–', '–', '–'];
	const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
	return [
		`${machine.cpuPerJob.toFixed(1)} ms`,
		megabytes(machine.rss),
		megabytes(machine.heap),
		`${machine.loopDelay.toFixed(0)} ms`,
	];
}

function number(value: number): string {
	if (value >= 100) return value.toFixed(0);
	return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toLocaleString('en', { maximumFractionDigits: 1 })} s`;
}
