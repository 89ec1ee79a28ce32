import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
	NodeOperationError,
} from 'n8n-workflow';
import { Batch } from '../engine/batch';
import type { EndedJob } from '../engine/job';
import { FalTransport } from '../fal/falTransport';
import { FalHistory } from '../fal/history';
import { accountSlots } from '../n8n/accountSlots';
import { reportWhileRunning, sumUp } from '../n8n/batchReport';
import { readAccount } from '../n8n/credential';
import { isSuccess, toItem, toRejectedItem } from '../n8n/items';
import { listModels } from '../n8n/modelField';
import { n8nClock } from '../n8n/n8nClock';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { type Plan, readPlan } from './parameters';
import { properties } from './properties';

/** Parameters in, jobs out to fal, results back: each item on exactly one of two outputs. */
export class FalBatch implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Fal Batch',
		name: 'falBatch',
		icon: { light: 'file:fal.svg', dark: 'file:fal.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["model"] }}',
		description: 'Generate with any fal model for many items at once, through fal’s queue',
		defaults: { name: 'Fal Batch' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{ [
			{ type: '${NodeConnectionTypes.Main}', displayName: $parameter["operation"] === 'submit' ? 'Submitted' : 'Completed' },
			{ type: '${NodeConnectionTypes.Main}', displayName: 'Failed' },
		] }}`,
		credentials: [{ name: 'falApi', required: true }],
		properties,
	};

	methods = { listSearch: { searchModels: listModels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const items = this.getInputData();
		if (items.length === 0) return [[], []];
		let prepared: PreparedBatch;
		try {
			prepared = await prepare(this, items.length);
		} catch (error) {
			// Nothing was submitted yet: the one moment at which throwing can't cost anything.
			if (!this.continueOnFail()) throw asNodeError(this, error);
			return [[], items.map((_, itemIndex) => toFailedItem(itemIndex, error))];
		}
		return await run(this, prepared);
	}
}

interface PreparedBatch {
	readonly plan: Plan;
	readonly batch: Batch;
	/** Sent so far, by kind. */
	readonly requests: () => Readonly<Record<string, number>>;
}

/** @throws NodeOperationError if the parameters or the credential can't be used */
async function prepare(node: IExecuteFunctions, items: number): Promise<PreparedBatch> {
	const plan = readPlan(node, items);
	const account = await readAccount(node);
	const signal = node.getExecutionCancelSignal();
	const send = sendThroughN8n(node, account.baseUrl, signal);
	const transport = new FalTransport(send);
	const history = new FalHistory(send);
	const submissions = plan.jobs.map(({ submission }) => submission);
	const batch = new Batch(submissions, plan.settings, {
		transport,
		history,
		clock: n8nClock,
		signal,
		accountSlots: accountSlots(account),
	});
	return { plan, batch, requests: () => ({ ...transport.sent, ...history.sent }) };
}

async function run(
	node: IExecuteFunctions,
	{ plan, batch, requests }: PreparedBatch,
): Promise<INodeExecutionData[][]> {
	const startedAt = n8nClock.now();
	const stopReporting = reportWhileRunning(node, batch);
	const ended = await batch.run().finally(stopReporting);
	node.addExecutionHints(
		sumUp({
			ended,
			rejected: plan.rejected.length,
			progress: batch.progress,
			settings: plan.settings,
			requests: requests(),
			elapsed: n8nClock.now() - startedAt,
		}),
	);
	return toOutputs(plan, ended);
}

/** Two outputs, each in the order of the input. */
function toOutputs(plan: Plan, ended: readonly EndedJob[]): INodeExecutionData[][] {
	const succeeded: INodeExecutionData[] = [];
	const failed = plan.rejected.map(({ itemIndex, model, failure }) => ({
		itemIndex,
		item: toRejectedItem(itemIndex, model, failure),
	}));
	for (const job of ended) {
		const { itemIndex } = plan.jobs[job.index]!;
		const item = toItem(job, itemIndex);
		if (isSuccess(job.ending)) succeeded.push(item);
		else failed.push({ itemIndex, item });
	}
	failed.sort((a, b) => a.itemIndex - b.itemIndex);
	return [succeeded, failed.map(({ item }) => item)];
}

function toFailedItem(itemIndex: number, error: unknown): INodeExecutionData {
	const message = error instanceof Error ? error.message : String(error);
	return toRejectedItem(itemIndex, undefined, {
		type: 'invalid_parameters',
		message,
		retryable: false,
	});
}

function asNodeError(node: IExecuteFunctions, error: unknown): NodeOperationError {
	if (error instanceof NodeOperationError) return error;
	return new NodeOperationError(node.getNode(), error instanceof Error ? error : String(error));
}
