/**
 * How requests are looked at: through n8n, with a bound on the calls at once, until the execution is stopped.
 */
import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import type { Watch } from '../engine/following/watch';
import { limitedCalls } from '../engine/following/limitedCalls';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../engine/following/pollSchedule';
import { FalTransport } from '../fal/falTransport';
import type { SendHttp } from '../fal/http';
import { n8nClock } from '../n8n/n8nClock';
import { readNumber } from '../n8n/parameterChecks';

interface WatchOptions {
	readonly signal?: AbortSignal | undefined;
	readonly includeLogs?: boolean;
	/** Calls at once, 1 or more. */
	readonly concurrency: number;
}

export function watchWith(send: SendHttp, options: WatchOptions): Watch {
	const { signal, includeLogs = false, concurrency } = options;
	return {
		transport: limitedCalls(new FalTransport(send), concurrency),
		clock: n8nClock,
		random: Math.random,
		signal: signal ?? new AbortController().signal,
		schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
		includeLogs,
	};
}

export const DEFAULT_CONCURRENCY = 20;

/** @throws NodeOperationError if the figure can't be used */
export function readConcurrency(node: IExecuteFunctions, value: unknown): number {
	return readNumber(node, value ?? DEFAULT_CONCURRENCY, {
		label: 'Concurrency',
		least: 1,
		whole: true,
	});
}

/** The figure was checked when the execution was parked. */
export function parkedConcurrency(node: IWebhookFunctions): number {
	const given = Number(node.getNodeParameter('options.concurrency', DEFAULT_CONCURRENCY));
	return Number.isInteger(given) && given >= 1 ? given : DEFAULT_CONCURRENCY;
}
