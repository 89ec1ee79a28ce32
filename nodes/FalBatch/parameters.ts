/**
 * From the node's parameters to the jobs of the batch: everything the user gave is checked here, once,
 * before anything is submitted. What concerns the whole batch throws; what concerns one item rejects it.
 */
import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import type { BatchSettings } from '../engine/batch/settings';
import { MINUTE, SECOND } from '../engine/clock';
import type { Failure } from '../engine/failure';
import { defaultRetryBudget } from '../engine/submitting/retryBudget';
import type { Conditions, Submission } from '../engine/transport';
import { MODEL_ID_ADVICE } from '../fal/modelId';
import { isModelFixed, readModel } from '../n8n/modelField';
import { messageOf, readNumber, readOptions, switchOf } from '../n8n/parameterChecks';
import type { PerItem } from '../n8n/perItem';
import { Slices } from '../n8n/slices';
import { readPollBounds } from '../n8n/watchFields';
import { WITH_FORM } from './inputFields';
import { conditionsReader, type InputReader, inputReader } from './itemParameters';

export interface Plan {
	readonly settings: BatchSettings;
	/** What is to be submitted, in the order of the items. */
	readonly jobs: readonly PlannedJob[];
	/** Items that can't become a job. */
	readonly rejected: readonly RejectedItem[];
	/** Whether all items have the model that is set in the node. */
	readonly isModelFixed: boolean;
	/** Of the form that was filled in, as n8n keeps it; absent where the inputs are JSON. */
	readonly form?: readonly unknown[];
	/** Whether the inputs are checked by the model's schema. */
	readonly checksInputs: boolean;
	/** Whether what an earlier attempt of the same execution left at fal is taken over. */
	readonly takesOver: boolean;
}

export interface PlannedJob {
	readonly itemIndex: number;
	readonly submission: Submission;
}

export interface RejectedItem {
	readonly itemIndex: number;
	/** As far as it could be read. */
	readonly model?: string;
	readonly failure: Failure;
}

/** @throws NodeOperationError if a parameter of the whole batch can't be used; nothing was submitted then */
export async function readPlan(node: IExecuteFunctions, items: number): Promise<Plan> {
	const settings = readSettings(node, items);
	const modelOf = modelReader(node);
	const inputs = inputReader(node);
	const conditionsOf = conditionsReader(node);
	const jobs: PlannedJob[] = [];
	const rejected: RejectedItem[] = [];
	const slices = new Slices();
	for (let itemIndex = 0; itemIndex < items; itemIndex++) {
		if (slices.isOver) await slices.pause();
		const read = readItem(itemIndex, modelOf, inputs, conditionsOf);
		if ('submission' in read) jobs.push(read);
		else rejected.push(read);
	}
	checkMemory(node, settings, jobs);
	const switches = readOptions(node, 0, ['takeOverAfterCrash', 'checkInputsFirst']);
	return {
		settings,
		jobs,
		rejected,
		isModelFixed: isModelFixed(node),
		...(inputs.form && { form: inputs.form }),
		checksInputs: switchOf(switches.checkInputsFirst) ?? node.getNode().typeVersion >= WITH_FORM,
		takesOver: switchOf(switches.takeOverAfterCrash) ?? true,
	};
}

function readSettings(node: IExecuteFunctions, items: number): BatchSettings {
	const whole = (value: unknown, label: string, least: number) =>
		readNumber(node, value, { label, least, whole: true });
	const options = readOptions(node, 0, BATCH_OPTIONS);
	const budget = whole(node.getNodeParameter('retryBudget', 0, -1), 'Retry Budget', -1);
	const itemTimeout = readNumber(node, options.itemTimeout ?? 3600, {
		label: 'Item Timeout',
		least: 1,
		most: MONTH,
		whole: false,
	});
	return {
		follow: node.getNodeParameter('operation', 0) !== 'submit',
		concurrency: whole(node.getNodeParameter('concurrency', 0, 10), 'Concurrency', 1),
		retryBudget: budget === -1 ? defaultRetryBudget(items) : budget,
		itemTimeout: itemTimeout * SECOND,
		cancelAbandoned: options.onTimeout !== 'leave',
		...readMemory(node, options),
		includeLogs: switchOf(options.includeLogs) ?? false,
		pollBounds: readPollBounds(node, options),
	};
}

/** Options that hold for all items; an expression in them is evaluated on the first one. */
const BATCH_OPTIONS = [
	'itemTimeout',
	'onTimeout',
	'onUnknownSubmit',
	'reuseRecentRequests',
	'includeLogs',
	'minPollInterval',
	'maxPollInterval',
];

/** In seconds. A longer timeout is no timeout but a mistake. */
const MONTH = 30 * 24 * 3_600;

/** What fal's request history is used for. */
function readMemory(
	node: IExecuteFunctions,
	{ onUnknownSubmit, reuseRecentRequests }: Readonly<Record<string, unknown>>,
): Pick<BatchSettings, 'onUnknownSubmit' | 'reuseWithin'> {
	const hours = readNumber(node, reuseRecentRequests ?? 0, {
		label: 'Reuse Recent Requests',
		least: 0,
		most: LONGEST_MEMORY,
		whole: false,
	});
	const isKnown = onUnknownSubmit === 'lookUp' || onUnknownSubmit === 'submitAgain';
	return { onUnknownSubmit: isKnown ? onUnknownSubmit : 'report', reuseWithin: hours * HOUR };
}

/** fal's history only knows inputs that fal was allowed to store, which may differ from item to item. */
function checkMemory(
	node: IExecuteFunctions,
	{ onUnknownSubmit, reuseWithin }: BatchSettings,
	jobs: readonly PlannedJob[],
): void {
	const looksUp = onUnknownSubmit === 'lookUp';
	const unstored = jobs.find(({ submission }) => submission.conditions.storePayloads === false);
	if (!unstored || (!looksUp && reuseWithin === 0)) return;
	const option = looksUp ? 'On Unknown Submit: Look Up' : 'Reuse Recent Requests';
	throw new NodeOperationError(node.getNode(), `${option} needs Store Payloads`, {
		itemIndex: unstored.itemIndex,
		description:
			'Without stored payloads fal’s request history does not tell which request was made for which input. Turn one of the two off. Nothing was sent to fal.',
	});
}

/** In hours: fal stores payloads for 30 days. */
const LONGEST_MEMORY = 30 * 24;
const HOUR = 60 * MINUTE;

type ModelReader = PerItem<string>;

/**
 * @returns a function that returns the model of an item, or throws an Error that says what is wrong with it
 * @throws NodeOperationError if the model is set in the node, and is not valid
 */
function modelReader(node: IExecuteFunctions): ModelReader {
	if (!isModelFixed(node)) return (itemIndex) => readModel(node, itemIndex);
	try {
		const model = readModel(node, 0);
		return () => model;
	} catch (error) {
		throw new NodeOperationError(node.getNode(), `${messageOf(error)}. ${MODEL_ID_ADVICE}`, {
			description: 'Nothing was sent to fal.',
		});
	}
}

function readItem(
	itemIndex: number,
	modelOf: ModelReader,
	inputs: InputReader,
	conditionsOf: PerItem<Conditions>,
): PlannedJob | RejectedItem {
	let model: string;
	try {
		model = modelOf(itemIndex);
	} catch (error) {
		return rejection(itemIndex, 'invalid_model', `${messageOf(error)}. ${MODEL_ID_ADVICE}`);
	}
	try {
		const input = inputs.read(itemIndex);
		const conditions = conditionsOf(itemIndex);
		return { itemIndex, submission: { model, input, conditions } };
	} catch (error) {
		return { ...rejection(itemIndex, 'invalid_input', messageOf(error)), model };
	}
}

export function rejection(itemIndex: number, type: string, message: string): RejectedItem {
	return { itemIndex, failure: { type, message, retryable: false } };
}
