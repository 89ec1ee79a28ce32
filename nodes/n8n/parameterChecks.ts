/** Checks of parameters that the nodes share: each value is checked once, where it enters. */
import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { isRecord } from '../engine/isRecord';

export interface NumberRule {
	readonly label: string;
	readonly least: number;
	/** Absent means no upper bound. */
	readonly most?: number;
	readonly whole: boolean;
}

/** @throws NodeOperationError that names the parameter, its range and the value */
export function readNumber(node: IExecuteFunctions, value: unknown, rule: NumberRule): number {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	const { label, least, most = Number.POSITIVE_INFINITY, whole } = rule;
	const fits =
		typeof number === 'number' &&
		Number.isFinite(number) &&
		number >= least &&
		number <= most &&
		(!whole || Number.isInteger(number));
	if (fits) return number;
	throw new NodeOperationError(
		node.getNode(),
		`${label} must be a ${whole ? 'whole ' : ''}number from ${least} ${most === Number.POSITIVE_INFINITY ? 'up' : `to ${most}`}, but it is ${shown(value)}`,
		{ description: `Change ${label} in the node. Nothing was sent to fal.` },
	);
}

/**
 * The options with these names, as far as they were added. Each is evaluated by itself: an expression may
 * fail for one item, and must not take the other options with it.
 */
export function readOptions(
	node: IExecuteFunctions,
	itemIndex: number,
	names: readonly string[],
): Record<string, unknown> {
	const added = node.getNodeParameter('options', itemIndex, {}, { rawExpressions: true });
	if (typeof added === 'string') return readOptionsAsOne(node, itemIndex, names);
	if (!isRecord(added)) return {};
	const given = names.filter((name) => name in added);
	return Object.fromEntries(
		given.map((name) => [name, node.getNodeParameter(`options.${name}`, itemIndex)]),
	);
}

/** All options may come from one expression that gives an object. */
function readOptionsAsOne(
	node: IExecuteFunctions,
	itemIndex: number,
	names: readonly string[],
): Record<string, unknown> {
	const options = node.getNodeParameter('options', itemIndex, {});
	if (!isRecord(options)) return {};
	return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
}

/** What a switch says; an expression may have given it as text. Nothing, if it is neither on nor off. */
export function switchOf(value: unknown): boolean | undefined {
	const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
	if (word === true || word === 'true') return true;
	return word === false || word === 'false' ? false : undefined;
}

/** A value as it can be shown in a message. */
export function shown(value: unknown): string {
	const text = asText(value);
	return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Some values can't be written as JSON: circular ones, and big integers. */
function asText(value: unknown): string {
	try {
		return JSON.stringify(value) ?? String(value);
	} catch {
		return String(value);
	}
}

export function messageOf(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	// n8n walks through every value that an expression gives; this is how it reports a circular one.
	return /maximum call stack/i.test(message) ? ENDLESS : message;
}

const ENDLESS = 'A value holds itself, or is nested without end';
