/**
 * What came of it in money: of each job, and of all together. Discounts, and whether fal billed what
 * failed or is not known, can't be seen from here; the latter is listed apart.
 */
import type { EndedJob, Ending } from '../job';
import { chargeOf } from './charge';
import { amountOf, likelyCost } from './likelyCost';
import type { Prices } from './price';

export interface JobCost {
	readonly currency: string;
	/** Absent where neither the input nor fal's past tells. */
	readonly amount?: number;
	/**
	 * - `billable_units`: the result named its units, times the price of one.
	 * - `estimate`: what it was likely to cost.
	 * - `no_charge`: fal does not charge it.
	 * - `paid_before`: its request was found in fal's history, and was not made by this run.
	 */
	readonly knownBy: 'billable_units' | 'estimate' | 'no_charge' | 'paid_before';
	/** Whether fal has billed it at all is not known. */
	readonly perhaps: boolean;
	/** Attempts before the latest that may have been billed, too. */
	readonly earlier: number;
	/** What they may have cost, as far as that is known. */
	readonly earlierAmount: number;
}

/** @returns nothing for a job that never was at fal, and for one whose model has no price */
export function costOf(job: EndedJob, prices: Prices): JobCost | undefined {
	const { submission, ending, failedAttempts } = job;
	const price = prices.get(submission.model)?.price;
	if (!price || (ending.outcome === 'not_submitted' && failedAttempts.length === 0))
		return undefined;
	const likely = likelyCost(submission, prices)?.amount;
	const earlier = failedAttempts.filter((attempt) => chargeOf(attempt.ending) === 'perhaps').length;
	const latest = costOfEnding(job, price.unitPrice, likely);
	return {
		currency: price.currency,
		...latest,
		earlier,
		earlierAmount: earlier * (likely ?? 0),
	};
}

function costOfEnding(
	{ ending, foundInHistory, attempts }: EndedJob,
	unitPrice: number,
	likely: number | undefined,
): Pick<JobCost, 'amount' | 'knownBy' | 'perhaps'> {
	// One of this run's own submits that was found again counts as an attempt.
	if (foundInHistory && attempts === 0)
		return { amount: 0, knownBy: 'paid_before', perhaps: false };
	const charge = chargeOf(ending);
	if (charge === 'free') return { amount: 0, knownBy: 'no_charge', perhaps: false };
	const units = unitsOf(ending);
	if (units !== undefined) {
		return { amount: amountOf(units, unitPrice), knownBy: 'billable_units', perhaps: false };
	}
	const perhaps = charge === 'perhaps';
	return { ...(likely !== undefined && { amount: likely }), knownBy: 'estimate', perhaps };
}

function unitsOf(ending: Ending): number | undefined {
	return ending.outcome === 'completed' ? ending.billableUnits : undefined;
}

/** All jobs in one currency; fal has only one, but does not promise that. */
export interface CostSum {
	readonly currency: string;
	/** By the units that results named. */
	readonly billed: number;
	readonly billedJobs: number;
	/** What is billed without anybody knowing how much: completed without units, or handed out. */
	readonly estimated: number;
	readonly estimatedJobs: number;
	/** What failed, is not known, or was tried again: it may have been billed. */
	readonly perhaps: number;
	readonly perhapsAttempts: number;
	/** Of those attempts and jobs, how many have no figure. */
	readonly withoutFigure: number;
	readonly paidBeforeJobs: number;
}

export function sumOfCosts(costs: Iterable<JobCost | undefined>): CostSum[] {
	const sums = new Map<string, Writable<CostSum>>();
	for (const cost of costs) {
		if (!cost) continue;
		const sum = sums.get(cost.currency) ?? emptySum(cost.currency);
		sums.set(cost.currency, sum);
		add(sum, cost);
	}
	return [...sums.values()];
}

function add(sum: Writable<CostSum>, cost: JobCost): void {
	const { amount = 0, knownBy, perhaps, earlier, earlierAmount } = cost;
	if (knownBy === 'paid_before') sum.paidBeforeJobs++;
	else if (knownBy === 'billable_units') {
		sum.billed += amount;
		sum.billedJobs++;
	} else if (knownBy === 'estimate' && !perhaps) {
		sum.estimated += amount;
		sum.estimatedJobs++;
	} else if (perhaps) {
		sum.perhaps += amount;
		sum.perhapsAttempts++;
	}
	if (cost.amount === undefined) sum.withoutFigure++;
	sum.perhaps += earlierAmount;
	sum.perhapsAttempts += earlier;
	if (earlier > 0 && earlierAmount === 0) sum.withoutFigure += earlier;
}

function emptySum(currency: string): Writable<CostSum> {
	return {
		currency,
		billed: 0,
		billedJobs: 0,
		estimated: 0,
		estimatedJobs: 0,
		perhaps: 0,
		perhapsAttempts: 0,
		withoutFigure: 0,
		paidBeforeJobs: 0,
	};
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
