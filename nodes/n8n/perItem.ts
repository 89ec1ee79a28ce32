/**
 * Parameters that may differ from item to item. One that holds no expression is the same for all, and is read once:
 * n8n walks through each value it gives out, and looks for the field among all fields of the node.
 */
import type { IExecuteFunctions, NodeParameterValueType } from 'n8n-workflow';
import { isRecord } from '../engine/isRecord';

/** Gives the value for an item. @throws what n8n says of an expression that fails */
export type PerItem<Value> = (itemIndex: number) => Value;

export function readPerItem(
	node: IExecuteFunctions,
	parameter: string,
	fallback: NodeParameterValueType,
): PerItem<unknown> {
	const written = node.getNodeParameter(parameter, 0, fallback, { rawExpressions: true });
	return onceIf(!hasExpression(written), (itemIndex) =>
		node.getNodeParameter(parameter, itemIndex, fallback),
	);
}

/**
 * @param isSame whether all items have the same value
 * @returns the same reader, which reads once then; a reading that throws is repeated
 */
export function onceIf<Value>(isSame: boolean, read: PerItem<Value>): PerItem<Value> {
	if (!isSame) return read;
	let known: { readonly value: Value } | undefined;
	return (itemIndex) => (known ??= { value: read(itemIndex) }).value;
}

/** @param written a value as it stands in the node */
export function hasExpression(written: unknown): boolean {
	if (typeof written === 'string') return written.startsWith('=');
	if (Array.isArray(written)) return written.some(hasExpression);
	return isRecord(written) && Object.values(written).some(hasExpression);
}
