import { defaultRetryBudget, RetryBudget } from '../../../nodes/engine/submitting/retryBudget';

describe('RetryBudget', () => {
	it('pays until it is empty, and not once more', () => {
		const budget = new RetryBudget(2);
		expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
		expect(budget).toMatchObject({ size: 2, spent: 2, left: 0 });
	});

	it('of nothing pays for nothing', () => {
		const budget = new RetryBudget(0);
		expect(budget.spend()).toBe(false);
		expect(budget).toMatchObject({ spent: 0, left: 0 });
	});
});

describe('the budget when the user names none', () => {
	it.each([
		{ items: 1, budget: 4 },
		{ items: 20, budget: 4 },
		{ items: 21, budget: 5 },
		{ items: 100, budget: 20 },
		{ items: 1_000, budget: 200 },
	])('is $budget for $items items', ({ items, budget }) => {
		expect(defaultRetryBudget(items)).toBe(budget);
	});
});
