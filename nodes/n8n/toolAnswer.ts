/**
 * What an AI Agent is told when a node runs as its tool. An agent gets only the first output, as JSON, so
 * everything is on it; and from what it reads it decides whether to call, and pay, again.
 */
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { endSentence } from '../engine/failure';
import { isRecord } from '../engine/isRecord';

/** For each node that is usable as a tool n8n makes a separate node type, whose name ends in this. */
export function isTool(node: Pick<IExecuteFunctions, 'getNode'>): boolean {
	return node.getNode().type.endsWith('Tool');
}

/** An item as the node outputs it, with its error taken apart. */
export interface Told {
	readonly fields: IDataObject;
	/** How it ended if it did not succeed: as in the field `error`. */
	readonly outcome?: string;
	readonly type?: string;
	readonly isRetryable: boolean;
}

/**
 * @param advise says in words what to do about an item; nothing where there is nothing to do
 * @returns all outputs as one, in the order of the items, with errors as words to act on
 */
export function answerToAgent(
	outputs: readonly INodeExecutionData[][],
	advise: (told: Told) => string | undefined,
): INodeExecutionData[][] {
	const items = outputs.flat().map((item) => ({ ...item, json: inWords(item.json, advise) }));
	return [inItemOrder(items)];
}

/** Sorts items that come from several outputs by the items they were made for. */
export function inItemOrder(items: INodeExecutionData[]): INodeExecutionData[] {
	const place = ({ pairedItem }: INodeExecutionData) =>
		typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : 0;
	return items.sort((a, b) => place(a) - place(b));
}

/**
 * Without a field `error`: n8n's Retry On Fail takes one on the first item as a reason to run the node again.
 */
function inWords(
	{ error, ...fields }: IDataObject,
	advise: (told: Told) => string | undefined,
): IDataObject {
	if (!isRecord(error)) {
		const advice = advise({ fields, isRetryable: false });
		return advice ? { ...fields, message: advice } : fields;
	}
	const { type, message, outcome, retryable } = error as IDataObject;
	const advice = advise({
		fields,
		outcome: String(outcome),
		type: String(type),
		isRetryable: retryable === true,
	});
	return {
		...fields,
		outcome,
		reason: type,
		message: advice ? `${endSentence(String(message))} ${advice}` : message,
	};
}
