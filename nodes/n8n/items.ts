/** From ended jobs to n8n items: the shapes that the nodes give out, in fal's field names. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import type { Failure } from '../engine/failure';
import type { EndedJob, Ending, Unsuccessful } from '../engine/job';

/** Whether the job's item belongs on the first output. */
export function isSuccess(ending: Ending): ending is Exclude<Ending, Unsuccessful> {
	return ending.outcome === 'completed' || ending.outcome === 'submitted';
}

/** @param itemIndex of the input item that the job was made for */
export function toItem(job: EndedJob, itemIndex: number): INodeExecutionData {
	const json = { ...identity(job), ...endingFields(job.ending, course(job)) };
	return { json, pairedItem: { item: itemIndex } };
}

/**
 * How a job ended, in the order in which a person looks for it.
 *
 * @param between what stands between the output and the rest
 */
export function endingFields(ending: Ending, between: IDataObject = {}): IDataObject {
	return {
		...(ending.outcome === 'submitted' && { status: ending.status }),
		...(ending.outcome === 'completed' && {
			status: 'COMPLETED',
			output: ending.output as IDataObject,
		}),
		...between,
		...('inferenceTime' in ending && { inference_time: ending.inferenceTime }),
		...('billableUnits' in ending && { billable_units: ending.billableUnits }),
		...('logs' in ending &&
			ending.logs?.length && { logs: ending.logs.map((line) => ({ ...line })) }),
		...(!isSuccess(ending) && { error: toErrorField(ending.failure, ending.outcome) }),
	};
}

/** The item of something that never became a job. */
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

function identity({ handle, submission, failedAttempts, foundInHistory }: EndedJob): IDataObject {
	const earlier = failedAttempts.flatMap((attempt) => attempt.handle?.requestId ?? []);
	return {
		...(handle && { request_id: handle.requestId }),
		model: submission.model,
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
