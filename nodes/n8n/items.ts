/** From ended jobs to n8n items: the shapes that the nodes output, in fal's field names. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import type { Failure } from '../engine/failure';
import { type EndedJob, type Ending, isSuccess, type Unsuccessful } from '../engine/job';
import { responseUrl } from '../fal/modelId';

/** @param itemIndex of the input item that the job was made for */
export function toItem(job: EndedJob, itemIndex: number): INodeExecutionData {
	const json = resultFirst({ ...identity(job), ...endingFields(job.ending, course(job)) });
	return { json, pairedItem: { item: itemIndex } };
}

/** In n8n's table, the links of a result that stands behind its id are cut off at the edge of the panel. */
export function resultFirst(fields: IDataObject): IDataObject {
	if (!('output' in fields)) return fields;
	const { output, ...others } = fields;
	return { output, ...others };
}

/**
 * How a job ended, with the fields in the order in which a person looks for them.
 *
 * @param between fields to put between the output and the rest
 */
export function endingFields(ending: Ending, between: IDataObject = {}): IDataObject {
	return {
		...(ending.outcome === 'submitted' && { status: ending.status }),
		...(ending.outcome === 'completed' && {
			status: 'COMPLETED',
			output: ending.output as IDataObject,
		}),
		// Before the figures: in n8n's table, later columns are off the screen.
		...(!isSuccess(ending) && { error: toErrorField(ending.failure, ending.outcome) }),
		...between,
		...('inferenceTime' in ending && { inference_time: ending.inferenceTime }),
		...('billableUnits' in ending && { billable_units: ending.billableUnits }),
		...('logs' in ending &&
			ending.logs?.length && { logs: ending.logs.map((line) => ({ ...line })) }),
	};
}

/** The item for something that never became a job. */
export function toRejectedItem(
	itemIndex: number,
	model: string | undefined,
	failure: Failure,
): INodeExecutionData {
	const json = {
		...(model && { model }),
		attempts: 0,
		error: toErrorField(failure, 'not_submitted'),
	};
	return { json, pairedItem: { item: itemIndex } };
}

export function toErrorField(failure: Failure, outcome: Unsuccessful['outcome']): IDataObject {
	const { type, message, statusCode, detail, retryable } = failure;
	return {
		type,
		message,
		...(statusCode !== undefined && { status_code: statusCode }),
		...(detail !== undefined && { detail: detail as IDataObject }),
		retryable,
		outcome,
	};
}

function identity(job: EndedJob): IDataObject {
	const { handle, submission, failedAttempts, foundInHistory, ending } = job;
	// A result that may exist and could not be read is to be looked for at this address.
	const isLost = ending.outcome === 'unknown' && handle !== undefined;
	const earlier = failedAttempts.flatMap((attempt) => attempt.handle?.requestId ?? []);
	return {
		...(handle && { request_id: handle.requestId }),
		model: submission.model,
		...(isLost && { response_url: responseUrl(handle) }),
		...(earlier.length > 0 && { earlier_request_ids: earlier }),
		...(foundInHistory && { found_in_history: true }),
	};
}

/** When it happened and how long it took; times as ISO 8601, durations in seconds, as fal has them. */
function course({ ending, attempts, submittedAt, endedAt, concurrency }: EndedJob): IDataObject {
	const inferenceTime = 'inferenceTime' in ending ? ending.inferenceTime : undefined;
	const isDone = ending.outcome === 'completed' || ending.outcome === 'failed';
	const total = isDone && submittedAt !== undefined ? (endedAt - submittedAt) / SECOND : undefined;
	return {
		attempts,
		...(submittedAt !== undefined && { submitted_at: new Date(submittedAt).toISOString() }),
		...(total !== undefined && { completed_at: new Date(endedAt).toISOString() }),
		...(total !== undefined &&
			inferenceTime !== undefined && { queue_time: rounded(Math.max(0, total - inferenceTime)) }),
		...(concurrency !== undefined && { concurrency }),
	};
}

function rounded(seconds: number): number {
	return Math.round(seconds * SECOND) / SECOND;
}
