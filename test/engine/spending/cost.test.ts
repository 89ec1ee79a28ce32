/** What a job has cost, and all of them together. */
import { type EndedJob, type Ending, newJob, type Unsuccessful } from '../../../nodes/engine/job';
import { toAmount } from '../../../nodes/engine/spending/amount';
import { costOf, type JobCost, sumOfCosts } from '../../../nodes/engine/spending/cost';
import type { Prices } from '../../../nodes/engine/spending/price';

const TEN_CENTS = toAmount(0.1);
const prices: Prices = new Map([
	['a/pictures', { price: { unitPrice: 0.1, unit: 'image', currency: 'USD' } }],
	['a/films', { price: { unitPrice: 0.1, unit: 'second', currency: 'USD' } }],
	['a/euros', { price: { unitPrice: 0.1, unit: 'image', currency: 'EUR' } }],
	['a/unpriced', { perCall: 1 }],
]);

const completed: Ending = { outcome: 'completed', output: {}, logs: [] };
const billed = (billableUnits: number): Ending => ({
	outcome: 'completed',
	output: {},
	logs: [],
	billableUnits,
});
function unsuccessful(
	outcome: Unsuccessful['outcome'],
	statusCode?: number,
	retryable = false,
): Unsuccessful {
	const failure = { type: 'x', message: 'x', retryable, ...(statusCode && { statusCode }) };
	return { outcome, failure };
}
const REFUSED = unsuccessful('failed', 422);
const RUNNER_LOST = unsuccessful('failed', 503, true);

function cost(ending: Ending, rest: Partial<EndedJob> & { model?: string } = {}) {
	const { model = 'a/pictures', ...given } = rest;
	const job = newJob({ model, input: {}, conditions: {} }, 0);
	return costOf({ ...job, attempts: 1, ending, endedAt: 0, ...given }, prices);
}

const attempts = (...endings: Unsuccessful[]) =>
	endings.map((ending) => ({ ending, endedAt: 0, handle: { requestId: 'r', model: 'a' } }));

describe('a job', () => {
	it('costs the units that its result names, times the price of one', () => {
		expect(cost(billed(3))).toEqual({
			currency: 'USD',
			amount: 3 * TEN_CENTS,
			knownBy: 'billable_units',
			perhaps: false,
			earlier: 0,
			earlierAmount: 0,
		});
		// fal billed nothing, and says so.
		expect(cost(billed(0))).toMatchObject({ amount: 0, knownBy: 'billable_units' });
	});

	it('costs what was likely where its result names none', () => {
		const estimate = { amount: TEN_CENTS, knownBy: 'estimate', perhaps: false };
		expect(cost(completed)).toMatchObject(estimate);
		expect(cost({ outcome: 'submitted', status: 'IN_QUEUE' })).toMatchObject(estimate);
	});

	it('has no figure where neither the input nor fal’s past tells', () => {
		const film = cost(completed, { model: 'a/films' });
		expect(film).toMatchObject({ knownBy: 'estimate', perhaps: false, earlierAmount: 0 });
		expect(film).not.toHaveProperty('amount');
	});

	it('that failed, or of which nothing is known, may have cost what was likely', () => {
		const perhaps = { amount: TEN_CENTS, knownBy: 'estimate', perhaps: true };
		for (const ending of [REFUSED, unsuccessful('unknown'), unsuccessful('timed_out')]) {
			expect(cost(ending)).toMatchObject(perhaps);
		}
	});

	it('that fal’s own server failed is not charged', () => {
		expect(cost(RUNNER_LOST)).toMatchObject({ amount: 0, knownBy: 'no_charge', perhaps: false });
	});

	it('of an earlier run was paid before, and one of this run’s own submits was not', () => {
		const found = { foundInHistory: true, attempts: 0 };
		expect(cost(billed(3), found)).toMatchObject({
			amount: 0,
			knownBy: 'paid_before',
			perhaps: false,
		});
		expect(cost(billed(3), { ...found, attempts: 1 })).toMatchObject({ amount: 3 * TEN_CENTS });
		expect(cost(billed(3), { attempts: 0 })).toMatchObject({ amount: 3 * TEN_CENTS });
	});

	it('may have cost more by its earlier attempts, but for those that fal’s own server failed', () => {
		const failedAttempts = attempts(RUNNER_LOST, REFUSED, unsuccessful('unknown'));
		expect(cost(billed(1), { failedAttempts })).toMatchObject({
			amount: TEN_CENTS,
			earlier: 2,
			earlierAmount: 2 * TEN_CENTS,
		});
	});

	it('that never was at fal, or whose model has no price, has no cost', () => {
		expect(cost(unsuccessful('not_submitted'))).toBeUndefined();
		expect(cost(completed, { model: 'a/unpriced' })).toBeUndefined();
		expect(cost(completed, { model: 'a/stranger' })).toBeUndefined();
		// It was there before, and not this time.
		const failedAttempts = attempts(REFUSED);
		expect(cost(unsuccessful('not_submitted'), { failedAttempts })).toMatchObject({
			knownBy: 'no_charge',
			earlier: 1,
			earlierAmount: TEN_CENTS,
		});
	});
});

describe('all together', () => {
	const NOTHING = {
		billed: 0,
		billedJobs: 0,
		estimated: 0,
		estimatedJobs: 0,
		perhaps: 0,
		perhapsAttempts: 0,
		withoutFigure: 0,
		paidBeforeJobs: 0,
	};
	const sum = (...costs: Array<JobCost | undefined>) => sumOfCosts(costs);

	it('are listed by how their cost is known', () => {
		expect(
			sum(
				cost(billed(3)),
				cost(billed(2)),
				cost(completed),
				cost(REFUSED),
				cost(RUNNER_LOST),
				cost(billed(9), { foundInHistory: true, attempts: 0 }),
				cost(unsuccessful('not_submitted')),
			),
		).toEqual([
			{
				...NOTHING,
				currency: 'USD',
				billed: 5 * TEN_CENTS,
				billedJobs: 2,
				estimated: TEN_CENTS,
				estimatedJobs: 1,
				perhaps: TEN_CENTS,
				perhapsAttempts: 1,
				paidBeforeJobs: 1,
			},
		]);
	});

	it('have each currency by itself', () => {
		expect(sum(cost(billed(1)), cost(billed(2), { model: 'a/euros' }))).toEqual([
			{ ...NOTHING, currency: 'USD', billed: TEN_CENTS, billedJobs: 1 },
			{ ...NOTHING, currency: 'EUR', billed: 2 * TEN_CENTS, billedJobs: 1 },
		]);
	});

	it('count earlier attempts among what may have been billed', () => {
		const failedAttempts = attempts(REFUSED, REFUSED);
		expect(sum(cost(billed(1), { failedAttempts }))).toEqual([
			{
				...NOTHING,
				currency: 'USD',
				billed: TEN_CENTS,
				billedJobs: 1,
				perhaps: 2 * TEN_CENTS,
				perhapsAttempts: 2,
			},
		]);
	});

	it('say how many have no figure, earlier attempts too', () => {
		const model = 'a/films';
		const failedAttempts = attempts(REFUSED, REFUSED);
		expect(sum(cost(completed, { model }), cost(billed(5), { model, failedAttempts }))).toEqual([
			{
				...NOTHING,
				currency: 'USD',
				billed: 5 * TEN_CENTS,
				billedJobs: 1,
				estimatedJobs: 1,
				perhapsAttempts: 2,
				withoutFigure: 3,
			},
		]);
	});

	it('are nothing where nothing was spent', () => {
		expect(sum(undefined)).toEqual([]);
	});
});
