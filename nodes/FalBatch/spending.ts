/** Prices and the Spend Limit of a run: what is asked of fal before, beside and after the jobs. */
import { type IExecuteFunctions, type INodeProperties, NodeOperationError } from 'n8n-workflow';
import { type Clock, SECOND } from '../engine/clock';
import { endSentence } from '../engine/failure';
import type { EndedJob } from '../engine/job';
import { costOf, type JobCost } from '../engine/spending/cost';
import { likelyCost } from '../engine/spending/likelyCost';
import type { Prices } from '../engine/spending/price';
import { Purse } from '../engine/spending/purse';
import type { Submission } from '../engine/transport';
import type { FalPrices, PriceList } from '../fal/prices';
import { readNumber, readOptions } from '../n8n/parameterChecks';

export const spendLimitField: INodeProperties = {
	displayName: 'Spend Limit',
	name: 'spendLimit',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 6 },
	default: 0,
	hint: 'In the currency of fal’s prices (USD). 0 means no limit.',
	description:
		'The most that this run may spend. Before each submit, what the job is likely to cost is set aside; a job that no longer fits is not submitted, and none behind it. It may be exceeded by what is in flight, if jobs cost more than fal’s prices and the input suggest.',
	displayOptions: { show: { '/operation': ['run', 'submit'] } },
};

/** @throws NodeOperationError if it can't be used. @returns 0 for none */
export function readSpendLimit(node: IExecuteFunctions): number {
	const { spendLimit } = readOptions(node, 0, ['spendLimit']);
	return readNumber(node, spendLimit ?? 0, { label: 'Spend Limit', least: 0, whole: false });
}

export interface Allowance {
	readonly purse: Purse;
	readonly prices: Prices;
}

/**
 * @param limit 0 for none
 * @returns nothing without a limit
 * @throws NodeOperationError if some job's cost can't be told beforehand: nothing is submitted then
 */
export async function readAllowance(
	node: IExecuteFunctions,
	limit: number,
	submissions: readonly Submission[],
	fal: FalPrices,
	countsTakenOver: boolean,
): Promise<Allowance | undefined> {
	if (limit === 0) return undefined;
	const { prices, failure } = await readLikelyPrices(submissions, fal);
	if (failure) {
		const message = `The Spend Limit can’t be kept: fal’s prices could not be read (${endSentence(failure.message)})`;
		throw refusal(node, message.replace('.)', ')'));
	}
	const unknown = submissions.find((submission) => !likelyCost(submission, prices));
	if (unknown) throw refusal(node, `The Spend Limit can’t be kept: ${whyUnknown(unknown, prices)}`);
	const currencies = new Set([...prices.values()].flatMap(({ price }) => price?.currency ?? []));
	if (currencies.size > 1) {
		const all = [...currencies].join(' and ');
		throw refusal(node, `The Spend Limit can’t be kept: the models’ prices are in ${all}`);
	}
	return { purse: new Purse({ limit, prices, countsTakenOver }), prices };
}

function refusal(node: IExecuteFunctions, message: string): NodeOperationError {
	return new NodeOperationError(node.getNode(), message, {
		description:
			'Nothing was submitted. Set Spend Limit to 0 to run without one, or use models that fal gives a price for.',
	});
}

/** Why a job's cost can't be told beforehand. */
export function whyUnknown({ model }: Pick<Submission, 'model'>, prices: Prices): string {
	const price = prices.get(model)?.price;
	if (!price) return `fal gives no price for ${model}`;
	return `${model} is billed by the ${price.unit}, and neither the input nor fal’s estimate tells how many`;
}

/** Unit prices, and what a call costs on average where inputs do not tell their units. */
export async function readLikelyPrices(
	submissions: readonly Submission[],
	fal: FalPrices,
): Promise<PriceList> {
	const list = await fal.unitPrices(submissions.map(({ model }) => model));
	const untold = submissions.filter(
		(submission) => list.prices.has(submission.model) && !likelyCost(submission, list.prices),
	);
	const prices = await fal.withHistory(
		list.prices,
		untold.map(({ model }) => model),
	);
	return { ...list, prices };
}

const NONE: Prices = new Map();

/** Beside the jobs: what they cost is wanted when they have ended, and never waited for longer than this. */
const PATIENCE = 5 * SECOND;

/** @returns a function that gives the prices once the jobs have ended; none if they can't be had by then */
export function readPricesBeside(
	submissions: readonly Submission[],
	fal: FalPrices,
	clock: Clock,
): () => Promise<Prices> {
	const reading = fal.unitPrices(submissions.map(({ model }) => model)).then(
		({ prices }) => prices,
		() => NONE,
	);
	return async () => {
		const ended = new AbortController();
		const tooLate = clock.sleep(PATIENCE, ended.signal).then(() => NONE);
		return await Promise.race([reading, tooLate]).finally(() => ended.abort());
	};
}

/** By job; they are empty where nothing was at fal, and where there are no prices. */
export async function costsOf(
	ended: readonly EndedJob[],
	pricesNow: () => Promise<Prices>,
): Promise<Array<JobCost | undefined>> {
	if (!ended.some(({ submittedAt }) => submittedAt !== undefined)) return [];
	const prices = await pricesNow();
	return ended.map((job) => costOf(job, prices));
}
