/**
 * `npm run bench -- --items`: from n8n's call of the node to its first submit, and what each stage costs an item, at a
 * thousand, ten thousand and a hundred thousand items.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circumstances } from '../report/circumstances';
import { markdownTable } from '../report/markdown';
import { drawTable } from '../report/screen';
import type { ReportTable } from '../report/table';
import type { FalAnswer, FalQuestion } from '../sockets/falProcess';
import { Helper } from '../sockets/messages';
import type { ItemsMeasured, ItemsQuestion } from './itemsProcess';
import type { Stage, StageCost } from './stages';

/** All of 100,000 would be submitted for minutes. */
const MOST_SUBMITTED = 10_000;
const SIZES = process.env.ITEMS?.split(',').map(Number) ?? [1_000, 10_000, 100_000];
const KINDS: readonly ItemsQuestion['kind'][] = [
	'JSON, one expression',
	'Fields, three expressions',
];
const STAGES: readonly Stage[] = [
	'reading parameters',
	'checking inputs',
	'the mark',
	'submitting',
	'results',
];

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** @param folder where it leaves bench-items.md */
export async function benchItems(folder: string): Promise<void> {
	const rows: Row[] = [];
	for (const kind of KINDS) {
		for (const items of SIZES) {
			const row = { kind, items, measured: await measure(kind, items) };
			process.stdout.write(`${cells(row).join('  ')}\n`);
			rows.push(row);
		}
	}
	const result = tableOf(rows);
	process.stdout.write(drawTable(result));
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, 'bench-items.md'), pageOf(result, rows));
}

interface Row {
	readonly kind: string;
	readonly items: number;
	readonly measured: ItemsMeasured;
}

async function measure(kind: ItemsQuestion['kind'], items: number): Promise<ItemsMeasured> {
	const fal = new Helper<FalQuestion, FalAnswer>(file('../sockets/falProcess.ts'));
	const run = new Helper<ItemsQuestion, ItemsMeasured>(file('./itemsProcess.ts'), ['--expose-gc']);
	try {
		const { baseUrl } = await fal.ask({
			kind: 'prepare',
			scenario: {
				name: 'items',
				title: 'items',
				items,
				concurrency: 50,
				times: { kind: 'fixed', each: 0 },
				latency: 0,
				accountLimit: Infinity,
			},
		});
		return await run.ask({ kind, items, stops: items > MOST_SUBMITTED, baseUrl });
	} finally {
		await Promise.all([run.end(), fal.end()]);
	}
}

function tableOf(rows: readonly Row[]): ReportTable {
	return {
		title: 'Ten thousand items and more',
		head: ['items', 'inputs', 'first submit', 'longest standstill', 'memory', ...STAGES],
		rows: rows.map(cells),
	};
}

function cells({ kind, items, measured }: Row): string[] {
	const { firstSubmit, standstill, heap, stages } = measured;
	const wasStopped = items > MOST_SUBMITTED;
	return [
		items.toLocaleString('en'),
		kind,
		`${(firstSubmit / 1_000).toFixed(2)} s`,
		`${Math.round(standstill)} ms`,
		`${(heap / items / 1_000).toFixed(1)} kB`,
		...STAGES.map((stage) =>
			wasStopped && STAGES.indexOf(stage) > 2 ? '–' : perItem(stages[stage], items),
		),
	];
}

function perItem(cost: StageCost | undefined, items: number): string {
	return cost ? `${(cost.cpu / items).toFixed(3)} ms` : '–';
}

/** Seconds from n8n's call of the node to its first submit, with so many items. */
const GOAL = { items: 10_000, seconds: 2 };

function judged(rows: readonly Row[]): string {
	const those = rows.filter(({ items }) => items === GOAL.items);
	return those
		.map(({ kind, measured: { firstSubmit } }) => {
			const seconds = firstSubmit / 1_000;
			const verdict = seconds <= GOAL.seconds ? 'reached' : 'missed';
			return `${verdict} with ${kind} (${seconds.toFixed(2)} s)`;
		})
		.join(', ');
}

function pageOf(result: ReportTable, rows: readonly Row[]): string {
	const { date, node, processors, memory } = circumstances();
	return `# Ten thousand items, and a hundred thousand

<!-- Written by test/bench/items/main.ts. -->

The built node in n8n's engine, operation Submit, Check Inputs First on. **First submit**: from n8n's call of the node on. **Longest standstill** of n8n's event loop until then. **Memory**: live heap at the first submit, over the incoming items, for each. The other columns are CPU for each item: reading parameters evaluates n8n's expressions and builds the inputs; the mark is what an execution that n8n runs again is known by; submitting is the whole request. Runs of 100,000 were stopped at their first submit.

The goal is a first submit within ${GOAL.seconds} s at ${GOAL.items.toLocaleString('en')} items: ${judged(rows)}. What takes the time is n8n’s evaluation of expressions, each of them for each item; what holds none is read once.

Written by \`npm run bench -- --items\` (two minutes) on ${date}: ${processors}, ${memory}, Node ${node}.

${markdownTable(result)}`;
}
