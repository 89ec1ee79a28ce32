/** Check, Wait and Cancel: each request to exactly one output. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { askToCancel } from '../engine/cancel';
import { MINUTE } from '../engine/clock';
import type { Watch } from '../engine/follow';
import { type PollBounds, PollSchedules } from '../engine/pollSchedule';
import { type Found, lookOnce, lookUntilDone } from '../engine/lookup';
import { readFailure } from '../engine/failure';
import type { CancelVerdict, Handle, Reply } from '../engine/transport';
import { endingFields, isSuccess, toErrorField } from '../n8n/items';
import type { RejectedRequest, Request, Requests } from './requests';

/** Outputs Completed, Failed and Pending. */
export async function check({ requests, rejected }: Requests, watch: Watch) {
	const found = await Promise.all(requests.map(({ handle }) => lookOnce(handle, watch)));
	return sorted(requests, found, rejected);
}

/**
 * Outputs Completed, Failed and Pending.
 *
 * @param maxWait minutes for all requests together
 */
export async function wait(
	{ requests, rejected }: Requests,
	maxWait: number,
	pollBounds: PollBounds,
	watch: Watch,
) {
	const schedules = new PollSchedules(pollBounds);
	const now = watch.clock.now();
	const deadline = now + maxWait * MINUTE;
	const found = await Promise.all(
		requests.map(({ handle, submittedAt = now }) =>
			lookUntilDone(handle, Math.min(submittedAt, now), deadline, {
				...watch,
				schedule: schedules.of(handle.model),
			}),
		),
	);
	return sorted(requests, found, rejected);
}

/** Outputs Cancelled and Not Cancelled. */
export async function cancel(
	{ requests, rejected }: Requests,
	{ transport, clock, random }: Watch,
): Promise<INodeExecutionData[][]> {
	const replies = await Promise.all(
		requests.map(({ handle }) => askToCancel(handle, transport, clock, random)),
	);
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

function cancelFields(reply: Reply<CancelVerdict>): IDataObject {
	switch (reply.kind) {
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

function sorted(
	requests: readonly Request[],
	found: readonly Found[],
	rejected: readonly RejectedRequest[],
): INodeExecutionData[][] {
	const completed: INodeExecutionData[] = [];
	const failed = rejected.map(rejectedItem);
	const pending: INodeExecutionData[] = [];
	requests.forEach(({ handle, itemIndex }, index) => {
		const one = found[index]!;
		const json = { ...handleFields(handle), ...foundFields(one) };
		const output = one.kind === 'pending' ? pending : isSuccess(one.ending) ? completed : failed;
		output.push({ json, pairedItem: { item: itemIndex } });
	});
	return [completed, inItemOrder(failed), pending];
}

function foundFields(found: Found): IDataObject {
	if (found.kind === 'ended') return endingFields(found.ending);
	const { status, queuePosition, logs, failure } = found;
	return {
		...(status && { status }),
		...(queuePosition !== undefined && { queue_position: queuePosition }),
		...(logs.length > 0 && { logs: logs.map((line) => ({ ...line })) }),
		...(failure && { error: toErrorField(failure, 'unknown') }),
	};
}

function handleFields({ requestId, model }: Handle): IDataObject {
	return { request_id: requestId, model };
}

function rejectedItem({ itemIndex, failure }: RejectedRequest): INodeExecutionData {
	const json = { error: toErrorField(failure, 'unknown') };
	return { json, pairedItem: { item: itemIndex } };
}

function inItemOrder(items: INodeExecutionData[]): INodeExecutionData[] {
	const place = ({ pairedItem }: INodeExecutionData) =>
		typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : 0;
	return items.sort((a, b) => place(a) - place(b));
}
