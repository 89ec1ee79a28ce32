/**
 * From the node's parameters to the jobs of the batch: everything the user gave is checked here, once,
 * before anything is submitted.
 */
import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import type { BatchSettings } from '../engine/batch';
import { MINUTE, SECOND } from '../engine/clock';
import { type Failure, isRecord } from '../engine/failure';
import { defaultRetryBudget } from '../engine/retryBudget';
import type { Conditions, Submission } from '../engine/transport';
import { parseInputJson } from '../fal/json';
import { MODEL_ID_ADVICE } from '../fal/modelId';
import { readModel } from '../n8n/modelField';
import { readPollBounds } from '../n8n/watchFields';
import { messageOf, readNumber, readOptions, shown } from '../n8n/parameterChecks';

export interface Plan {
	readonly settings: BatchSettings;
	/** What is to be submitted, in the order of the items. */
	readonly jobs: readonly PlannedJob[];
	/** Items that can't become a job. */
	readonly rejected: readonly RejectedItem[];
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

/**
 * @throws NodeOperationError if a parameter of the whole batch can't be used, or if no item at all can
 *   become a job; nothing was submitted then
 */
export function readPlan(node: IExecuteFunctions, items: number): Plan {
	const settings = readSettings(node, items);
	const jobs: PlannedJob[] = [];
	const rejected: RejectedItem[] = [];
	for (let itemIndex = 0; itemIndex < items; itemIndex++) {
		const read = readItem(node, itemIndex);
		if ('submission' in read) jobs.push(read);
		else rejected.push(read);
	}
	const [first] = rejected;
	if (first && jobs.length === 0) {
		throw new NodeOperationError(node.getNode(), first.failure.message, {
			itemIndex: first.itemIndex,
		});
	}
	checkMemory(node, settings, jobs);
	return { settings, jobs, rejected };
}

function readSettings(node: IExecuteFunctions, items: number): BatchSettings {
	const whole = (value: unknown, label: string, least: number) =>
		readNumber(node, value, { label, least, whole: true });
	const options = readOptions(node, 0);
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
		includeLogs: options.includeLogs === true,
		pollBounds: readPollBounds(node, options),
	};
}

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

function readItem(node: IExecuteFunctions, itemIndex: number): PlannedJob | RejectedItem {
	let model: string;
	try {
		model = readModel(node, itemIndex);
	} catch (error) {
		return rejection(itemIndex, 'invalid_model', `${messageOf(error)}. ${MODEL_ID_ADVICE}`);
	}
	try {
		const input = readInput(node.getNodeParameter('input', itemIndex));
		const conditions = readConditions(readOptions(node, itemIndex));
		return { itemIndex, submission: { model, input, conditions } };
	} catch (error) {
		return { ...rejection(itemIndex, 'invalid_input', messageOf(error)), model };
	}
}

function rejection(itemIndex: number, type: string, message: string): RejectedItem {
	return { itemIndex, failure: { type, message, retryable: false } };
}

function readInput(value: unknown): Record<string, unknown> {
	const parsed = typeof value === 'string' ? parseInputJson(value) : { value };
	if (!parsed) throw new Error(`The Input is not valid JSON: ${shown(value)}. ${INPUT_ADVICE}`);
	if (isRecord(parsed.value)) return parsed.value;
	throw new Error(
		`The Input must be a JSON object, but it is ${shown(parsed.value)}. ${INPUT_ADVICE}`,
	);
}

const INPUT_ADVICE =
	'Use an expression that gives an object, such as {{ { "prompt": $json.prompt } }}: it keeps quotes and line breaks.';

function readConditions(options: Record<string, unknown>): Conditions {
	const { webhookUrl, runnerHint, priority, storePayloads } = options;
	const startTimeout = Number(options.startTimeout ?? 0);
	const mediaExpiration = Number(options.mediaLifecycle ?? 0);
	if (webhookUrl && !isWebAddress(webhookUrl)) {
		throw new Error(
			`The Webhook URL must begin with https:// or http://, but it is ${shown(webhookUrl)}.`,
		);
	}
	if (runnerHint && !/^[\x20-\x7e]{1,256}$/.test(String(runnerHint))) {
		throw new Error('The Runner Hint may have up to 256 plain letters, digits and signs.');
	}
	// fal refuses 0.1 seconds and less.
	if (!Number.isFinite(startTimeout) || (startTimeout !== 0 && startTimeout <= 0.1)) {
		throw new Error(
			`The Start Timeout must be more than 0.1 seconds, but it is ${shown(options.startTimeout)}.`,
		);
	}
	return {
		...(webhookUrl ? { webhookUrl: String(webhookUrl) } : {}),
		...(runnerHint ? { runnerHint: String(runnerHint) } : {}),
		...(priority === 'low' && { priority }),
		...(startTimeout > 0 && { startTimeout }),
		...(options.noRetry === true && { noRetry: true }),
		...(storePayloads === false && { storePayloads }),
		...(mediaExpiration > 0 && { mediaExpiration }),
	};
}

function isWebAddress(value: unknown): boolean {
	return typeof value === 'string' && /^https?:/i.test(value) && URL.canParse(value);
}
