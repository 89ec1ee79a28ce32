/**
 * The fault matrix: every call to fal, struck by every fault, on real sockets. All cells are tried at
 * once, because what hangs in them hangs for minutes.
 *
 * `CELLS='^Cancel: 408'` tries those cells only, and leaves the page alone. `WRITE_MATRIX=1` writes the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import pLimit from 'p-limit';
import type { Balance } from './books';
import { cancel, result, resultOfFailure, status, submit } from './matrix/batchCalls';
import { type StruckCall, tryCell } from './matrix/cell';
import { EXPECTED } from './matrix/expectations';
import { FAULT_NAMES, type FaultName, HANGING, type Lasting, LASTINGS } from './matrix/faults';
import { lookUp, reuse } from './matrix/history';
import { keys } from './matrix/keys';
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
const PATIENCE = 400_000;

interface Verdict {
	readonly call: StruckCall;
	readonly fault: FaultName;
	readonly lasting: Lasting;
	readonly seen: string;
	readonly differences: readonly string[];
	readonly balances: readonly Balance[];
}

let verdicts: Verdict[];

/** What takes minutes has to begin first. */
function isLong({ call, fault, lasting }: Pick<Verdict, 'call' | 'fault' | 'lasting'>): boolean {
	if (HANGING.has(fault) || call === keys) return true;
	return lasting === 'staying' && (call === result || call === resultOfFailure);
}

beforeAll(async () => {
	const slots = pLimit(AT_ONCE);
	const cells = Object.entries(CALLS).flatMap(([name, call]) =>
		FAULT_NAMES.flatMap((fault) =>
			LASTINGS.map((lasting) => ({ name: name as keyof typeof CALLS, call, fault, lasting })),
		),
	);
	const chosen = cells
		.filter(({ call, fault, lasting }) => (ONLY ?? /^/).test(`${call.name}: ${fault}, ${lasting}`))
		.sort((a, b) => Number(isLong(b)) - Number(isLong(a)));
	verdicts = await Promise.all(
		chosen.map(({ name, call, fault, lasting }) =>
			slots(async () => {
				const { seen, complaints, balances } = await tryCell(call, fault, lasting);
				const expected = EXPECTED[name][fault][LASTINGS.indexOf(lasting)];
				const difference = seen !== expected && `expected "${expected}", but saw "${seen}"`;
				const differences = [difference, ...complaints].filter((each) => each !== false);
				return { call, fault, lasting, seen, differences, balances };
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
	expect(
		wrong.map(
			({ call, fault, lasting, differences }) =>
				`${call.name}: ${fault}, ${lasting}: ${differences.join('; ')}`,
		),
	).toEqual([]);
});

it('the page in docs says what was seen', async () => {
	if (ONLY) return;
	const page = pageOf(
		new Map(
			Object.values(CALLS).map((call) => [
				call,
				new Map(
					FAULT_NAMES.map((fault) => [
						fault,
						{ passing: seenIn(call, fault, 'passing'), staying: seenIn(call, fault, 'staying') },
					]),
				),
			]),
		),
	);
	if (process.env.WRITE_MATRIX) await writeFile(PAGE, page);
	expect(await readFile(PAGE, 'utf8')).toBe(page);
});

function seenIn(call: StruckCall, fault: FaultName, lasting: Lasting): string {
	const found = verdicts.find(
		(verdict) => verdict.call === call && verdict.fault === fault && verdict.lasting === lasting,
	);
	return found?.seen ?? 'not tried';
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
