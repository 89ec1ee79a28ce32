/** One batch of the engine against a scripted fal, from start to end, on a virtual clock. */
import { Batch, type BatchSettings } from '../../nodes/engine/batch';
import { DEFAULT_POLL_BOUNDS } from '../../nodes/engine/pollSchedule';
import { type Script, ScriptedFal } from './scriptedFal';
import { VirtualClock } from './virtualClock';

export interface Story {
	/** How many items, or the model of each. */
	readonly items: number | readonly string[];
	readonly script?: Script;
	readonly settings?: Partial<BatchSettings>;
	/** Milliseconds after the start at which the execution is stopped. */
	readonly stopAfter?: number;
}

export async function runScripted({ items, script, settings, stopAfter }: Story) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, script);
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const models = typeof items === 'number' ? Array<string>(items).fill('fal-ai/flux/dev') : items;
	const batch = new Batch(
		models.map((model, item) => ({ model, input: { item }, conditions: {} })),
		{
			follow: true,
			// One at a time, so that the calls of a story come in the order in which it is told.
			concurrency: 1,
			retryBudget: 4,
			itemTimeout: 60_000,
			cancelAbandoned: true,
			onUnknownSubmit: 'report',
			reuseWithin: 0,
			includeLogs: false,
			pollBounds: DEFAULT_POLL_BOUNDS,
			...settings,
		},
		{ transport: fal, clock, signal: stop.signal, random: () => 0.5 },
	);
	const ended = await clock.runUntil(batch.run());
	return {
		ended,
		/** The first item, for stories of one. */
		first: ended[0]!,
		outcomes: ended.map(({ ending }) => ending.outcome),
		batch,
		fal,
		elapsed: clock.now() - start,
		start,
	};
}
