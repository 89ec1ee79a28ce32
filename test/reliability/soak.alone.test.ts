/**
 * The soak: items through n8n's engine on real sockets, with every fault mixed in. 500 of them in the
 * quick size, 10,000 in the long one; `SOAK=100000` is for a night.
 */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { howMany } from '../long';
import { runClockFaster } from '../n8n-core/quickClock';
import { runNode } from '../n8n-core/runNode';
import { API_KEY, balance, complaints, leaksKey } from './books';
import { type FalNextDoor, startFalNextDoor } from './soak/falNextDoor';
import { outcomeOf } from './matrix/cell';
import { heapInUse, weightOf } from './soak/memory';

const ITEMS = howMany('SOAK', { quick: 500, long: 10_000 });
const CONCURRENCY = 100;
/** Seconds: jobs that never start are given up, and so their cancel is tried as well. */
const ITEM_TIMEOUT = 20 * 6;
/** Errors that contradict their status are doubted for minutes: too long to sit and wait for. */
const HURRY = 6;
/** Milliseconds for each item, far above what is seen, and for what hangs. */
const PATIENCE = 40 * ITEMS + 200_000;
/** From so many items on there are figures enough to tell whether memory grows with them. */
const GROWTH_SHOWS = 5_000;
/** Megabytes that the heap may vary by besides the items: a kilobyte for each of them. */
const FLAT = ITEMS / 1_000;

const prompts = Array.from({ length: ITEMS }, (_, number) => `prompt ${number}`);

let fal: FalNextDoor;
let stopHurrying = () => {};
const heap = new Map<number, number>();

beforeAll(async () => {
	stopHurrying = runClockFaster(HURRY, { limits: HURRY });
	fal = await startFalNextDoor((ended) => {
		// Ten figures are enough, and each takes a moment in which nothing else goes on.
		if (ended % Math.max(1_000, ITEMS / 10) === 0 || ended === 1_000) heap.set(ended, heapInUse());
	});
});
afterAll(async () => {
	stopHurrying();
	await fal.stop();
});

it(
	`${ITEMS} items with faults of every kind: nothing is lost, and nothing is generated twice`,
	async () => {
		const startedAt = Date.now();
		const { outputs, hints, leaks } = await run();
		const seconds = (Date.now() - startedAt) / 1000;
		const { jobs, sum } = await fal.closeTheBooks();
		const items = outputs.flat();
		const books = balance({ prompts, jobs, items });
		const requests = Object.values(sum.calls).reduce((total, calls) => total + calls, 0);
		const outcomes = countOutcomes(items.map(({ json }) => json));
		say(
			`${books.itemsIn} items in, ${books.itemsOut} out, ${books.generated} generated, ` +
				`${books.generatedTwice} twice, ${books.idsLost} ids lost`,
			`${sum.struck.calls} calls and ${sum.struck.jobs} jobs struck; ${outcomes.text}`,
			`${(requests / sum.counts.accepted).toFixed(1)} requests per job, ${sum.peakOpen} jobs at once, ${seconds.toFixed(0)} s`,
			hints,
		);
		expect(complaints(books)).toEqual([]);
		expect(books.itemsOut).toBe(ITEMS);
		expect(leaks).toBe(false);
		// A batch that gave up early would lose nothing, either.
		expect(outcomes.completed).toBeGreaterThan(0.85 * ITEMS);
		items.length = 0;
		if (ITEMS >= GROWTH_SHOWS) judgeMemory(outputs);
	},
	PATIENCE,
);

/** Lets go of the items, to know what they weigh. */
function judgeMemory(outputs: INodeExecutionData[][]): void {
	const perThousand = (1_000 / ITEMS) * weightOf(outputs);
	const over = [...heap].map(([ended, used]) => ({
		ended,
		megabytes: used - (ended / 1_000) * perThousand - (heap.get(1_000)! - perThousand),
	}));
	say(
		`memory over the items themselves (${perThousand.toFixed(2)} MB for each 1,000), against that at 1,000: ` +
			over.map(({ ended, megabytes }) => `${ended}: ${megabytes.toFixed(1)} MB`).join(', '),
	);
	// What grows with the items is there at the end; a peak on the way is some other test's garbage.
	const atTheEnd = over.slice(-3).map(({ megabytes }) => megabytes);
	expect(Math.min(...atTheEnd)).toBeLessThan(FLAT);
}

/** Keeps of the run what is needed, so that nothing else counts as memory later. */
async function run() {
	const outcome = await runNode({
		items: prompts.map((prompt) => ({ prompt })),
		parameters: {
			concurrency: CONCURRENCY,
			options: { itemTimeout: ITEM_TIMEOUT, onUnknownSubmit: 'report' },
		},
		credential: { apiKey: API_KEY, baseUrl: fal.baseUrl },
	});
	return { outputs: outcome.outputs, hints: outcome.hints.join(' '), leaks: leaksKey(outcome) };
}

function countOutcomes(items: readonly IDataObject[]): { completed: number; text: string } {
	const counts = new Map<string, number>();
	for (const item of items) {
		const outcome = outcomeOf(item);
		counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
	}
	return {
		completed: counts.get('completed') ?? 0,
		text: [...counts].map(([outcome, times]) => `${times} ${outcome}`).join(', '),
	};
}

function say(...lines: string[]): void {
	process.stderr.write(lines.map((line) => `soak: ${line}\n`).join(''));
}
