import type { INodeExecutionData } from 'n8n-workflow';
import type { JobCost } from '../../nodes/engine/spending/cost';
import { addCost } from '../../nodes/n8n/costFields';

const PICTURES: JobCost = {
	currency: 'USD',
	amount: 100_000_000,
	knownBy: 'billable_units',
	perhaps: false,
	earlier: 2,
	earlierAmount: 200_000_000,
};

function costsOf(count: number, cost: JobCost | undefined) {
	const items: INodeExecutionData[] = Array.from({ length: count }, () => ({ json: {} }));
	addCost(items, cost);
	return items.map(({ json }) => json.cost);
}

it('is the job’s where the job has one item', () => {
	expect(costsOf(1, PICTURES)).toEqual([
		{
			amount: 0.1,
			currency: 'USD',
			known_by: 'billable_units',
			earlier_attempts: { may_have_been_billed: 2, amount: 0.2 },
		},
	]);
});

it('is shared by the items of its files, and the attempts before are told of once', () => {
	const share = { amount: 0.025, currency: 'USD', known_by: 'billable_units', job_amount: 0.1 };
	expect(costsOf(4, PICTURES)).toEqual([
		{ ...share, earlier_attempts: { may_have_been_billed: 2, amount: 0.2 } },
		share,
		share,
		share,
	]);
});

it.each([2, 3, 7, 48, 1_000])('adds up to the billionth over %d files', (files) => {
	for (const amount of [0, 1, 2_999_999, 3_000_000, 1_400_000_000]) {
		const costs = costsOf(files, { ...PICTURES, amount }) as Array<{ amount: number }>;
		const nanos = costs.map((cost) => Math.round(cost.amount * 1e9));
		expect(nanos.reduce((sum, each) => sum + each, 0)).toBe(amount);
		expect(nanos.every((each) => each >= 0)).toBe(true);
	}
});

it('has no amount where none is known', () => {
	const unknown: JobCost = {
		currency: 'USD',
		knownBy: 'estimate',
		perhaps: true,
		earlier: 0,
		earlierAmount: 0,
	};
	const field = { currency: 'USD', known_by: 'estimate', may_have_been_billed: true };
	expect(costsOf(2, unknown)).toEqual([field, field]);
});

it('is left out where there are no prices', () => {
	expect(costsOf(2, undefined)).toEqual([undefined, undefined]);
});
