/** A batch of a thousand items as it might have been, for what is drawn of it. */
import type { EndedJob, Ending } from '../../nodes/engine/job';
import { costOf } from '../../nodes/engine/spending/cost';
import type { Prices } from '../../nodes/engine/spending/price';
import type { BatchResult } from '../../nodes/engine/summing/summary';
import { seeded } from '../engine/simulatedFal';
import { progress } from '../n8n/progress';

const START = Date.parse('2026-11-22T22:00:00Z');
export const PRICES: Prices = new Map([
	['fal-ai/flux/dev', { price: { unitPrice: 0.025, unit: 'image', currency: 'USD' } }],
]);

/** @param pictureOf the address of an item's picture */
export function resultOf(
	items: number,
	pictureOf = (index: number) => `https://v3.fal.media/files/${index}.jpg`,
	promptOf = (index: number) => `A lighthouse at dawn, number ${index}, fog over a calm sea`,
): BatchResult {
	const random = seeded(5);
	const ended = Array.from({ length: items }, (_, index): EndedJob => {
		const submittedAt = START + index * 100;
		const worked = 2 + random() * 4;
		return {
			index,
			submission: { model: 'fal-ai/flux/dev', input: { prompt: promptOf(index) }, conditions: {} },
			attempts: 1,
			failedAttempts: [],
			handle: { requestId: `764cabcf-b745-4b3e-ae38-${index}`, model: 'fal-ai/flux/dev' },
			submittedAt,
			endedAt: submittedAt + worked * 1_000 + random() * 3_000,
			concurrency: 40,
			ending: endingOf(index, worked, pictureOf(index)),
		};
	});
	const elapsed = Math.max(...ended.map(({ endedAt }) => endedAt)) - START;
	const happenings = [
		{ at: START + elapsed / 3, kind: 'pushback' as const },
		{ at: START + elapsed / 2, kind: 'unreached' as const },
	];
	return {
		ended,
		costs: ended.map((job) => costOf(job, PRICES)),
		rejected: [],
		progress: { ...progress, peakInFlight: 40, happenings },
		retryBudget: 200,
		concurrency: 40,
		requests: { submit: items, status: 2 * items, result: items },
		startedAt: START,
		elapsed,
	};
}

function endingOf(index: number, inferenceTime: number, url: string): Ending {
	const failure = { type: 'no_answer', message: 'No answer came', retryable: false };
	if (index % 50 === 7) return { outcome: 'unknown', failure };
	if (index % 25 === 3) {
		const refused = {
			type: 'content_policy_violation',
			message: 'prompt: The content could not be processed',
			statusCode: 422,
			retryable: false,
		};
		return { outcome: 'failed', failure: refused, inferenceTime };
	}
	return {
		outcome: 'completed',
		output: { images: [{ url, width: 512, height: 384, content_type: 'image/jpeg' }] },
		billableUnits: 1,
		inferenceTime,
		logs: [],
	};
}
