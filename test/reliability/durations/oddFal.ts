/** A fal whose jobs all succeed, and of which only the answers go wrong, on the virtual clock. */
import { Batch } from '../../../nodes/engine/batch/batch';
import type { BatchSettings } from '../../../nodes/engine/batch/settings';
import type { Reply, Transport } from '../../../nodes/engine/transport';
import { usualSettings } from '../../engine/runSimulated';
import { seeded, SimulatedFal, type SimulatedFalOptions } from '../../engine/simulatedFal';
import { VirtualClock } from '../../engine/virtualClock';
import { lost, rejected, unreadable, unsent } from '../../engine/replies';

const needsRetry = { 'x-fal-needs-retry': '1' };

/** What is answered instead; none of it is fal's word on the job. */
export const SHAPES = {
	'429': rejected(429, { detail: 'Too many requests' }),
	'429 with X-Fal-Needs-Retry': rejected(429, { detail: 'Too many requests' }, needsRetry),
	'500, `{"detail": "Internal Server Error"}`': rejected(500, { detail: 'Internal Server Error' }),
	'500 with X-Fal-Needs-Retry': rejected(500, { detail: 'Internal Server Error' }, needsRetry),
	'502, a page': rejected(502),
	'503': rejected(503),
	'503, a gateway’s JSON': rejected(503, { message: 'no healthy upstream' }),
	'503 with X-Fal-Needs-Retry': rejected(503, undefined, needsRetry),
	'408': rejected(408),
	'302 to a sign-in page': rejected(302, undefined, { location: 'https://sign.in' }),
	'400, a page': rejected(400),
	'401': rejected(401, { detail: 'No user found for Key ID and Secret' }),
	'403, a page': rejected(403),
	'404, `{"status": "NOT_FOUND"}`': rejected(404, { status: 'NOT_FOUND' }),
	'405': rejected(405, '405: Method Not Allowed'),
	'409, empty': rejected(409),
	'200 that is no JSON': unreadable,
	'connection reset': lost,
	'connection refused': unsent,
} as const satisfies Record<string, Reply<never>>;

export type Shape = keyof typeof SHAPES;

export interface Question {
	readonly call: 'submit' | 'status' | 'result';
	/** The request, or the item of a submit. */
	readonly of: string;
	/** Milliseconds since the start. */
	readonly at: number;
}

export interface OddStory {
	readonly items: number;
	readonly fal?: Partial<SimulatedFalOptions>;
	readonly settings?: Partial<BatchSettings>;
	/** What is answered instead of what fal would say. */
	readonly instead: (question: Question) => Reply<never> | undefined;
}

export async function runOdd({ items, fal: options, settings, instead }: OddStory) {
	const clock = new VirtualClock();
	const start = clock.now();
	const seed = options?.seed ?? 1;
	const fal = new SimulatedFal(clock, {
		seed,
		latency: 100,
		jobTime: () => 10_000,
		accountLimit: Number.POSITIVE_INFINITY,
		...options,
	});
	async function ask<Body>(
		call: Question['call'],
		of: string,
		really: () => Promise<Reply<Body>>,
	): Promise<Reply<Body>> {
		const odd = instead({ call, of, at: clock.now() - start });
		if (!odd) return await really();
		await clock.sleep(100);
		return odd;
	}
	const transport: Transport = {
		submit: async (one) => await ask('submit', String(one.input.item), () => fal.submit(one)),
		status: async (one) => await ask('status', one.requestId, () => fal.status(one)),
		result: async (one) => await ask('result', one.requestId, () => fal.result(one)),
		cancel: async (one) => await fal.cancel(one),
	};
	const batch = new Batch(
		Array.from({ length: items }, (_, item) => ({
			model: 'fal-ai/flux/dev',
			input: { item },
			conditions: {},
		})),
		{ ...usualSettings(items), ...settings },
		{ transport, clock, random: seeded(seed + 1) },
	);
	const ended = await clock.runUntil(batch.run());
	const outcomes = new Map<string, number>();
	for (const { ending } of ended) {
		outcomes.set(ending.outcome, (outcomes.get(ending.outcome) ?? 0) + 1);
	}
	return {
		ended,
		outcomes,
		generated: fal.jobs.length,
		billed: fal.jobs.filter(({ cancelled }) => !cancelled).length,
		generatedTwice: fal.jobs.length - new Set(fal.jobs.map(({ item }) => item)).size,
		minutes: (clock.now() - start) / 60_000,
	};
}
