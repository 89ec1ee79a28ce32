/**
 * A job: one request in fal's queue, from the submit to its end, and what the end answers to
 * whoever fetches the result, is called back or reads the history.
 */
import { REQUEST_ERRORS } from './errors';
import type { ErrorDetail, RequestErrorType } from './errors';
import type { JobFate } from './faults';
import type { Json } from './json';
import type { Model } from './models';
import type { LocalFalOptions } from './options';

export interface Job {
	readonly requestId: string;
	/** Names the last attempt, once fal has tried again by itself (fal-queue.md 1.4). */
	gatewayRequestId: string;
	readonly model: Model;
	/** The input as it was sent, to the digit. */
	readonly inputText: string;
	readonly input: Json;
	/** The seed the model draws when the input has none: beyond 2^53, as fal's are (5.2). */
	readonly ownSeed: bigint;
	readonly priority: 'normal' | 'low';
	readonly hint?: string;
	/** `X-Fal-No-Retry`: the first failure is the end (2.1). */
	readonly noRetry: boolean;
	/** `X-Fal-Store-IO: 0` keeps input and output out of the history (2.1). */
	readonly storesPayloads: boolean;
	readonly webhookUrl?: string;
	/** Deadline for the start, in milliseconds from the submit (2.1). */
	readonly startTimeout?: number;
	/** The headers of the submit, for tests that check what a client sent. */
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly acceptedAt: number;
	/** How often fal has started it. */
	attempts: number;
	/** What a scheduled fault has in store for it. */
	readonly fate?: JobFate;
	progress: Progress;
}

/** fal knows three states and no more: a failed job is COMPLETED too (fal-queue.md 1.5). */
export type Progress =
	| { readonly status: 'IN_QUEUE' }
	| { readonly status: 'IN_PROGRESS'; readonly startedAt: number; readonly takes: number }
	| {
			readonly status: 'COMPLETED';
			readonly startedAt?: number;
			readonly takes: number;
			readonly endedAt: number;
			readonly ending: Ending;
	  };

export type Ending =
	| { readonly kind: 'output'; readonly output: Json; readonly billableUnits: number }
	| {
			readonly kind: 'model_error';
			readonly status: number;
			readonly detail: ErrorDetail[];
			readonly needsRetry: boolean;
	  }
	| {
			readonly kind: 'request_error';
			readonly type: RequestErrorType;
			/** The caller's own start deadline, not fal's, ran out. */
			readonly byUser?: boolean;
	  }
	| { readonly kind: 'cancelled' };

export interface Answer {
	readonly status: number;
	readonly headers: Record<string, string>;
	readonly body: Json;
}

/** What fetching the result of an ended job answers (fal-queue.md 1.7). */
export function answerOf(requestId: string, ending: Ending): Answer {
	const headers = { 'x-fal-request-id': requestId };
	switch (ending.kind) {
		case 'output':
			return {
				status: 200,
				headers: { ...headers, 'x-fal-billable-units': String(ending.billableUnits) },
				body: ending.output,
			};
		case 'model_error':
			return {
				status: ending.status,
				headers: {
					...headers,
					// The newer name and the older one that it replaces (2.2).
					'x-fal-needs-retry': ending.needsRetry ? '1' : '0',
					'x-fal-retryable': String(ending.needsRetry),
				},
				body: { detail: ending.detail },
			};
		case 'request_error':
			return {
				status: REQUEST_ERRORS[ending.type].status,
				headers: {
					...headers,
					'x-fal-error-type': ending.type,
					...(ending.byUser && { 'x-fal-request-timeout-type': 'user' }),
				},
				body: { detail: REQUEST_ERRORS[ending.type].detail, error_type: ending.type },
			};
		case 'cancelled':
			return answerOf(requestId, { kind: 'request_error', type: 'client_cancelled' });
	}
}

/** The prompt, where the input has one. */
export function promptOf(input: Json): string | undefined {
	if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
	return typeof input.prompt === 'string' ? input.prompt : undefined;
}

/** A cancelled job, where the switch says that fal then knows it no more (fal-queue.md 1.8). */
export function isForgotten({ progress }: Job, { afterCancel }: LocalFalOptions): boolean {
	const wasCancelled = progress.status === 'COMPLETED' && progress.ending.kind === 'cancelled';
	return wasCancelled && afterCancel === 'not_found';
}
