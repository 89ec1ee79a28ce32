/** One batch of the engine against a scripted fal, from start to end, on a virtual clock. */
import { Batch } from '../../nodes/engine/batch/batch';
import type { BatchSettings } from '../../nodes/engine/batch/settings';
import type { Clock } from '../../nodes/engine/clock';
import { DEFAULT_POLL_BOUNDS } from '../../nodes/engine/following/pollSchedule';
import type { Uploaded } from '../../nodes/engine/media/uploading';
import type { Access } from '../../nodes/engine/submitting/refusal';
import type { Submission } from '../../nodes/engine/transport';
import { type Script, ScriptedFal } from './scriptedFal';
import { VirtualClock } from './virtualClock';

export interface Story {
	/** How many items, or the model of each. */
	readonly items: number | readonly string[];
	readonly script?: Script;
	readonly settings?: Partial<BatchSettings>;
	/** What comes of asking whether the key may do anything at all; not asked unless told. */
	readonly access?: Access;
	/** What comes of uploading the files of a job; there are none unless told. */
	readonly upload?: (call: number, submission: Submission, clock: Clock) => Promise<Uploaded>;
	/** Milliseconds after the start at which the execution is stopped. */
	readonly stopAfter?: number;
}

export async function runScripted({ items, script, settings, access, upload, stopAfter }: Story) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, script);
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const models = typeof items === 'number' ? Array<string>(items).fill('fal-ai/flux/dev') : items;
	let uploads = 0;
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
		{
			transport: fal,
			clock,
			signal: stop.signal,
			random: () => 0.5,
			...(upload && {
				uploads: { upload: async (submission) => await upload(++uploads, submission, clock) },
			}),
			...(access && { checkAccess: async () => access }),
		},
	);
	const ended = await clock.runUntil(batch.run());
	return {
		ended,
		/** The first item, for stories of one. */
		first: ended[0]!,
		outcomes: ended.map(({ ending }) => ending.outcome),
		batch,
		fal,
		uploads,
		elapsed: clock.now() - start,
		start,
	};
}
