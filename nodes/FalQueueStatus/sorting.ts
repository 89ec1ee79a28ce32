/** Puts each request on exactly one output, by what was learned about it. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { type Failure, readFailure } from '../engine/failure';
import { isRefusedKey } from '../engine/following/barrier';
import type { Found } from '../engine/following/lookup';
import { isSuccess } from '../engine/job';
import type { CancelVerdict, Handle, Reply } from '../engine/transport';
import { endingFields, resultFirst, toErrorField } from '../n8n/items';
import type { Downloads } from '../n8n/media/downloads';
import { inItemOrder } from '../n8n/toolAnswer';
import type { RejectedRequest, Requests } from './requests';

/** Nothing was learned: fal was not asked. */
export interface Unfinished {
	readonly kind: 'unfinished';
	readonly message: string;
}

/** @returns outputs Completed, Failed and Pending */
export function sortFound(
	{ requests, rejected }: Requests,
	found: ReadonlyArray<Found | Unfinished>,
	downloads?: Downloads,
): INodeExecutionData[][] {
	const completed: INodeExecutionData[] = [];
	const failed = rejected.map(rejectedItem);
	const pending: INodeExecutionData[] = [];
	const readable = new Set(
		requests.flatMap(({ handle }, index) => (isKnown(found[index]!) ? handle.model : [])),
	);
	requests.forEach(({ handle, itemIndex }, index) => {
		const one = found[index]!;
		const json = resultFirst({ ...handleFields(handle), ...foundFields(one) });
		// Others of its model could be read: the key was refused in the meantime, not the request.
		const isOpen = one.kind !== 'ended' || (refusalOf(one) && readable.has(handle.model));
		const item = { json, pairedItem: { item: itemIndex } };
		if (isOpen) pending.push(item);
		else if (isSuccess(one.ending)) completed.push(...(downloads?.itemsOf(index, item) ?? [item]));
		else failed.push(item);
	});
	return [completed, inItemOrder(failed), pending];
}

/** @returns outputs Cancelled and Not Cancelled */
export function sortCancelled(
	{ requests, rejected }: Requests,
	replies: ReadonlyArray<Reply<CancelVerdict> | Unfinished>,
): INodeExecutionData[][] {
	const cancelled: INodeExecutionData[] = [];
	const not = rejected.map(rejectedItem);
	requests.forEach(({ handle, itemIndex }, index) => {
		const reply = replies[index]!;
		const json = { ...handleFields(handle), ...cancelFields(reply) };
		const item = { json, pairedItem: { item: itemIndex } };
		if (reply.kind === 'answered' && reply.body === 'CANCELLATION_REQUESTED') cancelled.push(item);
		else not.push(item);
	});
	return [cancelled, inItemOrder(not)];
}

/** Why fal does not let it be read with this key, if that is so. */
export function refusalOf(found: Found): Failure | undefined {
	if (found.kind !== 'ended' || found.ending.outcome !== 'unknown') return undefined;
	const { failure } = found.ending;
	return isRefusedKey(failure) ? failure : undefined;
}

function isKnown(found: Found | Unfinished): boolean {
	return found.kind !== 'unfinished' && !refusalOf(found);
}

function foundFields(found: Found | Unfinished): IDataObject {
	switch (found.kind) {
		case 'unfinished':
			return { error: unfinishedField(found) };
		case 'ended':
			return endingFields(found.ending);
		case 'pending': {
			const { status, queuePosition, logs, failure } = found;
			return {
				...(status && { status }),
				...(queuePosition !== undefined && { queue_position: queuePosition }),
				...(logs.length > 0 && { logs: logs.map((line) => ({ ...line })) }),
				...(failure && { error: toErrorField(failure, 'unknown') }),
			};
		}
	}
}

function cancelFields(reply: Reply<CancelVerdict> | Unfinished): IDataObject {
	switch (reply.kind) {
		case 'unfinished':
			return { error: unfinishedField(reply) };
		case 'answered':
			return { status: reply.body };
		case 'rejected': {
			const failure = readFailure(reply.status, reply.headers, reply.body);
			return { error: toErrorField({ ...failure, retryable: true }, 'unknown') };
		}
		case 'unreadable':
		case 'unsent':
		case 'lost': {
			const message = `fal did not answer the cancel: ${reply.reason}. The job may be running.`;
			return { error: toErrorField({ type: 'no_answer', message, retryable: true }, 'unknown') };
		}
	}
}

function unfinishedField({ message }: Unfinished): IDataObject {
	return toErrorField({ type: 'not_seen', message, retryable: true }, 'unknown');
}

function handleFields({ requestId, model }: Handle): IDataObject {
	return { request_id: requestId, model };
}

/** With what was given, so that a request ID is not lost because its model was wrong. */
function rejectedItem({ itemIndex, given, failure }: RejectedRequest): INodeExecutionData {
	const json = { ...given, error: toErrorField(failure, 'unknown') };
	return { json, pairedItem: { item: itemIndex } };
}
