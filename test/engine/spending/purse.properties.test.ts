/** The Spend Limit, whatever fal, the network and the clock do: tried on random schedules. */
import fc from 'fast-check';
import type { Job } from '../../../nodes/engine/job';
import { toAmount, toMoney } from '../../../nodes/engine/spending/amount';
import type { Prices } from '../../../nodes/engine/spending/price';
import { Purse } from '../../../nodes/engine/spending/purse';
import { howMany, SEED } from '../../long';
import { runSimulated } from '../runSimulated';
import { seeded } from '../simulatedFal';

const SCHEDULES = howMany('SPENDING_SCHEDULES', { quick: 100, long: 10_000 });
const TRIED = { numRuns: SCHEDULES, seed: SEED };
let tried = 0;
let exceeded = 0;
let largestExcess = 0;
let largestOverBound = Number.NEGATIVE_INFINITY;
afterAll(() =>
	process.stdout.write(
		`Spend Limit: ${tried} random schedules, SEED=${SEED}; exceeded in ${exceeded}, by ${toMoney(largestExcess).toFixed(2)} at the most; largest excess over the bound of the docs: ${toMoney(Math.max(0, largestOverBound))}\n`,
	),
);

const MODEL = 'fal-ai/flux/dev';
const PRICE = 0.1;
const share = fc.constantFrom(0, 0, 0.05, 0.3, 0.9);

const schedules = fc.record({
	items: fc.integer({ min: 1, max: 40 }),
	concurrency: fc.integer({ min: 1, max: 12 }),
	retryBudget: fc.integer({ min: 0, max: 12 }),
	itemTimeout: fc.constantFrom(500, 5_000, 60_000, 3_600_000),
	cancelAbandoned: fc.boolean(),
	follow: fc.constantFrom(true, true, true, false),
	onUnknownSubmit: fc.constantFrom('report' as const, 'submitAgain' as const),
	seed: fc.integer(),
	latency: fc.constantFrom(0, 10, 100, 3_000),
	shortestJob: fc.integer({ min: 0, max: 5_000 }),
	jobTimeSpread: fc.constantFrom(0, 0, 1_000, 60_000),
	accountLimit: fc.constantFrom(1, 2, 10, 40),
	submitLimit: fc.constantFrom(undefined, undefined, 1, 2, 7),
	submitFaults: share,
	readFaults: fc.constantFrom(0, 0.05, 0.5),
	transientFailures: share,
	finalFailures: fc.constantFrom(0, 0.1, 0.5),
	stopAfter: fc.constantFrom<number | undefined>(undefined, undefined, undefined, 2_500, 20_000),
	/** In units of the average job. */
	limit: fc.constantFrom(0.5, 1, 3, 7.5, 20, 60),
	/** How many times dearer than thought a job may be; below 1 it is cheaper. */
	dearest: fc.constantFrom(0.3, 1, 1, 1.5, 4, 20),
});

/** Writes down what was set aside for every attempt, and which of them could still cost more at the last submit. */
class WatchedPurse extends Purse {
	#attempts: Array<{ job: Job; aside: number; committed: boolean }> = [];
	atRisk: ReadonlyArray<{ job: Job; aside: number }> = [];
	readonly commitments: number[] = [];

	override setAside(job: Job): void {
		super.setAside(job);
		this.commitments.push(this.committed);
		this.#attempts.push({ job, aside: this.mostOf(job), committed: true });
		this.atRisk = this.#attempts.filter(({ committed }) => committed);
	}

	override putBack(job: Job): void {
		super.putBack(job);
		this.#drop(job);
	}

	override settle(...[job, ending]: Parameters<Purse['settle']>): void {
		super.settle(job, ending);
		const isKnown = ending.outcome === 'completed' && ending.billableUnits !== undefined;
		// fal's own errors are not charged; everything else may be, and counts.
		const isFree = ending.outcome === 'failed' && ending.failure.statusCode !== 422;
		if (isKnown || isFree) this.#drop(job);
	}

	#drop(dropped: Job): void {
		const latest = this.#attempts.findLast(({ job }) => job === dropped);
		if (latest) latest.committed = false;
	}
}

it('spending never exceeds the limit by more than what the docs say', async () => {
	await fc.assert(
		fc.asyncProperty(schedules, async (schedule) => {
			tried++;
			const { items, stopAfter, shortestJob, jobTimeSpread, submitLimit, limit, ...rest } =
				schedule;
			const random = seeded(schedule.seed + 7);
			const units = Array.from({ length: items }, () => random() * schedule.dearest);
			const prices: Prices = new Map([
				[MODEL, { price: { unitPrice: PRICE, unit: 'image', currency: 'USD' } }],
			]);
			const purse = new WatchedPurse({ limit: limit * PRICE, prices });
			const { fal } = await runSimulated({
				items,
				purse,
				...(stopAfter !== undefined && { stopAfter }),
				settings: rest,
				fal: {
					...rest,
					...(submitLimit !== undefined && { submitLimit }),
					jobTime: (dice) => shortestJob + dice() * jobTimeSpread,
					units: (item) => units[item]!,
				},
			});
			// The worst that fal may bill: all that it took, save for its own errors, to the end.
			const worst = fal.jobs
				.filter(({ fate }) => fate !== 'transient')
				.reduce((sum, { item }) => sum + toAmount(units[item]! * PRICE), 0);
			const bound = purse.atRisk.reduce((sum, { job, aside }) => {
				const cost = toAmount(units[Number(job.submission.input.item)]! * PRICE);
				return sum + Math.max(0, cost - aside);
			}, 0);
			const excess = worst - purse.limit;
			if (excess > 0) exceeded++;
			largestExcess = Math.max(largestExcess, excess);
			largestOverBound = Math.max(largestOverBound, excess - bound);
			expect(excess).toBeLessThanOrEqual(bound);
			for (const committed of purse.commitments) expect(committed).toBeLessThanOrEqual(purse.limit);
		}),
		TRIED,
	);
});

it('a batch that stops for the limit has no room for another job', async () => {
	await fc.assert(
		fc.asyncProperty(schedules, async ({ items, limit, concurrency, latency, seed }) => {
			tried++;
			const prices: Prices = new Map([
				[MODEL, { price: { unitPrice: PRICE, unit: 'image', currency: 'USD' } }],
			]);
			const purse = new Purse({ limit: limit * PRICE, prices });
			const { ended } = await runSimulated({
				items,
				purse,
				settings: { concurrency },
				fal: { latency, seed, units: () => 1 },
			});
			const completed = ended.filter(({ ending }) => ending.outcome === 'completed').length;
			expect(completed).toBe(Math.min(items, Math.floor(limit)));
		}),
		TRIED,
	);
});
