/** Money as items and hints show it, in the currency itself. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { moneyText, toMoney } from '../engine/spending/amount';
import type { CostSum, JobCost } from '../engine/spending/cost';

/**
 * Gives a job's items the field `cost`. Where each of its files has an item of its own, they share the amount:
 * a sum over the items would count the job as often as it has files otherwise.
 *
 * @param cost absent where it is not known; the items are left as they are then
 */
export function addCost(items: readonly INodeExecutionData[], cost: JobCost | undefined): void {
	if (!cost) return;
	for (const [place, { json }] of items.entries()) {
		json.cost = items.length === 1 ? costField(cost) : shareField(cost, place, items.length);
	}
}

/** What can't be divided, the rest of the amount and the attempts before the latest, is the first file's. */
function shareField(cost: JobCost, place: number, shares: number): IDataObject {
	const { amount, earlier } = cost;
	const isFirst = place === 0;
	const even = Math.floor((amount ?? 0) / shares);
	const share = isFirst ? (amount ?? 0) - even * (shares - 1) : even;
	return {
		...costField({
			...cost,
			...(amount !== undefined && { amount: share }),
			earlier: isFirst ? earlier : 0,
		}),
		...(amount !== undefined && { job_amount: toMoney(amount) }),
	};
}

function costField(cost: JobCost): IDataObject {
	const { amount, currency, knownBy, perhaps, earlier, earlierAmount } = cost;
	return {
		...(amount !== undefined && { amount: toMoney(amount) }),
		currency,
		known_by: knownBy,
		...(perhaps && { may_have_been_billed: true }),
		...(earlier > 0 && {
			earlier_attempts: {
				may_have_been_billed: earlier,
				...(earlierAmount > 0 && { amount: toMoney(earlierAmount) }),
			},
		}),
	};
}

/** The field `cost` of the Summary. */
export function costSumField(sum: CostSum): IDataObject {
	return {
		currency: sum.currency,
		billed: toMoney(sum.billed),
		billed_jobs: sum.billedJobs,
		...(sum.estimatedJobs > 0 && {
			estimated: toMoney(sum.estimated),
			estimated_jobs: sum.estimatedJobs,
		}),
		may_have_been_billed: toMoney(sum.perhaps),
		may_have_been_billed_attempts: sum.perhapsAttempts,
		...(sum.withoutFigure > 0 && { without_figure: sum.withoutFigure }),
		paid_before_jobs: sum.paidBeforeJobs,
	};
}

/** `Cost: 2.475 USD. 3 attempts that failed or are not known may have been billed, up to 0.075 USD.` */
export function costSentence(sums: readonly CostSum[]): string {
	return sums.map(sentenceOf).filter(Boolean).join(' ');
}

function sentenceOf(sum: CostSum): string {
	const { currency, billed, billedJobs, estimated, estimatedJobs, perhaps, perhapsAttempts } = sum;
	const hasCost = billedJobs + estimatedJobs + perhapsAttempts + sum.paidBeforeJobs > 0;
	if (!hasCost) return '';
	const known = `Cost: ${moneyText(billed, currency)}`;
	const likely =
		estimatedJobs > 0
			? `, and about ${moneyText(estimated, currency)} for ${estimatedJobs} jobs whose units are not known`
			: '';
	const attempts = perhapsAttempts === 1 ? '1 attempt' : `${perhapsAttempts} attempts`;
	const upTo = perhaps > 0 ? `, about ${moneyText(perhaps, currency)}` : '';
	const apart =
		perhapsAttempts > 0
			? ` ${attempts} that failed, or whose fate is unknown, may have been billed${upTo}.`
			: '';
	return `${known}${likely}.${apart}`;
}
