/**
 * One run of the node: parameters in, jobs out to fal, results back, each item on Completed or on Failed.
 * It throws only what concerns the whole run, and only while nothing is at fal.
 */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Batch } from '../engine/batch/batch';
import { type EndedJob, isSuccess } from '../engine/job';
import { type JobCost, sumOfCosts } from '../engine/spending/cost';
import type { Streams } from '../engine/following/streams';
import type { Prices } from '../engine/spending/price';
import { checkAccess } from '../fal/access';
import { FalTransport } from '../fal/falTransport';
import { FalHistory } from '../fal/history';
import { FalPrices } from '../fal/prices';
import { accountSlots } from '../n8n/accountSlots';
import { reportWhileRunning, sumUp, tellOfTheStop } from '../n8n/batchReport';
import { addCost, costSentence } from '../n8n/costFields';
import { readAccount } from '../n8n/credential';
import { isOutputLoose } from '../n8n/looseOutput';
import { readStreams, tellOfStreams } from '../n8n/followField';
import { harmlessly } from '../n8n/harmless';
import { keepsInputFields, withInputFields } from '../n8n/inputFields';
import { toItem, toRejectedItem } from '../n8n/items';
import { type Downloads, tellOfFiles } from '../n8n/media/downloads';
import { n8nClock } from '../n8n/n8nClock';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { checkInputs } from './inputChecks';
import { tellOfBlindness, withContents } from './inputFiles';
import { outputsOfNothing } from './notBegun';
import { type Plan, readPlan } from './parameters';
import { prepareFiles, type RunFiles } from './runFiles';
import { costsOf, readAllowance, readPricesBeside, readSpendLimit } from './spending';
import { readSummaryWanted, summaryOutput, type SummaryWanted } from './summing';
import { findOutWhatToTakeOver, type TakingOver } from './takingOver';
import { errorBeforeTheRun, errorOfTheRun, FAILED, troubleOfTheRun } from './wholeRun';

/**
 * @returns two outputs, and a third one where a Summary is wanted
 * @throws NodeOperationError or NodeApiError, unless On Error says to continue; nothing is at fal then
 */
export async function runBatch(node: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = node.getInputData();
	if (items.length === 0) return [[], []];
	const keepsInput = keepsInputFields(node);
	const outputs = await outputsOf(node, items.length);
	return keepsInput ? withInputFields(node, outputs) : outputs;
}

async function outputsOf(node: IExecuteFunctions, items: number): Promise<INodeExecutionData[][]> {
	const startedAt = n8nClock.now();
	let prepared: PreparedBatch;
	try {
		prepared = await prepare(node, items);
	} catch (error) {
		if (!node.continueOnFail()) throw errorBeforeTheRun(node, error);
		return await outputsOfNothing(node, error, startedAt);
	}
	return await run(node, prepared);
}

interface PreparedBatch {
	readonly plan: Plan;
	readonly batch: Batch;
	readonly takingOver: TakingOver | undefined;
	/** What was found about the inputs, and is no reason not to submit them. */
	readonly inputNotes: readonly string[];
	readonly files: RunFiles;
	readonly summaryWanted: SummaryWanted;
	readonly streams: Streams | undefined;
	/** To be asked for once the jobs have ended. */
	readonly prices: () => Promise<Prices>;
	/** Sent so far, by kind. */
	readonly requests: () => Readonly<Record<string, number>>;
	/** Aborted when the execution is stopped. */
	readonly signal: AbortSignal | undefined;
}

/** @throws NodeOperationError if the parameters or the credential can't be used */
async function prepare(node: IExecuteFunctions, items: number): Promise<PreparedBatch> {
	const parameters = await readPlan(node, items);
	const spendLimit = readSpendLimit(node);
	const summaryWanted = readSummaryWanted(node);
	const account = await readAccount(node);
	// Of all items, before their inputs are checked: the mark of a run is made of what was given.
	const read = await withContents(parameters);
	const signal = node.getExecutionCancelSignal();
	const send = sendThroughN8n(node, account.baseUrl, signal);
	const transport = new FalTransport(send);
	const streams = readStreams(node, account.baseUrl);
	const history = new FalHistory(send);
	const inputs = await checkInputs(read, send);
	const { plan } = inputs;
	const submissions = plan.jobs.map(({ submission }) => submission);
	// By what was given: what the check makes of it may hang on whether fal gave out the schema.
	const given = read.jobs.map(({ submission }) => submission);
	const takingOver = plan.takesOver ? await findOutWhatToTakeOver(node, given, history) : undefined;
	const isRepeated = takingOver?.attempt.kind === 'again';
	const looksBack = plan.settings.reuseWithin > 0 || isRepeated;
	const files = await prepareFiles(node, plan, { ...account, send, signal, looksBack });
	const falPrices = new FalPrices({ send, clock: n8nClock, signal });
	const allowance = await readAllowance(node, spendLimit, submissions, falPrices, isRepeated);
	const reuseWithin = Math.max(plan.settings.reuseWithin, takingOver?.within ?? 0);
	const batch = new Batch(
		submissions,
		{ ...plan.settings, reuseWithin },
		{
			transport,
			history: takingOver?.history ?? history,
			streams,
			uploads: files.uploads,
			checkAccess: async () => await checkAccess(send),
			clock: n8nClock,
			signal,
			accountSlots: accountSlots(account),
			hearOfEnd: ({ index, ending }) => {
				if (ending.outcome === 'completed') files.downloads?.begin(index, ending.output);
			},
			purse: allowance?.purse,
		},
	);
	return {
		plan,
		batch,
		takingOver,
		files,
		summaryWanted,
		streams,
		signal,
		inputNotes: inputs.notes,
		requests: () => ({
			...inputs.sent,
			...transport.sent,
			...streams?.sent,
			...history.sent,
			...files.sent,
			...falPrices.sent,
		}),
		prices: allowance
			? async () => allowance.prices
			: readPricesBeside(submissions, falPrices, n8nClock),
	};
}

async function run(
	node: IExecuteFunctions,
	{
		plan,
		batch,
		takingOver,
		inputNotes,
		files: { downloads, notLookedFor },
		summaryWanted,
		streams,
		prices,
		requests,
		signal,
	}: PreparedBatch,
): Promise<INodeExecutionData[][]> {
	const startedAt = n8nClock.now();
	const stopReporting = reportWhileRunning(node, batch);
	const ended = await batch.run().finally(stopReporting);
	await downloads?.end();
	harmlessly(() => takingOver?.remember(ended));
	const { progress } = batch;
	const wasStopped = signal?.aborted === true;
	const { isModelFixed, rejected, settings } = plan;
	const { stoppedFor } = progress;
	const trouble = troubleOfTheRun({ ended, stoppedFor, wasStopped, isModelFixed });
	if (trouble && !node.continueOnFail()) {
		throw errorOfTheRun(node, trouble, ended.length + rejected.length);
	}
	const elapsed = n8nClock.now() - startedAt;
	const costs = await costsOf(ended, prices).catch(() => []);
	harmlessly(() => {
		if (wasStopped) tellOfTheStop(node, ended);
		const hint = sumUp({
			ended,
			rejected: rejected.map(({ failure }) => failure),
			inputNotes,
			...(takingOver?.attempt.kind === 'again' && { notKept: countNotKept(plan) }),
			progress,
			settings,
			requests: requests(),
			elapsed,
			cost: costSentence(sumOfCosts(costs)),
			areFailuresLost: isOutputLoose(node, FAILED),
		});
		node.addExecutionHints(hint);
	});
	harmlessly(() => tellOfFiles(node, downloads));
	harmlessly(() => tellOfStreams(node, streams));
	harmlessly(() => tellOfBlindness(node, notLookedFor));
	const outputs = toOutputs(plan, ended, downloads, costs);
	const summary = await summaryOutput(node, summaryWanted, {
		ended,
		costs,
		rejected: rejected.map(({ failure }) => failure),
		progress,
		retryBudget: settings.retryBudget,
		concurrency: settings.concurrency,
		requests: requests(),
		startedAt,
		elapsed,
	});
	return [...outputs, ...summary];
}

/** For these, fal's history does not tell which request was made for which item. */
function countNotKept({ jobs }: Plan): number {
	return jobs.filter(({ submission }) => submission.conditions.storePayloads === false).length;
}

/** Two outputs, each in the order of the input. */
function toOutputs(
	plan: Plan,
	ended: readonly EndedJob[],
	downloads: Downloads | undefined,
	costs: ReadonlyArray<JobCost | undefined>,
): INodeExecutionData[][] {
	const succeeded: INodeExecutionData[] = [];
	const failed = plan.rejected.map(({ itemIndex, model, failure }) => ({
		itemIndex,
		item: toRejectedItem(itemIndex, model, failure),
	}));
	for (const [place, job] of ended.entries()) {
		const { itemIndex } = plan.jobs[job.index]!;
		const item = toItem(job, itemIndex);
		const isGood = isSuccess(job.ending);
		const items = (isGood && downloads?.itemsOf(job.index, item)) || [item];
		addCost(items, costs[place]);
		if (isGood) succeeded.push(...items);
		else failed.push({ itemIndex, item });
	}
	failed.sort((a, b) => a.itemIndex - b.itemIndex);
	return [succeeded, failed.map(({ item }) => item)];
}
