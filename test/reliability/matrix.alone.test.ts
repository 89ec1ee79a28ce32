/**
 * The fault matrix: every call to fal, struck by every fault, on real sockets. All cells are tried at
 * once, because what hangs in them hangs for minutes.
 *
 * The quick size tries a sample. `CELLS='^Cancel: HTTP 408'` tries those cells only. `WRITE_MATRIX=1`,
 * in the long size, writes the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import pLimit from 'p-limit';
import { LONG } from '../long';
import type { Balance } from './books';
import { cancel, result, resultOfFailure, status, submit } from './matrix/batchCalls';
import { type StruckCall, tryCell } from './matrix/cell';
import { EXPECTED } from './matrix/expectations';
import { FAULT_NAMES, type FaultName, HANGING, type Lasting, LASTINGS } from './matrix/faults';
import { lookUp, reuse } from './matrix/history';
import { keys } from './matrix/keys';
import { isInSample } from './matrix/sample';
import { cancelRequest, check } from './matrix/statusNode';
import { pageOf } from './matrix/table';

/** In the order of the page. */
const CALLS = {
	submit,
	status,
	result,
	resultOfFailure,
	cancel,
	check,
	cancelRequest,
	lookUp,
	reuse,
	keys,
};

const PAGE = resolve('docs/reliability-matrix.md');
const ONLY = process.env.CELLS === undefined ? undefined : new RegExp(process.env.CELLS);

/** Enough for all cells that wait for minutes to wait at the same time. */
const AT_ONCE = 150;
/** A result that stays odd is read for six minutes. */
const PATIENCE = 900_000;

interface Verdict {
	readonly call: StruckCall;
	readonly fault: FaultName;
	readonly lasting: Lasting;
	readonly seen: string;
	readonly differences: readonly string[];
	readonly balances: readonly Balance[];
	readonly seconds: number;
}

interface Cell {
	readonly name: keyof typeof CALLS;
	readonly call: StruckCall;
	readonly column: number;
	readonly fault: FaultName;
	readonly lasting: Lasting;
}

const CELLS: readonly Cell[] = Object.entries(CALLS).flatMap(([name, call], column) =>
	FAULT_NAMES.flatMap((fault) =>
		LASTINGS.map((lasting) => ({
			name: name as keyof typeof CALLS,
			call,
			column,
			fault,
			lasting,
		})),
	),
);

function isChosen({ name, call, column, fault, lasting }: Cell): boolean {
	if (ONLY) return ONLY.test(`${call.name}: ${fault}, ${lasting}`);
	return LONG || isInSample(name, column, fault, lasting);
}

let verdicts: Verdict[];

/** What takes minutes has to begin first. */
function isLong({ call, fault, lasting }: Pick<Verdict, 'call' | 'fault' | 'lasting'>): boolean {
	if (HANGING.has(fault) || call === keys) return true;
	return lasting === 'staying' && (call === result || call === resultOfFailure);
}

beforeAll(async () => {
	const slots = pLimit(AT_ONCE);
	const chosen = CELLS.filter(isChosen).sort((a, b) => Number(isLong(b)) - Number(isLong(a)));
	verdicts = await Promise.all(
		chosen.map(({ name, call, fault, lasting }) =>
			slots(async () => {
				const startedAt = Date.now();
				const { seen, complaints, balances } = await tryCell(call, fault, lasting);
				const seconds = (Date.now() - startedAt) / 1_000;
				const expected = EXPECTED[name][fault][LASTINGS.indexOf(lasting)];
				const difference = seen !== expected && `expected "${expected}", but saw "${seen}"`;
				const differences = [difference, ...complaints].filter((each) => each !== false);
				return { call, fault, lasting, seen, differences, balances, seconds };
			}),
		),
	);
}, PATIENCE);

it('every cell is as expected', () => {
	const wrong = verdicts.filter(({ differences }) => differences.length > 0);
	const sum = sumOf(verdicts.flatMap(({ balances }) => balances));
	process.stderr.write(
		`matrix: ${verdicts.length} cells tried, ${verdicts.length - wrong.length} as expected; ` +
			`${sum.itemsIn} items in, ${sum.itemsOut} out, ${sum.generated} generated, ` +
			`${sum.generatedTwice} twice, ${sum.idsLost} ids lost\n`,
	);
	const slowest = [...verdicts].sort((a, b) => b.seconds - a.seconds).slice(0, 12);
	for (const { call, fault, lasting, seconds } of slowest) {
		process.stderr.write(`matrix: ${seconds.toFixed(0)} s: ${call.name}: ${fault}, ${lasting}\n`);
	}
	expect(
		wrong.map(
			({ call, fault, lasting, differences }) =>
				`${call.name}: ${fault}, ${lasting}: ${differences.join('; ')}`,
		),
	).toEqual([]);
});

it('every call and every fault is in the sample that the quick size tries', () => {
	const sample = CELLS.filter(({ name, column, fault, lasting }) =>
		isInSample(name, column, fault, lasting),
	);
	expect(new Set(sample.map(({ name }) => name))).toEqual(new Set(Object.keys(CALLS)));
	expect(new Set(sample.map(({ fault }) => fault))).toEqual(new Set(FAULT_NAMES));
});

it('the page in docs says what was seen, and what is expected of cells that were not tried', async () => {
	const page = pageOf(
		new Map(
			Object.entries(CALLS).map(([name, call]) => [
				call,
				new Map(
					FAULT_NAMES.map((fault) => {
						const [passing, staying] = EXPECTED[name as keyof typeof CALLS][fault];
						return [
							fault,
							{
								passing: seenIn(call, fault, 'passing') ?? passing,
								staying: seenIn(call, fault, 'staying') ?? staying,
							},
						];
					}),
				),
			]),
		),
	);
	if (process.env.WRITE_MATRIX && LONG) await writeFile(PAGE, page);
	expect(await readFile(PAGE, 'utf8')).toBe(page);
});

function seenIn(call: StruckCall, fault: FaultName, lasting: Lasting): string | undefined {
	return verdicts.find(
		(verdict) => verdict.call === call && verdict.fault === fault && verdict.lasting === lasting,
	)?.seen;
}

function sumOf(balances: readonly Balance[]): Balance {
	const total = (figure: keyof Balance): number =>
		balances.reduce((sum, balance) => sum + balance[figure], 0);
	return {
		itemsIn: total('itemsIn'),
		itemsOut: total('itemsOut'),
		astray: total('astray'),
		generated: total('generated'),
		generatedTwice: total('generatedTwice'),
		idsLost: total('idsLost'),
	};
}
