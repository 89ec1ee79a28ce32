/**
 * The table of failures: every way to fail, with each operation and each setting of On Error, in n8n's engine
 * against a local fal. The quick size tries a sample; `FAILURES='^Run: wrong key'` tries those cells only.
 * `WRITE_FAILURES=1` writes down what was seen, and the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import pLimit from 'p-limit';
import { LONG } from '../long';
import { runClockFaster } from '../n8n-core/quickClock';
import { runWays, submitWays } from './failures/batchWays';
import {
	isTool,
	type Operation,
	type Setting,
	SETTINGS,
	type Shown,
	type Tried,
	tryCell,
	type Way,
} from './failures/cell';
import { cancelWays, checkWays, parkWays, waitWays } from './failures/statusWays';
import { pageOf } from './failures/table';

const PAGE = resolve('docs/failures.md');
/** What was seen of each cell, of which the page is made: the quick size sees a part of it only. */
const KNOWN = resolve('test/reliability/failures/seen.json');
const ONLY = process.env.FAILURES === undefined ? undefined : new RegExp(process.env.FAILURES);

const ALL = Object.keys(SETTINGS) as Setting[];
const FOUND = ['Completed', 'Failed', 'Pending'];
const status = (operation: string): Operation['run'] => ({
	node: 'Fal Queue Status',
	parameters: { operation },
});

const OPERATIONS: readonly Operation[] = [
	{
		name: 'Fal Batch, Run',
		setting: 'Concurrency 1, so that what comes after the trouble shows.',
		ways: runWays,
		settings: ALL,
		outputs: ['Completed', 'Failed'],
		given: 'items',
		run: { parameters: { operation: 'run', concurrency: 1 } },
	},
	{
		name: 'Fal Batch, Submit',
		setting: 'Nothing is waited for, so what becomes of the jobs does not show here.',
		ways: submitWays,
		settings: ALL,
		outputs: ['Submitted', 'Failed'],
		given: 'items',
		run: { parameters: { operation: 'submit', concurrency: 1 } },
	},
	{
		name: 'Fal Queue Status, Check',
		setting: 'The requests were submitted before, and are done unless said.',
		ways: checkWays,
		settings: ALL,
		outputs: FOUND,
		given: 'requests',
		run: status('check'),
	},
	{
		name: 'Fal Queue Status, Wait',
		setting: 'The same. Max Wait is a minute where nothing can be learned.',
		ways: waitWays,
		settings: ALL,
		outputs: FOUND,
		given: 'requests',
		run: status('wait'),
	},
	{
		name: 'Fal Queue Status, Cancel',
		setting: 'The second job works, the others are done and can’t be cancelled any more.',
		ways: cancelWays,
		settings: ALL,
		outputs: ['Cancelled', 'Not Cancelled'],
		given: 'requests, one open',
		run: status('cancel'),
	},
	{
		name: 'Fal Queue Status, Wait for Webhooks',
		setting:
			'The second job works. **Parked** is what it is for: the execution goes on when fal has called back, or when Max Wait is over. It is not there for agents.',
		ways: parkWays,
		settings: ALL.filter((setting) => !isTool(setting)),
		outputs: ['Resumed'],
		given: 'requests, one open',
		run: status('waitForWebhooks'),
	},
];

interface Cell {
	readonly operation: Operation;
	readonly way: Way;
	readonly setting: Setting;
}

const nameOf = ({ operation, way, setting }: Cell) => `${operation.name}: ${way.name}, ${setting}`;

const CELLS: readonly Cell[] = OPERATIONS.flatMap((operation) =>
	operation.ways.flatMap((way) =>
		operation.settings.map((setting) => ({ operation, way, setting })),
	),
);

/** Of what takes no minutes, a part: in a slant, so that each way has some, and each setting. */
function isInSample({ operation, way, setting }: Cell): boolean {
	if (way.isSlow) return false;
	const place = OPERATIONS.indexOf(operation) + operation.ways.indexOf(way) + ALL.indexOf(setting);
	return place % EVERY === 0;
}
const EVERY = ALL.length;

/** Minutes of patience pass in seconds. */
const HURRY = 60;
const AT_ONCE = 8;

const tried = new Map<string, Tried>();

beforeAll(async () => {
	const putClockRight = runClockFaster(HURRY);
	const slots = pLimit(AT_ONCE);
	const chosen = CELLS.filter((cell) =>
		ONLY ? ONLY.test(nameOf(cell)) : LONG || isInSample(cell),
	);
	await Promise.all(
		chosen.map((cell) =>
			slots(async () => {
				const { operation, way, setting } = cell;
				tried.set(nameOf(cell), await tryCell(operation, way, setting));
			}),
		),
	).finally(putClockRight);
	process.stderr.write(`failures: ${tried.size} of ${CELLS.length} cells tried\n`);
}, 600_000);

it('nothing is wrong in any cell', () => {
	const wrong = [...tried].flatMap(([name, { complaints }]) =>
		complaints.map((complaint) => `${name}: ${complaint}`),
	);
	expect(wrong).toEqual([]);
});

it('the quick size tries each way that takes no minutes, and each setting', () => {
	const sample = CELLS.filter(isInSample);
	const quickWays = OPERATIONS.filter(({ settings }) => settings.length === ALL.length)
		.flatMap(({ ways }) => ways)
		.filter(({ isSlow }) => !isSlow);
	expect(new Set(sample.map(({ setting }) => setting))).toEqual(new Set(ALL));
	expect(new Set(sample.map(({ way }) => way))).toEqual(new Set(quickWays));
});

it('each cell is as it was seen before, and the page in docs says so', async () => {
	const now = Object.fromEntries(
		[...tried].map(([name, { seen, atFal, said }]) => [name, { seen, atFal, said }]),
	);
	if (process.env.WRITE_FAILURES) await writeDown(now);
	const known = await readKnown();
	expect(now).toEqual(Object.fromEntries(Object.keys(now).map((name) => [name, known[name]])));
	expect(await readFile(PAGE, 'utf8')).toBe(pageFrom(known));
});

type Known = Readonly<Record<string, Shown>>;

async function readKnown(): Promise<Known> {
	return JSON.parse(await readFile(KNOWN, 'utf8')) as Known;
}

/** Cells that were not tried stay as they are. */
async function writeDown(now: Known): Promise<void> {
	const all = { ...(await readKnown()), ...now };
	const known = Object.fromEntries(CELLS.map(nameOf).map((name) => [name, all[name] ?? UNTRIED]));
	await writeFile(KNOWN, `${JSON.stringify(known, undefined, '\t')}\n`);
	await writeFile(PAGE, pageFrom(known));
}

const UNTRIED: Shown = { seen: 'not tried', atFal: '', said: '' };

function pageFrom(known: Known): string {
	return pageOf(
		OPERATIONS,
		(operation, way, setting) => known[nameOf({ operation, way, setting })] ?? UNTRIED,
	);
}
