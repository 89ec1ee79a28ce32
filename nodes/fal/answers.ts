/**
 * What fal's answers must look like. Each body is checked here, where it enters, and trusted after
 * that; what is not as it should be gives `undefined`.
 *
 * Facts: https://fal.ai/docs/documentation/model-apis/inference/queue.md
 */
import { isRecord } from '../engine/isRecord';
import type { Accepted, CancelVerdict, LogLine, StatusReport } from '../engine/transport';

/** IDs are opaque, but they become part of an address: nothing in them may change its path. */
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,199}$/;

export function isRequestId(value: unknown): value is string {
	return typeof value === 'string' && REQUEST_ID.test(value);
}

export function readAccepted(body: unknown): Accepted | undefined {
	if (!isRecord(body) || !isRequestId(body.request_id)) return undefined;
	const queuePosition = readCount(body.queue_position);
	return { requestId: body.request_id, ...(queuePosition !== undefined && { queuePosition }) };
}

export function readStatus(body: unknown): StatusReport | undefined {
	if (!isRecord(body)) return undefined;
	const logs = readLogs(body.logs);
	switch (body.status) {
		case 'IN_QUEUE': {
			const queuePosition = readCount(body.queue_position);
			return { status: 'IN_QUEUE', logs, ...(queuePosition !== undefined && { queuePosition }) };
		}
		case 'IN_PROGRESS':
			return { status: 'IN_PROGRESS', logs };
		case 'COMPLETED': {
			const time = isRecord(body.metrics) ? body.metrics.inference_time : undefined;
			const known = typeof time === 'number' && Number.isFinite(time) && time >= 0;
			const { error, error_type: errorType } = body;
			return {
				status: 'COMPLETED',
				logs,
				...(known && { inferenceTime: time }),
				...(typeof error === 'string' && error !== '' && { error }),
				...(typeof errorType === 'string' && errorType !== '' && { errorType }),
			};
		}
		default:
			return undefined;
	}
}

/** A cancel that came too late is refused with 400, one for an unknown request with 404. */
export function readCancelRefusal(status: number, body: unknown): CancelVerdict | undefined {
	const word = isRecord(body) ? body.status : undefined;
	if (word === 'ALREADY_COMPLETED') return 'ALREADY_COMPLETED';
	return word === 'NOT_FOUND' || status === 404 ? 'NOT_FOUND' : undefined;
}

function readLogs(logs: unknown): LogLine[] {
	if (!Array.isArray(logs)) return [];
	return logs.filter(isRecord).map(({ message, timestamp, level, source }) => ({
		message: typeof message === 'string' ? message : '',
		...(typeof timestamp === 'string' && { timestamp }),
		...(typeof level === 'string' && { level }),
		...(typeof source === 'string' && { source }),
	}));
}

function readCount(value: unknown): number | undefined {
	return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}
