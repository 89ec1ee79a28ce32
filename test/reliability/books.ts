/**
 * The books of a run: what fal generated, against what came out. Whatever went wrong, every item comes
 * out once, nothing is generated twice, and no request id is lost.
 */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Outcome } from '../n8n-core/runNode';

/** Recognisable wherever it might turn up. */
export const API_KEY = 'reliability-key-id:reliability-key-secret';
const KEY_PARTS = ['reliability-key', Buffer.from(API_KEY).toString('base64')];

export interface Books {
	/** Prompts of the items that went in, each one different. */
	readonly prompts: readonly string[];
	readonly jobs: Iterable<BookedJob>;
	/** Every item that came out, with the place of the item it was made from. */
	readonly items: readonly INodeExecutionData[];
}

/** A job, as fal has it. */
export interface BookedJob {
	readonly requestId: string;
	readonly prompt: string;
	/** Whether the answer to its submit could be read by who sent it. */
	readonly idGivenOut: boolean;
	/** Whether it ended in a failure after which fal itself advises to submit again. */
	readonly mayBeRepeated: boolean;
}

export interface Balance {
	readonly itemsIn: number;
	readonly itemsOut: number;
	/** Items that came out more than once, or never. */
	readonly astray: number;
	readonly generated: number;
	readonly generatedTwice: number;
	readonly idsLost: number;
}

export function balance({ prompts, jobs, items }: Books): Balance {
	const out = new Map<number, IDataObject[]>();
	for (const { json, pairedItem } of items) {
		const place = placeOf({ pairedItem });
		out.set(place, [...(out.get(place) ?? []), json]);
	}
	const places = new Map(prompts.map((prompt, place) => [prompt, place]));
	const paid = new Map<string, number>();
	let generated = 0;
	let idsLost = 0;
	for (const { prompt, requestId, idGivenOut, mayBeRepeated } of jobs) {
		generated++;
		if (!mayBeRepeated) paid.set(prompt, (paid.get(prompt) ?? 0) + 1);
		const [item] = out.get(places.get(prompt) ?? -1) ?? [];
		if (idGivenOut && !idsIn(item).includes(requestId)) idsLost++;
	}
	return {
		itemsIn: prompts.length,
		itemsOut: items.length,
		astray: prompts.filter((_, place) => out.get(place)?.length !== 1).length,
		generated,
		generatedTwice: [...paid.values()].filter((times) => times > 1).length,
		idsLost,
	};
}

/** What must not be, in words; nothing when the books are in order. */
export function complaints({ astray, generatedTwice, idsLost }: Balance): string[] {
	return [
		astray > 0 && `${astray} items did not come out once`,
		generatedTwice > 0 && `${generatedTwice} items were generated twice`,
		idsLost > 0 && `${idsLost} request ids were lost`,
	].filter((complaint) => complaint !== false);
}

/** Whether the API key is in anything that the run has written: outputs, errors, hints, logs. */
export function leaksKey({ everythingWritten }: Pick<Outcome, 'everythingWritten'>): boolean {
	return KEY_PARTS.some((part) => everythingWritten.includes(part));
}

export function placeOf({ pairedItem }: Pick<INodeExecutionData, 'pairedItem'>): number {
	if (typeof pairedItem === 'object' && 'item' in pairedItem) return pairedItem.item;
	throw new TypeError(`An item is linked to no single other: ${JSON.stringify(pairedItem)}`);
}

function idsIn(item: IDataObject | undefined): unknown[] {
	const earlier = item?.earlier_request_ids;
	return [item?.request_id, ...(Array.isArray(earlier) ? earlier : [])];
}
