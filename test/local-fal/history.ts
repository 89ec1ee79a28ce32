/** The account's request history, as the Platform API shows it (fal-queue.md 6). */
import { answerOf } from './jobs';
import type { Ending, Job } from './jobs';
import { isObject } from './json';

export type HistoryStatus = 'success' | 'error' | 'user_error';

export interface HistoryQuestion {
	readonly endpointId: string;
	/** Milliseconds since 1970. */
	readonly start: number;
	readonly end: number;
	readonly status?: HistoryStatus;
	readonly requestId?: string;
	readonly sortBy: 'ended_at' | 'duration';
	readonly expandPayloads: boolean;
}

type EndedJob = Job & { progress: { status: 'COMPLETED' } };

/** What ended in that time, latest (or longest) first. */
export function historyOf(jobs: Iterable<Job>, question: HistoryQuestion) {
	const { start, end, status, requestId } = question;
	return [...jobs]
		.filter(hasEnded)
		.filter((job) => job.model.id === question.endpointId)
		.filter((job) => requestId === undefined || job.requestId === requestId)
		.filter(({ progress }) => progress.endedAt >= start && progress.endedAt <= end)
		.filter(({ progress }) => status === undefined || statusOf(progress.ending) === status)
		.map((job) => itemOf(job, question.expandPayloads))
		.sort((a, b) =>
			question.sortBy === 'duration'
				? b.duration - a.duration
				: b.ended_at.localeCompare(a.ended_at),
		);
}

function hasEnded(job: Job): job is EndedJob {
	return job.progress.status === 'COMPLETED';
}

function statusOf(ending: Ending): HistoryStatus {
	const { status } = answerOf('', ending);
	if (status < 400) return 'success';
	return status < 500 ? 'user_error' : 'error';
}

function itemOf(job: EndedJob, expandPayloads: boolean) {
	const { startedAt = job.progress.endedAt, endedAt, ending } = job.progress;
	const { status, body } = answerOf(job.requestId, ending);
	// Neither X-Fal-Store-IO: 0 nor sync_mode leaves anything here (2.1, section 6).
	const isSync = isObject(job.input) && job.input.sync_mode === true;
	return {
		request_id: job.requestId,
		endpoint_id: job.model.id,
		sent_at: isoTime(job.acceptedAt),
		started_at: isoTime(startedAt),
		ended_at: isoTime(endedAt),
		status_code: status,
		duration: (endedAt - startedAt) / 1000,
		...(expandPayloads && {
			json_input: job.storesPayloads ? job.input : null,
			json_output: job.storesPayloads && !isSync ? body : null,
		}),
	};
}

function isoTime(at: number): string {
	return new Date(at).toISOString();
}
