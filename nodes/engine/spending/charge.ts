/**
 * Whether fal bills an attempt that ended so. Server errors are never charged; an input that a model
 * refuses may be, "if a runner spent GPU time processing the request before the error was detected"
 * (https://fal.ai/docs/model-apis/faq). What a cancel spares is not documented.
 */
import type { Ending } from '../job';

export type Charge = 'billed' | 'perhaps' | 'free';

export function chargeOf(ending: Ending): Charge {
	switch (ending.outcome) {
		case 'completed':
			return 'billed';
		case 'submitted':
			// It will be; how much, nobody here will hear.
			return 'billed';
		case 'not_submitted':
			return 'free';
		case 'failed': {
			const { statusCode, retryable } = ending.failure;
			// Without a status it was fal's own word, and of that only server errors are transient.
			const isServerError = statusCode === undefined ? retryable : statusCode >= 500;
			return isServerError ? 'free' : 'perhaps';
		}
		case 'cancelled':
		case 'timed_out':
		case 'unknown':
			return 'perhaps';
	}
}
