/**
 * The fault matrix in time: what comes of each odd answer by when it begins and how long it lasts, the engine
 * against a simulated fal on the virtual clock. `WRITE_MATRIX=1` writes the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Question, runOdd, type Shape, SHAPES } from './durations/oddFal';

const PAGE = resolve('docs/reliability-durations.md');
const MINUTE = 60_000;
const ITEMS = 20;
const CONCURRENCY = 5;

/** Milliseconds; `once` is the first answer about each job. */
const DURATIONS = {
	'one answer': 'once',
	'3 s': 3_000,
	'30 s': 30_000,
	'5 min': 5 * MINUTE,
	'for ever': Number.POSITIVE_INFINITY,
} as const;
type Duration = keyof typeof DURATIONS;

const MOMENTS = {
	'Before fal took it: the answers to submits': 'submit',
	'While it works: the answers to looks': 'status',
	'After COMPLETED: the answers to the result call': 'result',
} as const satisfies Record<string, Question['call']>;
type Moment = keyof typeof MOMENTS;

async function tryCell(shape: Shape, duration: Duration, moment: Moment) {
	const lasts = DURATIONS[duration];
	const call = MOMENTS[moment];
	const struck = new Set<string>();
	let began: number | undefined;
	return await runOdd({
		items: ITEMS,
		settings: { concurrency: CONCURRENCY },
		instead: (question) => {
			if (question.call !== call) return undefined;
			if (lasts === 'once') {
				if (struck.has(question.of)) return undefined;
				struck.add(question.of);
				return SHAPES[shape];
			}
			began ??= question.at;
			return question.at - began < lasts ? SHAPES[shape] : undefined;
		},
	});
}

const shapes = Object.keys(SHAPES) as Shape[];
const durations = Object.keys(DURATIONS) as Duration[];
const moments = Object.keys(MOMENTS) as Moment[];
const tried = new Map<string, Awaited<ReturnType<typeof tryCell>>>();
const cell = (shape: Shape, duration: Duration, moment: Moment) =>
	tried.get(`${shape}/${duration}/${moment}`)!;

beforeAll(async () => {
	for (const moment of moments)
		for (const shape of shapes)
			for (const duration of durations)
				tried.set(`${shape}/${duration}/${moment}`, await tryCell(shape, duration, moment));
});

const afterwards = moments.filter((moment) => MOMENTS[moment] !== 'submit');
const passing = durations.filter((duration) => duration !== 'for ever');

it('every item comes out once, and nothing is generated twice, in any cell', () => {
	const wrong = [...tried].filter(
		([, { ended, generatedTwice }]) => ended.length !== ITEMS || generatedTwice > 0,
	);
	expect(wrong.map(([name]) => name)).toEqual([]);
});

it('what fal has finished comes out as completed, where the answers come right within five minutes', () => {
	const wrong = afterwards.flatMap((moment) =>
		passing.flatMap((duration) =>
			shapes
				.filter((shape) => cell(shape, duration, moment).outcomes.get('completed') !== ITEMS)
				.map((shape) => `${shape}, ${duration}: ${moment}`),
		),
	);
	expect(wrong).toEqual([]);
});

it('where no result can ever be read, no more than twice the Concurrency is paid for', () => {
	const [, , afterCompleted] = moments;
	const paid = shapes.map((shape) => cell(shape, 'for ever', afterCompleted!).generated);
	expect(Math.max(...paid)).toBeLessThanOrEqual(2 * CONCURRENCY + 1);
});

it('the page in docs says what was seen', async () => {
	const page = [INTRODUCTION, ...moments.map(sectionOf)].join('\n');
	if (process.env.WRITE_MATRIX) await writeFile(PAGE, page);
	expect(await readFile(PAGE, 'utf8')).toBe(page);
});

const INTRODUCTION = `# How long it lasts

<!-- Written by test/reliability/durations.test.ts; see there before you change it. -->

What comes of an odd answer by when it begins and how long it lasts. The engine with the node's default settings
and Concurrency ${CONCURRENCY}, ${ITEMS} jobs of 10 s that all succeed, a simulated fal on a virtual clock, on which hours
pass in milliseconds. *One answer* is the first one about each job; a duration begins with the first
call that is struck, and strikes all jobs. Each cell: jobs generated / billed, then the items by outcome, then
the minutes until the batch was over.
\`npx jest --config test/jest.config.js test/reliability/durations\` fails when a cell differs from this page;
with \`WRITE_MATRIX=1\` in front it writes the page anew.

In no cell is anything generated twice. In none does an item end otherwise than completed where fal had it
finished and its answers came right within the [time that is promised](reliability.md#how-long-we-are-patient).
`;

function sectionOf(moment: Moment): string {
	const rows = shapes.map((shape) => {
		const cells = durations.map((duration) => {
			const { generated, billed, outcomes, minutes } = cell(shape, duration, moment);
			const items = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).sort();
			return `${generated} / ${billed}: ${items.join(', ')}; ${minutes.toFixed(1)} min`;
		});
		return `| ${shape} | ${cells.join(' | ')} |`;
	});
	return `## ${moment}

| Answer | ${durations.join(' | ')} |
|---|${durations.map(() => '---').join('|')}|
${rows.join('\n')}
`;
}
