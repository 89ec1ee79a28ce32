/** What a job is likely to cost, before anybody knows. */
import type { Submission } from '../transport';
import { toAmount } from './amount';
import { likelyUnits } from './likelyUnits';
import type { Prices } from './price';

export interface LikelyCost {
	readonly amount: number;
	/** Units that the input tells times the price of one; or what a call has cost on average. */
	readonly from: 'units' | 'history';
	readonly units?: number;
}

/** @returns nothing where fal gives no price, or neither the input nor fal's past tells how much of it */
export function likelyCost(
	{ model, input }: Pick<Submission, 'model' | 'input'>,
	prices: Prices,
): LikelyCost | undefined {
	const { price, perCall } = prices.get(model) ?? {};
	const units = price && likelyUnits(price.unit, input);
	if (price && units !== undefined) {
		return { amount: amountOf(units, price.unitPrice), from: 'units', units };
	}
	if (perCall === undefined) return undefined;
	// An average over calls that cost nothing is no figure; a unit is the least that is billed.
	const amount = Math.max(toAmount(perCall), price ? toAmount(price.unitPrice) : 0);
	return { amount, from: 'history' };
}

/** What fal bills for so many units; each job by itself, as fal's invoice has it. */
export function amountOf(units: number, unitPrice: number): number {
	return toAmount(units * unitPrice);
}
