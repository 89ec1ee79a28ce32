/** What came of a batch, in figures: for a person who was not there, and for a report. */
import type { BatchProgress } from '../batch/ledger';
import { SECOND } from '../clock';
import type { Failure } from '../failure';
import { type EndedJob, isSuccess } from '../job';
import { type CostSum, type JobCost, sumOfCosts } from '../spending/cost';
import { type Spread, spreadOf } from './spread';

export interface BatchResult {
	readonly ended: readonly EndedJob[];
	/** By job; empty where there are no prices. */
	readonly costs: ReadonlyArray<JobCost | undefined>;
	/** Why items could not become a job. */
	readonly rejected: readonly Failure[];
	readonly progress: BatchProgress;
	/** Absent in a run that could not begin, as is the concurrency. */
	readonly retryBudget?: number;
	readonly concurrency?: number;
	/** HTTP requests by kind. */
	readonly requests: Readonly<Record<string, number>>;
	/** Milliseconds since the epoch. */
	readonly startedAt: number;
	/** Milliseconds. */
	readonly elapsed: number;
}

export interface Summary {
	readonly items: number;
	/** Items by how they ended; only those that there are. */
	readonly outcomes: Readonly<Record<string, number>>;
	/** The most frequent first. */
	readonly failures: readonly FailureGroup[];
	/** Completed by a request of this run; and by one that was found in fal's history. */
	readonly generated: number;
	readonly reused: number;
	/** Seconds of work by fal's own figures: all of it, and the least it takes at this concurrency. */
	readonly work: number;
	readonly workAlone: number;
	/** Completed items a minute. */
	readonly throughput: number;
	readonly models: readonly ModelTimes[];
	/** In flight over time. */
	readonly course: readonly Sample[];
	readonly costs: readonly CostSum[];
}

export interface FailureGroup {
	readonly type: string;
	readonly outcome: string;
	readonly count: number;
	readonly example: { readonly message: string; readonly requestId?: string };
}

export interface ModelTimes {
	readonly model: string;
	readonly items: number;
	readonly completed: number;
	/** In seconds; absent where fal gave no figures. */
	readonly queueTime?: Spread;
	readonly inferenceTime?: Spread;
}

export interface Sample {
	/** Seconds after the start. */
	readonly at: number;
	readonly inFlight: number;
}

export function summarize(result: BatchResult): Summary {
	const { ended, rejected, elapsed, concurrency = 1 } = result;
	const completed = ended.filter(({ ending }) => isSuccess(ending));
	const reused = completed.filter(isReused).length;
	const times = ended.flatMap((job) => (isReused(job) ? [] : (inferenceTimeOf(job) ?? [])));
	const work = times.reduce((sum, time) => sum + time, 0);
	const longest = times.reduce((most, time) => Math.max(most, time), 0);
	return {
		items: ended.length + rejected.length,
		outcomes: outcomesOf(ended, rejected.length),
		failures: failuresOf(ended, rejected),
		generated: completed.length - reused,
		reused,
		work,
		workAlone: Math.max(work / concurrency, longest),
		throughput: elapsed > 0 ? completed.length / (elapsed / (60 * SECOND)) : 0,
		models: modelsOf(ended),
		course: courseOf(result),
		costs: sumOfCosts(result.costs),
	};
}

/** Not made by this run, unless it was a submit of its own that got lost and was found. */
export function isReused({ foundInHistory, attempts }: EndedJob): boolean {
	return foundInHistory === true && attempts === 0;
}

export function inferenceTimeOf({ ending }: EndedJob): number | undefined {
	return 'inferenceTime' in ending ? ending.inferenceTime : undefined;
}

function outcomesOf(ended: readonly EndedJob[], rejected: number): Record<string, number> {
	const counts: Record<string, number> = {};
	const count = (outcome: string, by = 1) => (counts[outcome] = (counts[outcome] ?? 0) + by);
	for (const { ending } of ended) count(ending.outcome);
	if (rejected > 0) count('not_submitted', rejected);
	return counts;
}

function failuresOf(ended: readonly EndedJob[], rejected: readonly Failure[]): FailureGroup[] {
	const groups = new Map<string, FailureGroup & { count: number }>();
	const add = (failure: Failure, outcome: string, requestId?: string) => {
		const { type, message } = failure;
		const key = `${outcome} ${type}`;
		const example = { message, ...(requestId !== undefined && { requestId }) };
		const group = groups.get(key) ?? { type, outcome, count: 0, example };
		group.count++;
		groups.set(key, group);
	};
	for (const { ending, handle } of ended) {
		if (!isSuccess(ending)) add(ending.failure, ending.outcome, handle?.requestId);
	}
	for (const failure of rejected) add(failure, 'not_submitted');
	return [...groups.values()].sort((a, b) => b.count - a.count);
}

function modelsOf(ended: readonly EndedJob[]): ModelTimes[] {
	const byModel = new Map<string, EndedJob[]>();
	for (const job of ended) {
		const jobs = byModel.get(job.submission.model) ?? [];
		byModel.set(job.submission.model, jobs);
		jobs.push(job);
	}
	return [...byModel].map(([model, jobs]) => {
		const measured = jobs.filter((job) => !isReused(job));
		const inferenceTime = spreadOf(measured.flatMap((job) => inferenceTimeOf(job) ?? []));
		const queueTime = spreadOf(measured.flatMap((job) => queueTimeOf(job) ?? []));
		return {
			model,
			items: jobs.length,
			completed: jobs.filter(({ ending }) => isSuccess(ending)).length,
			...(queueTime && { queueTime }),
			...(inferenceTime && { inferenceTime }),
		};
	});
}

/** Seconds: the time from fal's yes to the end that was not work. */
export function queueTimeOf(job: EndedJob): number | undefined {
	const { submittedAt, endedAt } = job;
	const worked = inferenceTimeOf(job);
	if (submittedAt === undefined || worked === undefined) return undefined;
	return Math.max(0, (endedAt - submittedAt) / SECOND - worked);
}

/** As many as a line needs. */
const SAMPLES = 60;

function courseOf({ ended, startedAt, elapsed }: BatchResult): Sample[] {
	const steps = ended
		.flatMap((job) => {
			const { submittedAt, endedAt } = job;
			return submittedAt === undefined || isReused(job)
				? []
				: [
						{ at: submittedAt, by: 1 },
						{ at: endedAt, by: -1 },
					];
		})
		.sort((a, b) => a.at - b.at);
	let inFlight = 0;
	let next = 0;
	return Array.from({ length: SAMPLES + 1 }, (_, index) => {
		const after = (elapsed * index) / SAMPLES;
		for (; next < steps.length && steps[next]!.at <= startedAt + after; next++) {
			inFlight += steps[next]!.by;
		}
		return { at: Math.round(after) / SECOND, inFlight };
	});
}
