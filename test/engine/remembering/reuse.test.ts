/** Which requests of before are taken for which jobs, and what is waited for until they can be. */
import { MINUTE, SECOND } from '../../../nodes/engine/clock';
import type { PastRequest } from '../../../nodes/engine/remembering/history';
import type { Job } from '../../../nodes/engine/job';
import { findReusable } from '../../../nodes/engine/remembering/reuse';
import { lost, rejected } from '../replies';
import { type HistoryScript, MODEL, past, ScriptedHistory } from '../scriptedHistory';
import { VirtualClock } from '../virtualClock';

const HOUR = 60 * MINUTE;
/** By this much the history may be late. */
const LATE = 30 * SECOND;

interface Search extends Omit<HistoryScript, 'requests'> {
	/** The input of each job, or its model and its input. */
	readonly jobs: ReadonlyArray<string | { readonly model: string; readonly prompt: string }>;
	/** Milliseconds are from the start, so that the past is below zero. */
	readonly requests?: (after: number) => readonly PastRequest[];
	readonly since?: number;
	readonly stopAfter?: number;
}

async function search({ jobs, requests, since = -24 * HOUR, stopAfter, ...script }: Search) {
	const clock = new VirtualClock();
	const start = clock.now();
	const history = new ScriptedHistory(clock, {
		...script,
		requests: (now) => (requests?.(now - start) ?? []).map((request) => shifted(request, start)),
	});
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const wanted: Job[] = jobs.map((job, index) => {
		const { model, prompt } = typeof job === 'string' ? { model: MODEL, prompt: job } : job;
		const submission = { model, input: { prompt }, conditions: {} };
		return { index, submission, attempts: 0, failedAttempts: [] };
	});
	const { found, failure } = await clock.runUntil(
		findReusable(wanted, start + since, {
			history,
			clock,
			random: () => 0.5,
			signal: stop.signal,
		}),
	);
	return {
		/** The request of each job, in the order of the jobs. */
		taken: wanted.map((job) => found.get(job)?.handle.requestId),
		failure,
		/** When the history was read, in milliseconds from the start, and from when on. */
		readings: history.questions.map(({ at, since: from }) => ({
			at: at - start,
			since: from - start,
		})),
		models: history.questions.map(({ model }) => model),
		took: clock.now() - start,
	};
}

function shifted(request: PastRequest, by: number): PastRequest {
	const { end } = request;
	return {
		...request,
		sentAt: request.sentAt + by,
		...(end && { end: { ...end, at: end.at + by } }),
	};
}

/** One that ended well an hour ago, after ten seconds. */
const ended = (id: string, prompt: string, more: object = {}) =>
	past({ id, input: { prompt }, sentAt: -HOUR, endedAt: -HOUR + 10_000, ...more });
const open = (id: string, prompt: string, sentAt = -HOUR) =>
	past({ id, input: { prompt }, sentAt });

describe('a request of before', () => {
	it('is taken by the job with the same input', async () => {
		const { taken, failure } = await search({
			jobs: ['a', 'b', 'c'],
			requests: () => [ended('of c', 'c'), ended('of a', 'a')],
		});
		expect(taken).toEqual(['of a', undefined, 'of c']);
		expect(failure).toBeUndefined();
	});

	it('is taken by one job only', async () => {
		const { taken } = await search({
			jobs: ['a', 'a', 'a'],
			requests: () => [ended('one', 'a'), ended('two', 'a')],
		});
		expect(taken).toEqual(['one', 'two', undefined]);
	});

	it('is taken by no other job than is there: the latest ones go first', async () => {
		const { taken } = await search({
			jobs: ['a', 'a'],
			requests: () => [ended('one', 'a'), ended('two', 'a'), ended('three', 'a')],
		});
		expect(taken).toEqual(['one', 'two']);
	});

	// A request that ends while the pages are read moves, and what was behind it comes twice.
	it('that is listed twice counts once', async () => {
		const { taken } = await search({
			jobs: ['a', 'a'],
			requests: () => [ended('one', 'a'), ended('one', 'a')],
		});
		expect(taken).toEqual(['one', undefined]);
	});

	it('that failed is not taken', async () => {
		const { taken } = await search({
			jobs: ['a'],
			requests: () => [ended('bad', 'a', { succeeded: false }), ended('good', 'a')],
		});
		expect(taken).toEqual(['good']);
	});

	it('whose input fal did not keep is not taken', async () => {
		const { taken } = await search({
			jobs: ['a'],
			requests: () => [ended('unknown', 'a', { input: undefined })],
		});
		expect(taken).toEqual([undefined]);
	});

	it('that is open is taken where fal shows it', async () => {
		const { taken, readings } = await search({
			jobs: ['a', 'b'],
			requests: () => [open('one', 'a')],
		});
		expect(taken).toEqual(['one', undefined]);
		expect(readings.map(({ at }) => at)).toEqual([0, LATE]);
	});

	it('of another model is not taken', async () => {
		const { taken, models } = await search({
			jobs: [
				{ model: 'a/one', prompt: 'x' },
				{ model: 'a/two', prompt: 'x' },
			],
			requests: () => [ended('of two', 'x', { model: 'a/two' })],
		});
		expect(taken).toEqual([undefined, 'of two']);
		expect(models).toEqual(['a/one', 'a/two']);
	});

	it('from before the time looked at is not taken', async () => {
		const { taken, readings } = await search({
			jobs: ['a'],
			requests: () => [ended('old', 'a')],
			since: -HOUR + 1,
		});
		expect(taken).toEqual([undefined]);
		expect(readings).toEqual([{ at: 0, since: -HOUR + 1 }]);
	});

	it('for every job is the end of the reading', async () => {
		const { taken, readings } = await search({
			jobs: ['a'],
			requests: () => Array.from({ length: 300 }, (_, i) => ended(`r${i}`, 'a')),
		});
		expect(taken).toEqual(['r0']);
		expect(readings).toHaveLength(1);
	});

	it('is looked for on every page', async () => {
		const others = Array.from({ length: 250 }, (_, i) => ended(`r${i}`, 'other'));
		const { taken } = await search({ jobs: ['a'], requests: () => [...others, ended('one', 'a')] });
		expect(taken).toEqual(['one']);
	});
});

describe('a history that can’t be read', () => {
	it('is told, and what was found before is taken', async () => {
		const many = Array.from({ length: 150 }, (_, i) => ended(`r${i}`, `prompt ${i}`));
		const { taken, failure } = await search({
			jobs: ['prompt 7', 'prompt 149'],
			requests: () => many,
			page: (call) => (call === 1 ? undefined : lost),
		});
		expect(taken).toEqual(['r7', undefined]);
		expect(failure).toMatchObject({ type: 'history_not_read' });
	});

	// A mistyped model is answered 404; what was paid for with the other models is there all the same.
	it('of one model leaves those of the others', async () => {
		const { taken, failure, models } = await search({
			jobs: [
				{ model: 'a/nope', prompt: 'x' },
				{ model: 'a/two', prompt: 'x' },
				{ model: 'a/nada', prompt: 'x' },
			],
			requests: () => [ended('of two', 'x', { model: 'a/two' })],
			page: (_, { model }) =>
				model === 'a/two' ? undefined : rejected(404, { detail: `No ${model}` }),
		});
		expect(taken).toEqual([undefined, 'of two', undefined]);
		expect(models).toEqual(['a/nope', 'a/two', 'a/nada']);
		expect(failure).toMatchObject({ message: 'No a/nope' });
	});
});

/** Where fal shows a request only when it has ended. */
describe('requests that are still open when an earlier run died, and are not shown', () => {
	/** Jobs of 20 seconds; one ended when the run died, five seconds ago, the other goes on. */
	const requests = (after: number) => [
		past({ id: 'first', input: { prompt: 'a' }, sentAt: -25_000, endedAt: -5_000 }),
		...(after < 10_000
			? []
			: [past({ id: 'open', input: { prompt: 'b' }, sentAt: -10_000, endedAt: 10_000 })]),
	];

	it('are waited for as long as one may take, and then taken', async () => {
		const { taken, readings, failure } = await search({ jobs: ['a', 'b', 'c'], requests });
		expect(taken).toEqual(['first', 'open', undefined]);
		expect(failure).toBeUndefined();
		// As long as the longest job took, and then some because the history may be late.
		expect(readings.map(({ at }) => at).slice(0, 2)).toEqual([0, 20_000 + LATE]);
	});

	it('are not waited for when every job has its request', async () => {
		const { taken, took } = await search({ jobs: ['a'], requests });
		expect(taken).toEqual(['first']);
		expect(took).toBe(0);
	});

	it('are waited for again as long as others come out: fal’s queue makes them late', async () => {
		/** Two at a time, 20 seconds each, all submitted together. */
		const queued = (after: number) =>
			[...'abcdefgh']
				.map((prompt, i) => ({ prompt, endedAt: -5_000 + 20_000 * Math.floor(i / 2) }))
				.filter(({ endedAt }) => endedAt <= after)
				.map(({ prompt, endedAt }) =>
					past({ id: `of ${prompt}`, input: { prompt }, sentAt: -25_000, endedAt }),
				);
		const { taken } = await search({ jobs: [...'abcdefghij'], requests: queued });
		expect(taken.slice(0, 8)).toEqual([...'abcdefgh'].map((prompt) => `of ${prompt}`));
	});

	it('are looked for once more when nothing comes out', async () => {
		const { readings } = await search({
			jobs: ['a', 'c'],
			requests: (after) => requests(after).slice(0, 1),
		});
		expect(readings.map(({ at }) => at)).toEqual([0, 20_000 + LATE]);
	});

	it('are looked for from twice that time before on', async () => {
		const { readings } = await search({ jobs: ['a', 'c'], requests });
		expect(readings.map(({ since }) => since)).toEqual([-24 * HOUR, -2 * (20_000 + LATE)]);
	});

	it('are looked for no further back than the user wants', async () => {
		const { readings } = await search({ jobs: ['a', 'c'], requests, since: -40_000 });
		expect(readings.map(({ since }) => since)).toEqual([-40_000, -40_000]);
	});

	it.each([
		{ endedAt: -99_999, waits: true },
		{ endedAt: -100_000, waits: false },
	])('are waited for when the last one ended at $endedAt: $waits', async ({ endedAt, waits }) => {
		const { readings } = await search({
			jobs: ['a', 'b'],
			requests: () => [
				past({ id: 'x', input: { prompt: 'a' }, sentAt: endedAt - 20_000, endedAt }),
			],
		});
		expect(readings).toHaveLength(waits ? 2 : 1);
	});

	it('are waited for as long as the longest took, whichever ended last', async () => {
		const { readings } = await search({
			jobs: [...'abcd'],
			requests: () => [
				past({ id: 'last', input: { prompt: 'a' }, sentAt: -3_000, endedAt: -1_000 }),
				past({ id: 'longest', input: { prompt: 'b' }, sentAt: -50_000, endedAt: -10_000 }),
				past({ id: 'first', input: { prompt: 'c' }, sentAt: -99_000, endedAt: -90_000 }),
			],
		});
		expect(readings[1]?.at).toBe(40_000 + LATE);
	});

	it('are waited for ten minutes at the most', async () => {
		const { readings } = await search({
			jobs: ['a', 'b'],
			requests: () => [ended('film', 'a', { sentAt: -HOUR, endedAt: -1_000 })],
		});
		expect(readings.map(({ at }) => at)).toEqual([0, 10 * MINUTE]);
		// A film that was begun half an hour ago is found nevertheless.
		expect(readings[1]!.since).toBeLessThan(-HOUR);
	});

	it('are waited for ten minutes in all', async () => {
		/** Films of four minutes: each reading brings another one. */
		const films = (after: number) =>
			[-1, 4 * 60, 8 * 60, 9.5 * 60]
				.map((seconds, i) => ({ prompt: 'abcd'[i]!, endedAt: seconds * SECOND }))
				.filter(({ endedAt }) => endedAt <= after)
				.map(({ prompt, endedAt }) =>
					past({ id: prompt, input: { prompt }, sentAt: endedAt - 4 * MINUTE, endedAt }),
				);
		const { readings } = await search({ jobs: [...'abcdefgh'], requests: films });
		expect(readings.map(({ at }) => at)).toEqual([0, 4.5 * MINUTE, 9 * MINUTE, 10 * MINUTE]);
	});

	it('are not waited for when nothing was found, nor when only open or failed ones were', async () => {
		const nothing = await search({ jobs: ['a'] });
		const failed = await search({
			jobs: ['a'],
			requests: () => [ended('x', 'a', { succeeded: false, endedAt: -1_000 })],
		});
		expect([nothing, failed].map(({ readings }) => readings.length)).toEqual([1, 1]);
	});

	it('are waited for although the history of another model can’t be read', async () => {
		const { taken, failure } = await search({
			jobs: [{ model: 'a/nope', prompt: 'x' }, 'a', 'b'],
			requests,
			page: (_, { model }) => (model === 'a/nope' ? rejected(404) : undefined),
		});
		expect(taken).toEqual([undefined, 'first', 'open']);
		expect(failure).toMatchObject({ statusCode: 404 });
	});

	it('are not found when the second reading goes wrong, which is told', async () => {
		const { taken, failure } = await search({
			jobs: ['a', 'b'],
			requests,
			page: (call) => (call === 1 ? undefined : lost),
		});
		expect(taken).toEqual(['first', undefined]);
		expect(failure).toMatchObject({ type: 'history_not_read' });
	});

	it('are found, and that the first reading went wrong is told all the same', async () => {
		const others = Array.from({ length: 150 }, (_, i) => ended(`r${i}`, 'other'));
		const { taken, failure } = await search({
			jobs: ['a', 'b'],
			requests: (after) => [...requests(after), ...others],
			page: (call) => (call === 1 || call > 5 ? undefined : lost),
		});
		expect(taken).toEqual(['first', 'open']);
		expect(failure).toMatchObject({ type: 'history_not_read' });
	});

	it('a stop ends the waiting', async () => {
		const { readings } = await search({ jobs: ['a', 'b'], requests, stopAfter: 1_000 });
		expect(readings).toHaveLength(1);
	});

	it('of a model that has all its requests, the history is not read again', async () => {
		const { models } = await search({
			jobs: [{ model: 'a/done', prompt: 'x' }, 'a', 'c'],
			requests: (after) => [ended('x', 'x', { model: 'a/done' }), ...requests(after)],
		});
		expect(models.filter((model) => model === 'a/done')).toHaveLength(1);
	});
});

/** Where fal shows requests from the beginning on, but perhaps some seconds late. */
describe('requests that were submitted just before an earlier run died, and are not shown yet', () => {
	const requests = (after: number) => [
		...(after < 29_000 ? [] : [open('late', 'b', -1_000)]),
		open('shown', 'a', -HOUR),
	];

	it('are waited for a while, and then taken', async () => {
		const { taken, readings } = await search({ jobs: ['a', 'b', 'c'], requests });
		expect(taken).toEqual(['shown', 'late', undefined]);
		expect(readings.map(({ at }) => at)).toEqual([0, LATE, 2 * LATE]);
	});

	it.each([
		{ endedAt: -60_000, waits: false },
		{ endedAt: -59_999, waits: true },
	])(
		'are waited for when nothing is open but one that ended at $endedAt: $waits',
		async ({ endedAt, waits }) => {
			const { readings } = await search({
				jobs: ['a', 'b'],
				// That fal shows open ones, the request of somebody else tells.
				requests: () => [open('strange', 'x'), ended('of a', 'a', { endedAt })],
			});
			expect(readings).toHaveLength(waits ? 2 : 1);
		},
	);
});
