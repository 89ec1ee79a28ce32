/** Estimate Cost: what the same items would cost, one item per model. Nothing is submitted. */
import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeOperationError,
} from 'n8n-workflow';
import { endSentence } from '../engine/failure';
import { toMoney } from '../engine/spending/amount';
import { likelyCost, type LikelyCost } from '../engine/spending/likelyCost';
import type { Prices } from '../engine/spending/price';
import { FalPrices } from '../fal/prices';
import { readAccount } from '../n8n/credential';
import { toRejectedItem } from '../n8n/items';
import { n8nClock } from '../n8n/n8nClock';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { checkInputs } from './inputChecks';
import { type PlannedJob, readPlan } from './parameters';
import { whyUnknown } from './spending';

/**
 * @returns two outputs: an estimate for each model, and the items that can't become a job
 * @throws NodeOperationError if the parameters or the credential can't be used, or no price can be read
 */
export async function estimate(node: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = node.getInputData();
	if (items.length === 0) return [[], []];
	const read = await readPlan(node, items.length);
	const { baseUrl } = await readAccount(node);
	const signal = node.getExecutionCancelSignal();
	const send = sendThroughN8n(node, baseUrl, signal);
	const { jobs, rejected } = (await checkInputs(read, send)).plan;
	const fal = new FalPrices({ send, clock: n8nClock, signal });
	const models = [...new Set(jobs.map(({ submission }) => submission.model))];
	const list = await fal.unitPrices(models);
	if (list.failure) {
		const message = `fal’s prices could not be read: ${endSentence(list.failure.message)}`;
		throw new NodeOperationError(node.getNode(), message, {
			description: 'Nothing was submitted.',
		});
	}
	const prices = await fal.withHistory(list.prices, list.prices.keys());
	const estimates = models.map((model) => estimateOf(model, jobs, prices));
	const total = totalOf(estimates);
	return [
		estimates.map(({ json, itemIndex }) => ({
			json: { ...json, ...total },
			pairedItem: { item: itemIndex },
		})),
		rejected.map(({ itemIndex, model, failure }) => toRejectedItem(itemIndex, model, failure)),
	];
}

interface Estimate {
	readonly json: IDataObject;
	/** Of the first item with this model. */
	readonly itemIndex: number;
	readonly amount: number | undefined;
	readonly currency: string | undefined;
}

function estimateOf(model: string, all: readonly PlannedJob[], prices: Prices): Estimate {
	const jobs = all.filter(({ submission }) => submission.model === model);
	const { itemIndex } = jobs[0]!;
	const { price, perCall } = prices.get(model) ?? {};
	const costs = jobs.map(({ submission }) => likelyCost(submission, prices));
	const untold = jobs.find((_, index) => !costs[index]);
	const known = costs.flatMap((cost) => cost ?? []);
	const amount = untold ? undefined : sum(known.map((cost) => cost.amount));
	const units = known.every((cost) => cost.units !== undefined)
		? sum(known.map((cost) => cost.units ?? 0))
		: undefined;
	return {
		itemIndex,
		amount,
		currency: price?.currency,
		json: {
			model,
			jobs: jobs.length,
			estimate: amount === undefined ? null : toMoney(amount),
			...(price && { currency: price.currency, unit: price.unit, unit_price: price.unitPrice }),
			...(amount !== undefined && units !== undefined && { units }),
			...(amount !== undefined && { from: sourceOf(known) }),
			...(perCall !== undefined && { historical_estimate: rounded(perCall * jobs.length) }),
			...(untold && { message: `${capital(whyUnknown(untold.submission, prices))}.` }),
		},
	};
}

/** Where the figure is from. */
function sourceOf(costs: readonly LikelyCost[]): 'units' | 'history' | 'units and history' {
	const isFrom = (source: LikelyCost['from']) => costs.some(({ from }) => from === source);
	if (isFrom('units') && isFrom('history')) return 'units and history';
	return isFrom('units') ? 'units' : 'history';
}

/** Over all models: an approval asks for one figure. */
function totalOf(estimates: readonly Estimate[]): IDataObject {
	const currencies = [...new Set(estimates.flatMap(({ currency }) => currency ?? []))];
	const [currency] = currencies;
	if (!currency || currencies.length > 1) return { total_estimate: null };
	const isWhole = estimates.every(({ amount }) => amount !== undefined);
	return {
		total_estimate: toMoney(sum(estimates.map(({ amount }) => amount ?? 0))),
		total_currency: currency,
		// A sum without some of the models is less than it will cost.
		total_is_complete: isWhole,
	};
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}

function rounded(money: number): number {
	return Math.round(money * 1e9) / 1e9;
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
