/** What one item contributes to its job: the model's input, and fal's options for the submit. */
import type { IExecuteFunctions } from 'n8n-workflow';
import { isRecord } from '../engine/isRecord';
import { placeFiles } from '../engine/media/inputFiles';
import type { Conditions } from '../engine/transport';
import { isLeftOut } from '../fal/inputSchema/convert';
import { parseInputJson } from '../fal/json';
import { filesReader } from '../n8n/media/filesField';
import { readMappedFields } from '../n8n/mappedFields';
import { isModelFixed } from '../n8n/modelField';
import { messageOf, readOptions, shown, switchOf } from '../n8n/parameterChecks';
import { hasExpression, onceIf, type PerItem, readPerItem } from '../n8n/perItem';

type Input = Record<string, unknown>;

/** How the items of this run have their inputs. */
export interface InputReader {
	/** Of the form that was filled in, as n8n keeps it; none for JSON. */
	readonly form?: readonly unknown[];
	/** @throws an Error whose message says what is wrong with the input of this item */
	read(itemIndex: number): Input;
}

/** A model that comes from an expression has no form: it may be another one for each item. */
export function inputReader(node: IExecuteFunctions): InputReader {
	const mode = node.getNodeParameter('inputMode', 0, 'json');
	const files = filesReader(node);
	const incoming = node.getInputData();
	const checked = (itemIndex: number, written: Input): Input => {
		checkThatItCanBeSent(written);
		const input = placeFiles(written, files(itemIndex));
		checkThatSomethingIsThere(input, incoming[itemIndex]?.json ?? {});
		return input;
	};
	if (mode !== 'fields' || !isModelFixed(node)) {
		const written = (itemIndex: number) => node.getNodeParameter('input', itemIndex);
		return { read: (itemIndex) => checked(itemIndex, readJson(written(itemIndex), 'input')) };
	}
	const mapped = readMappedFields(node, 'fields');
	const additional = readPerItem(node, 'additionalFields', '{}');
	return {
		form: mapped.schema,
		read: (itemIndex) => {
			const filledIn = Object.entries(mapped.valuesOf(itemIndex));
			return checked(itemIndex, {
				...Object.fromEntries(filledIn.filter(([, value]) => !isLeftOut(value))),
				...readJson(additional(itemIndex), 'additionalFields'),
			});
		},
	};
}

const LABELS = { input: 'The Input', additionalFields: 'What is in Additional Fields' } as const;

/** @throws an Error whose message says what is wrong with it */
function readJson(value: unknown, parameter: keyof typeof LABELS): Input {
	const isInput = parameter === 'input';
	if (!isInput && isLeftOut(typeof value === 'string' ? value.trim() : value)) return {};
	const parsed = typeof value === 'string' ? parseInputJson(value) : { value };
	const label = LABELS[parameter];
	if (!parsed) throw new Error(`${label} is not valid JSON: ${shown(value)}. ${INPUT_ADVICE}`);
	if (!isRecord(parsed.value)) {
		throw new Error(
			`${label} must be a JSON object, but it is ${shown(parsed.value)}. ${INPUT_ADVICE}`,
		);
	}
	return parsed.value;
}

const INPUT_ADVICE =
	'Use an expression that gives an object, such as {{ { "prompt": $json.prompt } }}: it keeps quotes and line breaks.';

/** An input that can't be written as JSON would look like a fal that can't be reached, item after item. */
function checkThatItCanBeSent(input: Input): void {
	const obstacle = whyNotWritable(input);
	if (obstacle) throw new Error(`The Input can’t be written as JSON: ${obstacle}. ${PLAIN_VALUES}`);
	if (isDeeperThan(DEEPEST, input)) {
		throw new Error(`The Input is nested more than ${DEEPEST} levels deep. ${PLAIN_VALUES}`);
	}
}

/** It is circular, has a big integer in it, or is nested without end. */
function whyNotWritable(input: Input): string | undefined {
	try {
		JSON.stringify(input);
		return undefined;
	} catch (error) {
		return messageOf(error).split('\n')[0];
	}
}

const PLAIN_VALUES = 'Give the model’s fields only, with plain values.';

/** Levels at which the JSON parser of fal's models (pydantic's) gives up; no model asks for a dozen. */
const DEEPEST = 200;

function isDeeperThan(levels: number, value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return false;
	// A date is written as text, whatever it holds inside.
	if ('toJSON' in value) return false;
	return levels === 0 || Object.values(value).some((part) => isDeeperThan(levels - 1, part));
}

/**
 * A misspelt field of the incoming item gives an empty prompt for every item, and each is billed or refused
 * by fal. An input without any field is left alone: there are models that take none.
 */
function checkThatSomethingIsThere(input: Input, incoming: Record<string, unknown>): void {
	const fields = Object.keys(input);
	if (fields.length === 0 || !Object.values(input).every(isMissing)) return;
	const list = (names: string[]) => names.slice(0, 10).join(', ');
	const has = Object.entries(incoming).map(
		([name, value]) => `${shown(name)}${isMissing(value) ? ' (empty)' : ''}`,
	);
	const there = has.length > 0 ? `it has ${list(has)}` : 'it has no fields';
	throw new Error(
		`The Input has nothing in it: ${list(fields.map(shown))} ${fields.length === 1 ? 'is' : 'are'} empty. Check the expression against the incoming item: ${there}.`,
	);
}

function isMissing(value: unknown): boolean {
	return value === undefined || value === null || (typeof value === 'string' && !value.trim());
}

/** Options that may differ from item to item. */
const ITEM_OPTIONS = [
	'webhookUrl',
	'runnerHint',
	'priority',
	'storePayloads',
	'startTimeout',
	'mediaLifecycle',
	'noRetry',
];

/** The reader throws an Error whose message says which option of the item can't be used, and why. */
export function conditionsReader(node: IExecuteFunctions): PerItem<Conditions> {
	const written: unknown = node.getNodeParameter('options', 0, {}, { rawExpressions: true });
	return onceIf(!hasExpression(written), (itemIndex) => readConditions(node, itemIndex));
}

function readConditions(node: IExecuteFunctions, itemIndex: number): Conditions {
	const options = readOptions(node, itemIndex, ITEM_OPTIONS);
	const { webhookUrl, runnerHint, priority } = options;
	const storePayloads = readSwitch(options.storePayloads, 'Store Payloads');
	const noRetry = readSwitch(options.noRetry, 'Disable Fal’s Own Retries');
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
		...(noRetry && { noRetry }),
		...(storePayloads === false && { storePayloads }),
		...(mediaExpiration > 0 && { mediaExpiration }),
	};
}

function readSwitch(value: unknown, label: string): boolean | undefined {
	const isOn = switchOf(value);
	if (isOn !== undefined || isMissing(value)) return isOn;
	throw new Error(`${label} must be true or false, but it is ${shown(value)}.`);
}

function isWebAddress(value: unknown): boolean {
	return typeof value === 'string' && /^https?:/i.test(value) && URL.canParse(value);
}
