/** The account's request history, as the Platform API shows it (fal-queue.md 6). */
import { answerOf } from './jobs';
import type { Ending, Job } from './jobs';
import { isObject } from './json';

export type HistoryStatus = 'success' | 'error' | 'user_error';

export interface HistoryQuestion {
	readonly endpointIds: readonly string[];
	/** Milliseconds since 1970. */
	readonly start: number;
	/** Exclusive. */
	readonly end: number;
	readonly status?: HistoryStatus;
	readonly requestId?: string;
	readonly sortBy: 'ended_at' | 'duration';
	/** What is known now: all that had happened until then, in milliseconds since 1970. */
	readonly asOf: number;
	readonly showsOpen: boolean;
}

/** A job as the history saw it. */
export interface HistoryEntry {
	readonly job: Job;
	/** Absent while it is queued or runs. */
	readonly end: JobEnd | undefined;
}

interface JobEnd {
	readonly startedAt: number;
	readonly endedAt: number;
	readonly ending: Ending;
}

/**
 * What ended in that time, latest (or longest) first; in front of it what is still open, if that is
 * shown, latest first. Thousands of jobs are sorted as they are: only a page of them is written out.
 */
export function historyOf(jobs: Iterable<Job>, question: HistoryQuestion): HistoryEntry[] {
	const { endpointIds, start, end, status, requestId, asOf, showsOpen } = question;
	const entries: HistoryEntry[] = [];
	for (const job of jobs) {
		if (!endpointIds.includes(job.model.id) || job.acceptedAt > asOf) continue;
		if (requestId !== undefined && job.requestId !== requestId) continue;
		const entry = { job, end: endOf(job, asOf) };
		const at = entry.end?.endedAt ?? job.acceptedAt;
		if (at < start || at >= end || (!entry.end && !showsOpen)) continue;
		if (status !== undefined && (!entry.end || statusOf(entry.end.ending) !== status)) continue;
		entries.push(entry);
	}
	const rank = question.sortBy === 'duration' ? duration : latest;
	// Who has no end yet comes first, as a database sorts what is null.
	return entries.sort((a, b) => Number(!!a.end) - Number(!!b.end) || rank(b) - rank(a));
}

/** An entry as it is sent. */
export function historyItem({ job, end }: HistoryEntry, expandPayloads: boolean) {
	const answer = end && answerOf(job.requestId, end.ending);
	// Neither X-Fal-Store-IO: 0 nor sync_mode leaves anything here (2.1, section 6).
	const isSync = isObject(job.input) && job.input.sync_mode === true;
	return {
		request_id: job.requestId,
		endpoint_id: job.model.id,
		sent_at: isoTime(job.acceptedAt),
		// Never null, says the schema; so it can't tell whether the job has started.
		started_at: isoTime(end?.startedAt ?? job.acceptedAt),
		ended_at: end ? isoTime(end.endedAt) : null,
		status_code: answer ? answer.status : null,
		duration: end ? (end.endedAt - end.startedAt) / 1000 : null,
		...(expandPayloads && {
			json_input: job.storesPayloads ? job.input : null,
			json_output: answer && job.storesPayloads && !isSync ? answer.body : null,
		}),
	};
}

function endOf({ progress }: Job, asOf: number): JobEnd | undefined {
	if (progress.status !== 'COMPLETED' || progress.endedAt > asOf) return undefined;
	const { startedAt = progress.endedAt, endedAt, ending } = progress;
	return { startedAt, endedAt, ending };
}

function latest({ job, end }: HistoryEntry): number {
	return end?.endedAt ?? job.acceptedAt;
}

function duration({ job, end }: HistoryEntry): number {
	return end ? end.endedAt - end.startedAt : job.acceptedAt;
}

function statusOf(ending: Ending): HistoryStatus {
	const { status } = answerOf('', ending);
	if (status < 400) return 'success';
	return status < 500 ? 'user_error' : 'error';
}

function isoTime(at: number): string {
	return new Date(at).toISOString();
}
