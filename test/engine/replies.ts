/** What fal can say to a call, in as few words as a test needs. */
import type {
	Accepted,
	LogLine,
	Reply,
	ReplyHeaders,
	Result,
	StatusReport,
} from '../../nodes/engine/transport';

export function answered<Body>(body: Body, status = 200): Reply<Body> {
	return { kind: 'answered', status, headers: {}, body };
}

export function rejected(status: number, body?: unknown, headers: ReplyHeaders = {}) {
	return { kind: 'rejected', status, headers, body } as const;
}

export const lost = { kind: 'lost', reason: 'the connection was reset' } as const;
export const unsent = { kind: 'unsent', reason: 'the connection was refused' } as const;
export const unreadable = {
	kind: 'unreadable',
	status: 200,
	reason: 'the answer is empty',
} as const;

export function accepted(requestId: string, queuePosition?: number): Reply<Accepted> {
	return answered({ requestId, ...(queuePosition !== undefined && { queuePosition }) });
}

export function inQueue(queuePosition?: number): Reply<StatusReport> {
	const place = queuePosition === undefined ? {} : { queuePosition };
	return answered({ status: 'IN_QUEUE', logs: [], ...place }, 202);
}

export function inProgress(logs: LogLine[] = []): Reply<StatusReport> {
	return answered({ status: 'IN_PROGRESS', logs }, 202);
}

export function completed(inferenceTime?: number, logs: LogLine[] = []): Reply<StatusReport> {
	const time = inferenceTime === undefined ? {} : { inferenceTime };
	return answered({ status: 'COMPLETED', logs, ...time });
}

/** With it fal says already that the job failed, as it does of errors of its own machinery. */
export const completedWithoutRunner: Reply<StatusReport> = answered({
	status: 'COMPLETED',
	logs: [],
	error: 'Runner disconnected',
	errorType: 'runner_disconnected',
});

export function output(value: unknown): Reply<Result> {
	return answered({ output: value });
}

/** A job's own error for a reason that may pass, as fal words it. */
export const runnerLost = rejected(
	503,
	{ detail: 'Runner disconnected', error_type: 'runner_disconnected' },
	{ 'x-fal-error-type': 'runner_disconnected' },
);

/** A job's own error for good. */
export const promptMissing = rejected(422, {
	detail: [{ loc: ['body', 'prompt'], msg: 'Field required', type: 'missing', input: {} }],
});
