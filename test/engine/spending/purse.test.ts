/** The Spend Limit in a batch: what is submitted, what is not, and why. */
import { type Ending, newJob } from '../../../nodes/engine/job';
import { toAmount } from '../../../nodes/engine/spending/amount';
import type { Prices } from '../../../nodes/engine/spending/price';
import { Purse, type PurseRules } from '../../../nodes/engine/spending/purse';
import { runSimulated, type Scenario } from '../runSimulated';

const MODEL = 'fal-ai/flux/dev';
const TEN_CENTS: Prices = new Map([
	[MODEL, { price: { unitPrice: 0.1, unit: 'image', currency: 'USD' } }],
]);

async function run({
	limit = 1,
	prices = TEN_CENTS,
	...scenario
}: Omit<Scenario, 'purse' | 'items'> & Partial<PurseRules> & { items?: number }) {
	const purse = new Purse({ limit, prices });
	const ran = await runSimulated({
		items: 30,
		...scenario,
		fal: { units: () => 1, ...scenario.fal },
		purse,
	});
	const outcomes = ran.ended.map(({ ending }) => ending.outcome);
	const completed = outcomes.filter((outcome) => outcome === 'completed').length;
	return { ...ran, purse, outcomes, completed };
}

it('submits what fits, and nothing behind the first job that does not', async () => {
	const { outcomes, fal, ended, batch } = await run({});
	expect(outcomes.slice(0, 10)).toEqual(Array(10).fill('completed'));
	expect(outcomes.slice(10)).toEqual(Array(20).fill('not_submitted'));
	expect(fal.calls.submit).toBe(10);
	expect(ended[10]!.ending).toMatchObject({
		failure: {
			type: 'spend_limit',
			message:
				'Not submitted, because the batch was stopped: The Spend Limit of 1 has no room for the next job: 1 is spent, or set aside for jobs that may have been billed.',
		},
	});
	expect(batch.progress.stoppedFor).toMatchObject({ type: 'spend_limit' });
});

it('submits all when all fit', async () => {
	const { completed } = await run({ limit: 3 });
	expect(completed).toBe(30);
});

// 0.1 + 0.2 is more than 0.3 for a computer; for an invoice it is not.
it('counts to the cent', async () => {
	const prices: Prices = new Map([
		[MODEL, { price: { unitPrice: 0.003, unit: 'image', currency: 'USD' } }],
	]);
	const { completed } = await run({ limit: 0.3, prices, items: 120 });
	expect(completed).toBe(100);
});

it('waits for what is in flight, which may turn out cheaper than was set aside', async () => {
	// A film costs 10 units on average, and these only 1.
	const prices: Prices = new Map([
		[MODEL, { price: { unitPrice: 0.1, unit: 'second', currency: 'USD' }, perCall: 1 }],
	]);
	const { completed, fal } = await run({ limit: 2.5, prices });
	expect(completed).toBeGreaterThan(10);
	expect(completed).toBeLessThanOrEqual(25);
	expect(fal.peakHeld).toBe(2);
});

it('sets more aside once a job has turned out dearer than thought', async () => {
	const { completed } = await run({ settings: { concurrency: 1 }, fal: { units: () => 3 } });
	// 0.1 is set aside for the first, 0.3 for the others.
	expect(completed).toBe(3);
});

it('keeps aside what may have been billed: a submit of unknown fate', async () => {
	const { outcomes, purse } = await run({
		settings: { concurrency: 1 },
		fal: { submitFaults: 0.4, submitFaultKinds: ['lost before', 'lost after'], seed: 3 },
	});
	const spent = outcomes.filter((outcome) => outcome === 'completed' || outcome === 'unknown');
	expect(outcomes).toContain('unknown');
	expect(spent).toHaveLength(10);
	expect(purse.committed).toBe(purse.limit);
});

it('gives back what fal never took, and what fal does not charge: its own errors', async () => {
	const { completed, fal } = await run({
		settings: { retryBudget: 100 },
		fal: { transientFailures: 0.4, submitFaults: 0.2, submitFaultKinds: ['429', 'unsent'] },
	});
	expect(fal.jobs.filter(({ fate }) => fate === 'transient').length).toBeGreaterThan(3);
	// All ten that fit have their result, less those that failed three times.
	expect(completed).toBeGreaterThanOrEqual(9);
});

it('keeps aside what a refused input may have cost', async () => {
	const { completed, outcomes } = await run({ fal: { finalFailures: 0.5 } });
	const failed = outcomes.filter((outcome) => outcome === 'failed').length;
	expect(completed + failed).toBe(10);
	expect(failed).toBeGreaterThan(2);
});

it('submits nothing when not even the first job fits, and ends', async () => {
	const { fal, outcomes } = await run({ limit: 0.05 });
	expect(fal.calls.submit).toBe(0);
	expect(new Set(outcomes)).toEqual(new Set(['not_submitted']));
});

it('keeps what was set aside for jobs that are handed out', async () => {
	const { outcomes } = await run({ settings: { follow: false } });
	expect(outcomes.filter((outcome) => outcome === 'submitted')).toHaveLength(10);
});

it('a retry that no longer fits leaves the job where its attempt ended', async () => {
	const { outcomes, ended } = await run({
		limit: 0.3,
		items: 4,
		settings: { concurrency: 4, retryBudget: 10 },
		fal: { transientFailures: 0.95, seed: 5 },
	});
	expect(outcomes).not.toContain('unknown');
	expect(ended).toHaveLength(4);
	const neverThere = ended.filter(({ ending }) => ending.outcome === 'not_submitted');
	expect(neverThere.filter(({ handle }) => handle)).toEqual([]);
});

describe('by itself', () => {
	const CENTS = toAmount(0.01);
	const picture = () => newJob({ model: MODEL, input: {}, conditions: {} }, 0);
	const done: Ending = { outcome: 'completed', output: {}, logs: [] };
	const purseOf = (rules: Partial<PurseRules> = {}) =>
		new Purse({ limit: 1, prices: TEN_CENTS, ...rules });

	it('counts what is taken over where that is of this run, and once only', () => {
		const job = picture();
		const own = purseOf({ countsTakenOver: true });
		own.takeOver(job);
		expect(own.committed).toBe(10 * CENTS);
		// Its lost submit has this aside already.
		own.takeOver(job);
		expect(own.committed).toBe(10 * CENTS);
		const others = purseOf();
		others.takeOver(job);
		expect(others.committed).toBe(0);
		expect(others.isAnyOpen).toBe(false);
	});

	it('keeps what was set aside where the result names no units', () => {
		const job = picture();
		const purse = purseOf();
		purse.setAside(job);
		purse.settle(job, done);
		expect(purse.committed).toBe(10 * CENTS);
		expect(purse.mostOf(job)).toBe(10 * CENTS);
	});

	it('knows nothing of a job that it has nothing aside for', () => {
		const purse = purseOf();
		purse.settle(picture(), { ...done, billableUnits: 5 });
		expect(purse.committed).toBe(0);
	});

	it('takes a model without a price for free', () => {
		const stranger = newJob({ model: 'a/stranger', input: {}, conditions: {} }, 0);
		const purse = purseOf();
		purse.setAside(stranger);
		expect(purse.mostOf(stranger)).toBe(0);
		purse.settle(stranger, { ...done, billableUnits: 5 });
		expect(purse.committed).toBe(0);
	});

	it('has no likely cost to be dearer than where the input tells none', () => {
		const prices: Prices = new Map([
			[MODEL, { price: { unitPrice: 0.1, unit: 'second', currency: 'USD' } }],
		]);
		const job = picture();
		const purse = purseOf({ prices });
		purse.setAside(job);
		purse.settle(job, { ...done, billableUnits: 5 });
		expect(purse.committed).toBe(50 * CENTS);
		expect(purse.mostOf(job)).toBe(0);
	});

	it('never thinks less of a job than its price, however cheap another one was', () => {
		const job = picture();
		const purse = purseOf();
		purse.setAside(job);
		purse.settle(job, { ...done, billableUnits: 0.1 });
		expect(purse.committed).toBe(CENTS);
		expect(purse.mostOf(job)).toBe(10 * CENTS);
	});
});
