/** What fal says about a job that is asked for its status (fal-queue.md 1.4, 1.5). */
import type { Clock } from './clock';
import { REQUEST_ERRORS } from './errors';
import type { Ending, Job } from './jobs';
import { appOf } from './models';
import type { LocalFalOptions } from './options';
import type { AccountQueue } from './queue';

/** fal's own addresses, as always: who came here by a Base URL goes on by it. */
function urlsOf({ requestId, model }: Job, { jobUrls }: LocalFalOptions) {
	// The app only, without the path behind it, and without the suffix `/response` (1.2).
	const url = `${jobUrls}/${appOf(model.id)}/requests/${requestId}`;
	return { response_url: url, status_url: `${url}/status`, cancel_url: `${url}/cancel` };
}

export function submitAnswer(job: Job, queue: AccountQueue, options: LocalFalOptions) {
	return {
		status: 'IN_QUEUE',
		request_id: job.requestId,
		gateway_request_id: job.gatewayRequestId,
		...urlsOf(job, options),
		queue_position: queue.position(job),
	};
}

interface StatusParts {
	readonly queue: AccountQueue;
	readonly clock: Clock;
	readonly options: LocalFalOptions;
}

/** The status body. `logs` is null unless asked for. */
export function statusOf(job: Job, withLogs: boolean, { queue, clock, options }: StatusParts) {
	const { progress } = job;
	const common = { status: progress.status, request_id: job.requestId, ...urlsOf(job, options) };
	if (progress.status === 'IN_QUEUE') return { ...common, queue_position: queue.position(job) };
	const logs = withLogs ? logsOf(job, clock).slice(-options.logWindow) : null;
	if (progress.status === 'IN_PROGRESS') return { ...common, logs };
	const { startedAt, endedAt, ending } = progress;
	const inference_time = startedAt && clock.between(startedAt, endedAt) / 1000;
	return {
		...common,
		logs,
		metrics: inference_time === undefined ? {} : { inference_time },
		...errorOf(ending, options),
	};
}

/** fal's own errors always show; a model's may not (1.5). */
function errorOf(ending: Ending, options: LocalFalOptions) {
	switch (ending.kind) {
		case 'output':
			return {};
		case 'model_error':
			if (!options.errorOnStatus) return {};
			return { error: ending.detail[0]?.msg, error_type: ending.detail[0]?.type };
		case 'request_error':
			return { error: REQUEST_ERRORS[ending.type].detail, error_type: ending.type };
		case 'cancelled':
			return { error: REQUEST_ERRORS.client_cancelled.detail, error_type: 'client_cancelled' };
	}
}

/** The lines logged so far: the model's lines are spread evenly over the time it takes. */
function logsOf({ progress, model }: Job, clock: Clock) {
	if (progress.status === 'IN_QUEUE' || progress.startedAt === undefined) return [];
	const { startedAt, takes } = progress;
	const until = progress.status === 'COMPLETED' ? progress.endedAt : Date.now();
	return model.logLines
		.map((message, index) => ({
			message,
			at: clock.later(startedAt, (takes * index) / model.logLines.length),
		}))
		.filter(({ at }) => at <= until)
		.map(({ message, at }) => ({
			message,
			timestamp: new Date(at).toISOString(),
			level: 'INFO',
			source: 'USER',
		}));
}
