/** The item of the output Summary: what came of a whole batch. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import { endSentence } from '../engine/failure';
import { moneyText } from '../engine/spending/amount';
import type { BatchResult, ModelTimes, Summary } from '../engine/summing/summary';
import type { Spread } from '../engine/summing/spread';
import { costSumField } from './costFields';

export function summaryItem(summary: Summary, result: BatchResult): INodeExecutionData {
	const { progress, requests, startedAt, elapsed, retryBudget, concurrency } = result;
	const { items, outcomes, failures, generated, reused, models, course, costs } = summary;
	const json: IDataObject = {
		message: sentence(summary, result),
		items,
		outcomes: { ...outcomes },
		failures: failures.map(({ example, ...group }) => ({
			...group,
			example: {
				message: example.message,
				...(example.requestId && { request_id: example.requestId }),
			},
		})),
		generated,
		reused,
		found_in_history: progress.foundInHistory,
		retries: {
			used: progress.retriesUsed,
			...(retryBudget !== undefined && { budget: retryBudget }),
		},
		started_at: new Date(startedAt).toISOString(),
		ended_at: new Date(startedAt + elapsed).toISOString(),
		wall_time: rounded(elapsed / SECOND),
		work_time: rounded(summary.work),
		work_alone: rounded(summary.workAlone),
		throughput_per_minute: rounded(summary.throughput),
		models: models.map(modelField),
		concurrency: {
			...(concurrency !== undefined && { setting: concurrency }),
			peak_in_flight: progress.peakInFlight,
			over_time: course.map(({ at, inFlight }) => ({ seconds: at, in_flight: inFlight })),
		},
		pushbacks: progress.pushbacks,
		requests: { total: sumOf(Object.values(requests)), ...requests },
		...(costs[0] && { cost: costSumField(costs[0]) }),
		...(progress.stoppedFor && { stopped_for: progress.stoppedFor.message }),
	};
	return { json };
}

/** One sentence that can be posted to a chat as it is. */
export function sentence(summary: Summary, { elapsed, ended, progress }: BatchResult): string {
	const { items, outcomes, reused, failures, costs } = summary;
	const done = (outcomes.completed ?? 0) + (outcomes.submitted ?? 0);
	const parts = [
		`${done} of ${items} ${items === 1 ? 'item' : 'items'} done in ${duration(elapsed)}`,
	];
	if (reused > 0) parts.push(`${reused} of them found in fal’s history`);
	for (const { currency, billed, estimated, perhaps } of costs) {
		const more =
			perhaps > 0 ? ` (and perhaps ${moneyText(perhaps, currency)} for what failed)` : '';
		parts.push(`cost ${moneyText(billed + estimated, currency)}${more}`);
	}
	const [most] = failures;
	if (most) {
		const failed = failures.reduce((sum, { count }) => sum + count, 0);
		parts.push(`${failed} failed, most often ${most.type} (${most.count})`);
	}
	const { stoppedFor } = progress;
	if (!stoppedFor) return `Fal Batch: ${parts.join('; ')}.`;
	parts.push(ended.length === 0 ? 'nothing was submitted' : 'it stopped submitting');
	return `Fal Batch: ${parts.join('; ')}: ${endSentence(stoppedFor.message)}`;
}

function modelField({
	model,
	items,
	completed,
	queueTime,
	inferenceTime,
}: ModelTimes): IDataObject {
	return {
		model,
		items,
		completed,
		...(queueTime && { queue_time: spreadField(queueTime) }),
		...(inferenceTime && { inference_time: spreadField(inferenceTime) }),
	};
}

function spreadField({ median, p90, longest }: Spread): IDataObject {
	return { median: rounded(median), p90: rounded(p90), longest: rounded(longest) };
}

function duration(ms: number): string {
	const seconds = Math.round(ms / SECOND);
	if (seconds < 120) return `${seconds} s`;
	const minutes = Math.round(seconds / 60);
	return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

function rounded(figure: number): number {
	return Math.round(figure * 1_000) / 1_000;
}

function sumOf(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
