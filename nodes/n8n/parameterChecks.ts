/** Checks of parameters that the nodes share: each value is checked once, where it enters. */
import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { isRecord } from '../engine/failure';

export interface NumberRule {
	readonly label: string;
	readonly least: number;
	/** No upper bound, unless said. */
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

export function readOptions(node: IExecuteFunctions, itemIndex: number): Record<string, unknown> {
	const options = node.getNodeParameter('options', itemIndex, {});
	return isRecord(options) ? options : {};
}

/** A value as it can be shown in a message. */
export function shown(value: unknown): string {
	const text = JSON.stringify(value) ?? String(value);
	return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
