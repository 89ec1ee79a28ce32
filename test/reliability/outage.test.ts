/** fal goes down in the middle of a batch, and does not come back. */
import { type LocalFal, startLocalFal } from '../local-fal';
import { LONG } from '../long';
import { runClockFaster } from '../n8n-core/quickClock';
import { startNode } from '../n8n-core/runNode';
import { API_KEY, balance, leaksKey } from './books';

const ITEMS = 100;
const CONCURRENCY = 4;
const RETRY_BUDGET = 2;
/** Seconds of the node's clock: one of ours, so that jobs are done by then on a busy machine, too. */
const ITEM_TIMEOUT = 30;
/** So many jobs have ended when it begins. */
const BEFORE = 40;

const quick = {
	'503 for everything': (fal: LocalFal) =>
		void fal.schedule({ call: 'any', answer: { status: 503, body: 'no healthy upstream' } }),
};
/** What it shows of the batch is what the other shows, too, save that nothing can be billed. */
const rest = { 'nobody listens': (fal: LocalFal) => fal.goDark() };

/** What is given up after minutes is given up within seconds; each answer comes at once, or none at all. */
let stopHurrying = () => {};
beforeAll(() => {
	stopHurrying = runClockFaster(30);
});
afterAll(() => stopHurrying());

/** What never leaves n8n is tried by the time: pauses of up to half a minute, at random. */
const TRIES_IN_FIVE_MINUTES = 60;

it.concurrent.each(Object.entries(LONG ? { ...quick, ...rest } : quick))(
	'%s: the batch ends by itself, and spends no more submits than concurrency and budget',
	async (name, begin) => {
		const fal = await startLocalFal({ keys: [API_KEY], jobTime: () => 100 });
		const prompts = Array.from({ length: ITEMS }, (_, number) => `prompt ${number}`);
		const { outcome } = startNode({
			items: prompts.map((prompt) => ({ prompt })),
			parameters: {
				concurrency: CONCURRENCY,
				retryBudget: RETRY_BUDGET,
				options: { itemTimeout: ITEM_TIMEOUT, minPollInterval: 0.1 },
			},
			credential: { apiKey: API_KEY, baseUrl: fal.baseUrl },
		});
		while (fal.counts().jobs.completed < BEFORE) await pause(10);
		const submitsBefore = fal.counts().calls.submit;
		begin(fal);
		const startedAt = Date.now();
		const ended = await outcome;
		const seconds = (Date.now() - startedAt) / 1000;
		const unknown = ended.failed.filter(({ json }) => Object(json.error).outcome === 'unknown');
		const jobs = unknown.length > 0 ? [] : [...fal.jobs.keys()];
		await fal.close();

		const items = ended.outputs.flat();
		// A connection that is refused is counted nowhere else: the node itself says what it sent.
		const sent = Number(/(\d+) submit/.exec(ended.hints.join())?.[1]);
		const afterwards = sent - submitsBefore;
		const most = name in rest ? TRIES_IN_FIVE_MINUTES : CONCURRENCY + RETRY_BUDGET;
		const books = balance({ prompts, jobs: [], items });
		process.stderr.write(
			`outage (${name}): ${afterwards} submits after its start, at most ${most} allowed; ` +
				`${books.itemsOut} of ${ITEMS} items out, ${ended.completed.length} completed; ended by itself after ${seconds.toFixed(0)} s\n`,
		);
		expect(afterwards).toBeGreaterThan(0);
		expect(afterwards).toBeLessThanOrEqual(most);
		expect([books.itemsOut, books.astray]).toEqual([ITEMS, 0]);
		// Some of them had ended, and were not read yet.
		expect(ended.completed.length).toBeGreaterThanOrEqual(BEFORE - 2 * CONCURRENCY);
		for (const { json } of ended.failed) {
			expect(json.error).toMatchObject({
				outcome: expect.stringMatching(/^(not_submitted|timed_out|unknown)$/),
				message: expect.stringMatching(/\w+ \w+ .*[.\w]$/s),
			});
		}
		// What fal has given an id can be looked after when it is back.
		const ids = items.map(({ json }) => json.request_id);
		expect(jobs.filter((requestId) => !ids.includes(requestId))).toEqual([]);
		expect(leaksKey(ended)).toBe(false);
	},
	400_000,
);

async function pause(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
}
