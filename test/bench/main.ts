/** `npm run bench`: Fal Batch beside what people run today, in tables and charts. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Figures } from './figures';
import { judge } from './goals';
import { idealTime } from './ideal';
import { benchItems } from './items/main';
import { drawTimes } from './jobTimes';
import { growthChart, sideBySideChart } from './report/charts';
import { circumstances, type Occasions } from './report/circumstances';
import { readSockets, toJson } from './report/json';
import { toMarkdown } from './report/markdown';
import { drawTable } from './report/screen';
import * as tables from './report/tables';
import type { Row } from './rows';
import { GRID, GROWTH, LONG_JOBS, QUICK, type Scenario } from './scenarios';
import { runOnSockets, SOCKET_RUNS } from './sockets/plan';
import { runOnVirtualClock } from './virtual/runGrid';

interface Settings {
	readonly quick?: true;
	readonly virtual?: true;
	readonly only?: string;
	readonly items?: true;
	readonly out: string;
}

const MOST_ITEMS_WHEN_QUICK = 1_000;

void new Command('bench')
	.description('Fal Batch beside what people run today, against a local fal.')
	.option('--quick', 'the virtual clock, and a choice of what runs over real sockets: two minutes')
	.option('--virtual', 'the virtual clock only: a minute; what real sockets gave last time stays')
	.option('--only <scenario>', `one of: ${names().join(', ')}`)
	.option('--items', 'ten thousand items and more, up to their first submit, instead of all this')
	.option(
		'--out <folder>',
		'where bench.md, bench.json and the charts are, after a complete run or one of --virtual',
		'docs',
	)
	.action(bench)
	.parseAsync();

async function bench({ quick, virtual, only, items, out }: Settings): Promise<void> {
	if (items) return await benchItems(out);
	const isChosen = ({ name, items }: Scenario) =>
		only ? name === only : !quick || items <= MOST_ITEMS_WHEN_QUICK;
	const rows: Row[] = [];
	for (const scenario of GRID.filter(isChosen)) {
		rows.push(await rowOf(scenario, 'virtual', () => runOnVirtualClock(scenario)));
	}
	for (const run of (virtual ? [] : SOCKET_RUNS).filter(({ scenario }) => isChosen(scenario))) {
		if (quick && !QUICK.has(run.scenario.name)) continue;
		rows.push(await rowOf(run.scenario, 'real', () => runOnSockets(run, quick ? 1 : undefined)));
	}
	if (rows.length === 0)
		throw new Error(`No scenario is called ${only}. Try: ${names().join(', ')}`);
	print(rows);
	if (quick || only) return;
	const now = circumstances();
	if (!virtual) return await save(rows, { virtual: now, sockets: now }, out);
	const kept = readSockets(await readFile(join(out, 'bench.json'), 'utf8'));
	await save([...rows, ...kept.rows], { virtual: now, sockets: kept.when }, out);
}

async function rowOf(
	scenario: Scenario,
	clock: Row['clock'],
	run: () => Promise<ReadonlyMap<string, Figures>>,
): Promise<Row> {
	process.stdout.write(`${clock} clock: ${scenario.title} ... `);
	const startedAt = Date.now();
	const figures = await run();
	process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1)} s\n`);
	const ideal = idealTime(scenario, drawTimes(scenario.times, scenario.items));
	return { scenario, clock, ideal, figures };
}

function print(rows: readonly Row[]): void {
	const virtual = rows.filter(({ clock }) => clock === 'virtual');
	const real = rows.filter(({ clock }) => clock === 'real');
	const all = [
		tables.timeTable(virtual),
		tables.requestsTable(virtual),
		tables.troubleTable(virtual),
		tables.streamTable(virtual),
		tables.socketsTable(real),
		tables.goalsTable(judge(rows)),
	];
	for (const table of all) if (table.rows.length > 0) process.stdout.write(drawTable(table));
}

async function save(rows: readonly Row[], when: Occasions, folder: string): Promise<void> {
	const virtual = rows.filter(({ clock }) => clock === 'virtual');
	const growth = rows.filter(({ scenario }) => GROWTH.some(({ name }) => name === scenario.name));
	const goals = judge(rows);
	const files = {
		'bench.json': toJson(when, rows, goals),
		'bench.md': toMarkdown(when, rows, goals),
		'bench.svg': sideBySideChart(virtual),
		'bench-growth.svg': growthChart(growth),
	};
	await mkdir(folder, { recursive: true });
	for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
	process.stdout.write(`\nWritten to ${folder}: ${Object.keys(files).join(', ')}\n`);
}

function names(): string[] {
	return [...new Set([...GRID, ...GROWTH, LONG_JOBS].map(({ name }) => name))];
}
