/** Stories of batches that use fal's request history; what holds for all is in `memory.properties.test.ts`. */
import { Batch } from '../../../nodes/engine/batch/batch';
import type { BatchSettings } from '../../../nodes/engine/batch/settings';
import type { PastRequest } from '../../../nodes/engine/remembering/history';
import {
	accepted,
	answered,
	completed,
	inProgress,
	inQueue,
	lost,
	promptMissing,
	rejected,
	unreadable,
	unsent,
} from '../replies';
import { usualSettings } from '../runSimulated';
import { type Script, ScriptedFal, withoutRunner } from '../scriptedFal';
import { type HistoryScript, MODEL, past, ScriptedHistory } from '../scriptedHistory';
import { VirtualClock } from '../virtualClock';

const HOUR = 3_600_000;

interface Story {
	/** How many items, each with the input `{ item: its place }`, or the `item` of each input. */
	readonly items: number | readonly number[];
	/** May tell the time: milliseconds after the start. */
	readonly script?: Script | ((after: () => number) => Script);
	/** None: the batch has no history at all. Its requests are told in milliseconds after the start. */
	readonly history?: Omit<HistoryScript, 'requests'> & {
		readonly requests?: (after: number) => readonly PastRequest[];
	};
	readonly settings?: Partial<BatchSettings>;
	readonly stopAfter?: number;
	/** When its progress is looked at. */
	readonly lookAfter?: number;
}

async function run({ items, script, history, settings, stopAfter, lookAfter = 0 }: Story) {
	const clock = new VirtualClock();
	const start = clock.now();
	const after = () => clock.now() - start;
	const fal = new ScriptedFal(clock, typeof script === 'function' ? script(after) : script);
	const inputs = typeof items === 'number' ? [...Array(items).keys()] : items;
	const remembered =
		history &&
		new ScriptedHistory(clock, {
			...history,
			requests: (now) =>
				(history.requests?.(now - start) ?? []).map(({ end, ...request }) => ({
					...request,
					sentAt: request.sentAt + start,
					...(end && { end: { ...end, at: end.at + start } }),
				})),
		});
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const batch = new Batch(
		inputs.map((item) => ({ model: MODEL, input: { item }, conditions: {} })),
		{ ...usualSettings(inputs.length), concurrency: 1, retryBudget: 4, ...settings },
		{
			transport: fal,
			history: remembered,
			clock,
			signal: stop.signal,
			random: () => 0.5,
		},
	);
	let midway = batch.progress;
	clock.at(start + lookAfter, () => (midway = batch.progress));
	const ended = await clock.runUntil(batch.run());
	// Cancels go on for a moment after the end.
	await clock.runUntil(clock.sleep(60_000));
	const overAt = Math.max(...ended.map(({ endedAt }) => endedAt));
	return {
		ended,
		first: ended[0]!,
		outcomes: ended.map(({ ending }) => ending.outcome),
		ids: ended.map(({ handle }) => handle?.requestId),
		message: messageOf(ended[0]!.ending),
		batch,
		midway,
		fal,
		questions: remembered?.questions ?? [],
		start,
		took: overAt - start,
	};
}

function messageOf(ending: object): string {
	return 'failure' in ending ? Object(ending.failure).message : '';
}

/** The request of the item at that place, which was sent at once; open unless it says when it ended. */
const request = (id: string, item: number, more: object = {}) =>
	past({ id, input: { item }, sentAt: 0, ...more });

describe('a submit of unknown fate', () => {
	const loses = { submit: (call: number) => (call === 1 ? lost : undefined) };

	describe('with Report', () => {
		it('ends its item, and asks the history nothing', async () => {
			const { first, questions, message, fal } = await run({
				items: 1,
				script: loses,
				history: {},
			});
			expect(first).toMatchObject({ attempts: 1, ending: { outcome: 'unknown' } });
			expect(first.handle).toBeUndefined();
			expect(questions).toEqual([]);
			expect(fal.sent('submit')).toHaveLength(1);
			expect(message).toBe(
				'No answer came to the submit: the connection was reset. The job may be running, and may be billed. It was not submitted again, to avoid paying twice. Look for it in fal’s request history before you do.',
			);
		});
	});

	describe('with Submit Again', () => {
		const settings = { onUnknownSubmit: 'submitAgain' as const };

		it('is sent again, and costs budget', async () => {
			const { first, fal, batch, questions } = await run({
				items: 1,
				script: loses,
				history: {},
				settings,
			});
			expect(first).toMatchObject({
				attempts: 2,
				handle: { requestId: 'job-2' },
				ending: { outcome: 'completed' },
				failedAttempts: [{ ending: { outcome: 'unknown' } }],
			});
			expect(fal.sent('submit')).toHaveLength(2);
			expect(batch.progress).toMatchObject({ retriesUsed: 1, foundInHistory: 0 });
			expect(questions).toEqual([]);
		});

		it('is not sent again when the budget is empty', async () => {
			const { first, fal, message } = await run({
				items: 1,
				script: loses,
				settings: { ...settings, retryBudget: 0 },
			});
			expect(first.ending.outcome).toBe('unknown');
			expect(message).toContain('Look for it in fal’s request history');
			expect(fal.sent('submit')).toHaveLength(1);
		});
	});

	describe('with Look Up', () => {
		const settings = { onUnknownSubmit: 'lookUp' as const };

		it.each([
			{ what: 'lost', reply: lost },
			{ what: 'unreadable', reply: unreadable },
			{ what: 'a 503', reply: rejected(503) },
			{ what: 'a 408', reply: rejected(408) },
		])('($what) is looked for, followed and collected, and not sent again', async ({ reply }) => {
			const { first, fal, batch, start } = await run({
				items: 1,
				script: {
					submit: () => reply,
					status: (call) => (call === 1 ? inProgress() : completed(1.5)),
				},
				history: { requests: () => [request('it', 0, { sentAt: 40 })] },
				settings,
			});
			expect(first).toMatchObject({
				attempts: 1,
				handle: { requestId: 'it', model: MODEL },
				foundInHistory: true,
				submittedAt: start + 40,
				ending: { outcome: 'completed', output: 'output of it', inferenceTime: 1.5 },
				failedAttempts: [],
			});
			expect(fal.sent('submit')).toHaveLength(1);
			expect(batch.progress).toMatchObject({
				foundInHistory: 1,
				retriesUsed: 0,
				inFlight: 0,
				historyTrouble: undefined,
			});
		});

		it('that was not even sent is no such thing, and is sent again', async () => {
			const { fal, questions, outcomes } = await run({
				items: 1,
				script: { submit: (call) => (call === 1 ? unsent : undefined) },
				history: {},
				settings,
			});
			expect(outcomes).toEqual(['completed']);
			expect(fal.sent('submit')).toHaveLength(2);
			expect(questions).toEqual([]);
		});

		it('of a job that has ended costs one result call, and no look', async () => {
			const { first, fal, start } = await run({
				items: 1,
				script: loses,
				history: { requests: () => [request('it', 0, { endedAt: 900, inferenceTime: 0.7 })] },
				settings,
			});
			expect(fal.calls.map(({ kind }) => kind)).toEqual(['submit', 'result']);
			expect(first).toMatchObject({
				endedAt: start + 900,
				ending: { outcome: 'completed', inferenceTime: 0.7 },
			});
		});

		it('of a job that has ended costs a look, too, when its logs are wanted', async () => {
			const logs = [{ message: 'step 1', timestamp: 't1' }];
			const { first, fal } = await run({
				items: 1,
				script: { ...loses, status: () => completed(1, logs) },
				history: { requests: () => [request('it', 0, { endedAt: 900 })] },
				settings: { ...settings, includeLogs: true },
			});
			expect(fal.calls.map(({ kind }) => kind)).toEqual(['submit', 'status', 'result']);
			expect(first.ending).toMatchObject({ outcome: 'completed', logs });
		});

		it('leaves its slot to the next item while it is looked for', async () => {
			const { fal, ids } = await run({
				items: 2,
				script: loses,
				history: { requests: (after) => (after < 100_000 ? [] : [request('it', 0)]) },
				settings,
			});
			expect(ids).toEqual(['it', 'job-2']);
			expect(fal.sent('submit')[1]!.at - fal.sent('submit')[0]!.at).toBeLessThan(10_000);
		});

		it('is not given the request of another item with the same input', async () => {
			const { ids, outcomes } = await run({
				items: [7, 7],
				script: loses,
				// fal never took the first one. The second one ends before its answer is heard of.
				history: { requests: () => [request('job-2', 7, { endedAt: 500 })] },
				settings,
			});
			expect(outcomes).toEqual(['unknown', 'completed']);
			expect(ids).toEqual([undefined, 'job-2']);
		});

		// The answer to a submit takes five seconds, and the job one.
		it('is not given one whose id is just on its way to another item', async () => {
			const { ids, outcomes } = await run({
				items: [7, 7],
				script: {
					latency: 5_000,
					submit: (call) => (call === 1 ? lost : accepted('second')),
				},
				history: {
					requests: (after) =>
						after < 6_900 ? [] : [request('second', 7, { sentAt: 5_900, endedAt: 6_900 })],
				},
				settings,
			});
			expect(outcomes).toEqual(['unknown', 'completed']);
			expect(ids).toEqual([undefined, 'second']);
		});

		it('two, of the same input, get two requests', async () => {
			const { ids } = await run({
				items: [7, 7],
				script: { submit: () => lost },
				history: {
					requests: () => [
						request('two', 7, { sentAt: 300, endedAt: 400 }),
						request('one', 7, { sentAt: 100, endedAt: 400 }),
					],
				},
				settings,
			});
			expect(new Set(ids)).toEqual(new Set(['one', 'two']));
		});

		it('that does not appear ends its item, and says for how long it was looked for', async () => {
			const { first, message, took, fal } = await run({
				items: 1,
				script: loses,
				history: {},
				settings,
			});
			expect(first).toMatchObject({ attempts: 1, ending: { outcome: 'unknown' } });
			expect(message).toBe(
				'No answer came to the submit: the connection was reset. The job may be running, and may be billed. It was not submitted again, to avoid paying twice. It was looked for in fal’s request history for 120 seconds, and did not appear there.',
			);
			expect(took).toBe(120_000);
			expect(fal.sent('submit')).toHaveLength(1);
		});

		it('whose history can’t be read says why, and is a trouble of the batch', async () => {
			const { message, batch, outcomes } = await run({
				items: 1,
				script: loses,
				history: { page: () => rejected(403, { detail: 'No permission' }) },
				settings,
			});
			expect(outcomes).toEqual(['unknown']);
			expect(message).toContain(
				'fal’s request history could not be read: No permission. Look for it in fal’s request history before you do.',
			);
			expect(batch.progress.historyTrouble).toMatchObject({ statusCode: 403 });
		});

		it('without any history is told, too', async () => {
			const { message, outcomes } = await run({ items: 1, script: loses, settings });
			expect(outcomes).toEqual(['unknown']);
			expect(message).toContain('could not be read: it is not known where it is.');
		});

		it('is looked for no longer than the Item Timeout', async () => {
			const { took } = await run({
				items: 1,
				script: loses,
				history: {},
				settings: { ...settings, itemTimeout: 20_000 },
			});
			expect(took).toBeLessThanOrEqual(30_000);
		});

		// A search is no job: it must not make the next one longer, and that one the next but one.
		it('is not looked for longer because another search was in vain', async () => {
			const { ended, outcomes, start } = await run({
				items: 3,
				script: (after) => ({
					submit: (call) => (call === 2 ? accepted('barred') : lost),
					// It keeps the only slot for so long.
					status: () => (after() < 130_000 ? inProgress() : rejected(404)),
				}),
				history: {},
				settings,
			});
			expect(outcomes).toEqual(['unknown', 'unknown', 'unknown']);
			expect(ended[2]!.submittedAt! - start).toBeGreaterThan(130_000);
			expect(ended[2]!.endedAt).toBeGreaterThan(ended[0]!.endedAt);
			// A look every half minute.
			expect(ended[2]!.endedAt - ended[2]!.submittedAt!).toBeLessThan(120_000 + 30_000);
		});

		describe('while others of the batch take long', () => {
			/** It ends at that moment; so does the other one, which is shown only then. */
			const both = (endedAt: number, shownAt = endedAt) => ({
				items: 2,
				script: (after: () => number) => ({
					submit: (call: number) => (call === 1 ? lost : undefined),
					status: () => (after() < endedAt ? inProgress() : undefined),
				}),
				history: {
					requests: (after: number) =>
						after < shownAt ? [] : [request('it', 0, { endedAt: shownAt })],
				},
				settings,
			});

			it('is looked for as long as they are at it', async () => {
				const { ids, outcomes } = await run(both(1_200_000));
				expect(outcomes).toEqual(['completed', 'completed']);
				expect(ids).toEqual(['it', 'job-2']);
			});

			it('is looked for longer after they have ended', async () => {
				const { ids } = await run(both(100_000, 390_000));
				expect(ids).toEqual(['it', 'job-2']);
			});

			it('is looked for twice as long again, and two minutes', async () => {
				const { ended, start } = await run(both(100_000, 9_999_000));
				const longest = ended[1]!.endedAt - ended[1]!.submittedAt!;
				const searchedFor = ended[0]!.endedAt - start;
				expect(searchedFor).toBeGreaterThanOrEqual(120_000 + 3 * longest);
				// A look every half minute.
				expect(searchedFor).toBeLessThan(120_000 + 3 * longest + 30_000);
			});
		});

		it('is not looked for longer because a job timed out', async () => {
			const { ended, start } = await run({
				items: 2,
				script: {
					submit: (call) => (call === 2 ? lost : undefined),
					status: () => inProgress(),
				},
				history: {},
				settings: { ...settings, itemTimeout: 400_000 },
			});
			expect(ended.map(({ ending }) => ending.outcome)).toEqual(['timed_out', 'unknown']);
			expect(ended[1]!.endedAt - start).toBeLessThanOrEqual(400_000 + 150_000);
		});

		describe('whose job fails', () => {
			const failing = {
				...withoutRunner('it'),
				submit: (call: number) => (call === 1 ? lost : undefined),
			};
			const history = { requests: () => [request('it', 0, { endedAt: 500, succeeded: false })] };

			it('for a reason that may pass is submitted again, within the budget', async () => {
				const { first, batch } = await run({ items: 1, script: failing, history, settings });
				expect(first).toMatchObject({
					attempts: 2,
					handle: { requestId: 'job-2' },
					failedAttempts: [{ handle: { requestId: 'it' }, ending: { outcome: 'failed' } }],
					ending: { outcome: 'completed' },
				});
				// The one that came out was not found there.
				expect(first.foundInHistory).toBeUndefined();
				expect(first.endedBefore).toBeUndefined();
				expect(batch.progress).toMatchObject({ retriesUsed: 1, foundInHistory: 1 });
			});

			it('is not submitted again when the budget is empty', async () => {
				const { first, fal } = await run({
					items: 1,
					script: failing,
					history,
					settings: { ...settings, retryBudget: 0 },
				});
				expect(first).toMatchObject({
					handle: { requestId: 'it' },
					ending: { outcome: 'failed', failure: { type: 'runner_disconnected' } },
				});
				expect(fal.sent('submit')).toHaveLength(1);
			});

			it('for good ends its item with that', async () => {
				const { first } = await run({
					items: 1,
					script: { ...failing, result: () => promptMissing },
					history,
					settings,
				});
				expect(first).toMatchObject({
					attempts: 1,
					handle: { requestId: 'it' },
					foundInHistory: true,
					ending: { outcome: 'failed', failure: { message: 'prompt: Field required' } },
				});
			});

			it('and whose second submit is lost is looked for again, and found', async () => {
				const { first, ids } = await run({
					items: 1,
					script: { ...failing, submit: () => lost },
					history: {
						requests: (after) => [
							...history.requests(),
							...(after < 3_000 ? [] : [request('second', 0, { sentAt: 2_500, endedAt: 2_900 })]),
						],
					},
					settings,
				});
				expect(ids).toEqual(['second']);
				expect(first).toMatchObject({
					attempts: 2,
					foundInHistory: true,
					failedAttempts: [{ handle: { requestId: 'it' } }],
					ending: { outcome: 'completed' },
				});
			});
		});

		it('whose job takes longer than the Item Timeout is cancelled', async () => {
			const { first, fal } = await run({
				items: 1,
				script: { ...loses, status: () => inQueue(3) },
				history: { requests: () => [request('it', 0)] },
				settings: { ...settings, itemTimeout: 30_000 },
			});
			expect(first).toMatchObject({
				handle: { requestId: 'it' },
				ending: { outcome: 'timed_out' },
			});
			expect(fal.sent('cancel')).toMatchObject([{ of: 'it' }]);
		});

		it('counts as in flight once it is found, and not before', async () => {
			const story = {
				items: 1,
				script: (after: () => number) => ({
					...loses,
					status: () => (after() < 20_000 ? inProgress() : undefined),
				}),
				history: { requests: () => [request('it', 0)] },
				settings,
			};
			const early = await run({ ...story, lookAfter: 1_000 });
			const late = await run({ ...story, lookAfter: 10_000 });
			expect(early.midway).toMatchObject({ inFlight: 0, foundInHistory: 0 });
			expect(late.midway).toMatchObject({ inFlight: 1, foundInHistory: 1 });
			expect(late.batch.progress).toMatchObject({ inFlight: 0, peakInFlight: 1 });
		});

		describe('when the execution is stopped', () => {
			it('while it is looked for ends at once, and says where to look', async () => {
				const { first, took, message } = await run({
					items: 1,
					script: loses,
					history: {},
					settings,
					stopAfter: 10_000,
				});
				expect(first.ending.outcome).toBe('unknown');
				expect(took).toBe(10_000);
				// It may be there: that it was not seen yet is no word on it.
				expect(message).toContain('Look for it in fal’s request history');
				expect(message).not.toContain('did not appear');
			});

			it('before its answer is given up asks the history nothing', async () => {
				const { outcomes, questions, took } = await run({
					items: 1,
					script: { ...loses, latency: 20_000 },
					history: {},
					settings,
					stopAfter: 10_000,
				});
				expect({ outcomes, questions, took }).toEqual({
					outcomes: ['unknown'],
					questions: [],
					took: 20_000,
				});
			});

			it('after it was found cancels it', async () => {
				const { first, fal } = await run({
					items: 1,
					script: { ...loses, status: () => inProgress() },
					history: { requests: () => [request('it', 0)] },
					settings,
					stopAfter: 10_000,
				});
				expect(first).toMatchObject({
					handle: { requestId: 'it' },
					ending: { outcome: 'cancelled' },
				});
				expect(fal.sent('cancel')).toMatchObject([{ of: 'it' }]);
			});
		});

		describe('in Submit', () => {
			const submit = { ...settings, follow: false };

			it.each([
				{ more: {}, status: 'IN_QUEUE' },
				{ more: { endedAt: 500 }, status: 'COMPLETED' },
			])('is looked for, and handed out as $status', async ({ more, status }) => {
				const { first, fal } = await run({
					items: 1,
					script: loses,
					history: { requests: () => [request('it', 0, more)] },
					settings: submit,
				});
				expect(first).toMatchObject({
					handle: { requestId: 'it' },
					foundInHistory: true,
					ending: { outcome: 'submitted', status },
				});
				expect(fal.calls.map(({ kind }) => kind)).toEqual(['submit']);
			});

			it('and handed out is cancelled by a stop, as all that nobody will get', async () => {
				const { fal, outcomes } = await run({
					items: 2,
					script: { submit: () => lost },
					history: { requests: () => [request('it', 0)] },
					settings: submit,
					// The other one is still looked for.
					stopAfter: 20_000,
				});
				expect(outcomes).toEqual(['submitted', 'unknown']);
				expect(fal.sent('cancel')).toMatchObject([{ of: 'it' }]);
			});

			// n8n gives nothing out of a stopped execution: what is handed out then is lost.
			it('and found when the execution has just been stopped is cancelled', async () => {
				const strangers = Array.from({ length: 150 }, (_, i) => request(`r${i}`, 1_000 + i));
				const { first, fal } = await run({
					items: 1,
					script: loses,
					history: { requests: () => [request('it', 0), ...strangers], latency: 1_000 },
					settings: submit,
					// Its page has been read, the next one not.
					stopAfter: 3_500,
				});
				expect(first).toMatchObject({
					handle: { requestId: 'it' },
					ending: { outcome: 'cancelled' },
				});
				expect(fal.sent('cancel')).toMatchObject([{ of: 'it' }]);
			});
		});
	});
});

describe('Reuse Recent Requests', () => {
	const settings = { reuseWithin: 24 * HOUR, concurrency: 2 };
	const before = (id: string, item: number, more: object = {}) =>
		past({ id, input: { item }, sentAt: -HOUR, endedAt: -HOUR + 9_000, ...more });
	const open = (id: string, item: number) => past({ id, input: { item }, sentAt: -HOUR });

	it('switched off asks the history nothing', async () => {
		const { questions, ids } = await run({
			items: 1,
			history: { requests: () => [before('old', 0)] },
		});
		expect({ questions, ids }).toEqual({ questions: [], ids: ['job-1'] });
	});

	it('asks for as many hours as the user wants', async () => {
		const { questions, start } = await run({
			items: 1,
			history: {},
			settings: { reuseWithin: 3 * HOUR },
		});
		expect(questions).toMatchObject([{ model: MODEL, since: start - 3 * HOUR }]);
	});

	it('collects what is there with one call each, and submits the rest', async () => {
		const { ended, ids, fal, batch, outcomes, start } = await run({
			items: 4,
			history: {
				requests: () => [before('third', 2, { inferenceTime: 4 }), before('first', 0)],
			},
			settings,
		});
		expect(ids).toEqual(['first', 'job-1', 'third', 'job-2']);
		expect(outcomes).toEqual(Array(4).fill('completed'));
		expect(ended.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
		expect(ended[2]).toMatchObject({
			attempts: 0,
			foundInHistory: true,
			submittedAt: start - HOUR,
			endedAt: start - HOUR + 9_000,
			ending: { output: 'output of third', inferenceTime: 4 },
		});
		expect(ended[1]!.foundInHistory).toBeUndefined();
		expect(fal.sent('submit')).toHaveLength(2);
		expect(fal.sent('status').map(({ of }) => of)).toEqual(['job-1', 'job-2']);
		expect(fal.sent('result')).toHaveLength(4);
		expect(batch.progress).toMatchObject({ foundInHistory: 2, historyTrouble: undefined });
	});

	it('reads results with as many calls at once as jobs may be in flight', async () => {
		const { fal, outcomes, batch } = await run({
			items: 20,
			script: { latency: 1_000 },
			history: { requests: () => [...Array(20).keys()].map((i) => before(`r${i}`, i)) },
			settings: { ...settings, concurrency: 4 },
		});
		const at = fal.sent('result').map((call) => call.at);
		const most = Math.max(
			...at.map((one) => at.filter((other) => other <= one && other > one - 1_000).length),
		);
		expect(most).toBe(4);
		expect(outcomes).toEqual(Array(20).fill('completed'));
		expect(fal.sent('submit')).toEqual([]);
		// fal is done with them.
		expect(batch.progress.peakInFlight).toBe(0);
	});

	it('follows those that are open, and counts them as in flight', async () => {
		const { fal, batch, ids, outcomes, start } = await run({
			items: 4,
			script: (after) => ({
				status: (_, { requestId }) =>
					requestId.startsWith('open') && after() < 60_000 ? inProgress() : undefined,
			}),
			history: { requests: () => [open('open-1', 0), open('open-2', 1)] },
			settings,
		});
		expect(ids).toEqual(['open-1', 'open-2', 'job-1', 'job-2']);
		expect(outcomes).toEqual(Array(4).fill('completed'));
		expect(batch.progress.peakInFlight).toBe(2);
		// They come first: what they hold at fal is not to be had for others.
		expect(fal.sent('submit')[0]!.at - start).toBeGreaterThanOrEqual(60_000);
	});

	it('looks at open ones at once: they may be done by now', async () => {
		const { fal, start, outcomes } = await run({
			items: 2,
			history: { requests: () => [open('open-1', 0), open('open-2', 1)] },
			settings,
		});
		expect(outcomes).toEqual(['completed', 'completed']);
		expect(fal.sent('status').map(({ at }) => at - start)).toEqual([0, 0]);
	});

	it('submits anew what failed before', async () => {
		const { ids, first } = await run({
			items: 1,
			history: { requests: () => [before('bad', 0, { succeeded: false })] },
			settings,
		});
		expect(ids).toEqual(['job-1']);
		expect(first.attempts).toBe(1);
	});

	it('spends budget on an open one that then fails for a reason that may pass', async () => {
		const { first, batch } = await run({
			items: 1,
			script: withoutRunner('old'),
			history: { requests: () => [open('old', 0)] },
			settings,
		});
		expect(first).toMatchObject({
			attempts: 1,
			handle: { requestId: 'job-1' },
			failedAttempts: [{ handle: { requestId: 'old' } }],
			ending: { outcome: 'completed' },
		});
		expect(batch.progress.retriesUsed).toBe(1);
	});

	it('never takes what it has taken for a submit that is lost later', async () => {
		const { ids, outcomes } = await run({
			items: [7, 7],
			script: { submit: () => lost },
			history: {
				requests: () => [past({ id: 'one', input: { item: 7 }, sentAt: -2_000, endedAt: -1_000 })],
			},
			settings: { ...settings, onUnknownSubmit: 'lookUp' },
		});
		expect(ids).toEqual(['one', undefined]);
		expect(outcomes).toEqual(['completed', 'unknown']);
	});

	it('submits everything when the history can’t be read, and says so', async () => {
		const { ids, outcomes, batch } = await run({
			items: 3,
			history: { page: () => rejected(401, { detail: 'No' }) },
			settings,
		});
		expect(ids).toEqual(['job-1', 'job-2', 'job-3']);
		expect(outcomes).toEqual(Array(3).fill('completed'));
		expect(batch.progress).toMatchObject({
			foundInHistory: 0,
			historyTrouble: { statusCode: 401, message: 'No' },
		});
	});

	it('reads the results of before, though nothing can be submitted any more', async () => {
		const { outcomes } = await run({
			items: 3,
			script: { submit: () => rejected(403, { detail: 'Exhausted balance' }) },
			history: { requests: () => [before('second', 1)] },
			settings,
		});
		expect(outcomes).toEqual(['not_submitted', 'completed', 'not_submitted']);
	});

	it('in Submit hands the requests of before out', async () => {
		const { ended, fal } = await run({
			items: 3,
			history: { requests: () => [before('done', 0), open('open', 1)] },
			settings: { ...settings, follow: false },
		});
		expect(ended).toMatchObject([
			{ handle: { requestId: 'done' }, ending: { outcome: 'submitted', status: 'COMPLETED' } },
			{ handle: { requestId: 'open' }, ending: { outcome: 'submitted', status: 'IN_QUEUE' } },
			{ handle: { requestId: 'job-1' }, ending: { outcome: 'submitted', status: 'IN_QUEUE' } },
		]);
		expect(fal.calls.map(({ kind }) => kind)).toEqual(['submit']);
	});

	describe('when the execution is stopped', () => {
		it('in Submit cancels those that were handed out open, and not those that are done', async () => {
			const { fal } = await run({
				items: 3,
				script: { submit: () => lost },
				history: { requests: () => [before('done', 0), open('open', 1)] },
				// The third one is looked for.
				settings: { ...settings, follow: false, onUnknownSubmit: 'lookUp' },
				stopAfter: 90_000,
			});
			expect(fal.sent('cancel').map(({ of }) => of)).toEqual(['open']);
		});

		it('while the history is read submits nothing, and touches nothing', async () => {
			const { outcomes, fal, batch, took } = await run({
				items: 3,
				history: { requests: () => [open('open', 0), before('done', 1)], latency: 5_000 },
				settings,
				stopAfter: 1_000,
			});
			expect(outcomes).toEqual(Array(3).fill('not_submitted'));
			expect(fal.calls).toEqual([]);
			expect(batch.progress.foundInHistory).toBe(0);
			expect(took).toBeLessThanOrEqual(5_000);
		});

		it('while it waits for what may be open submits nothing, and is over at once', async () => {
			const { outcomes, fal, took } = await run({
				items: 2,
				history: {
					requests: () => [past({ id: 'x', input: { item: 0 }, sentAt: -99_000, endedAt: -9_000 })],
				},
				settings,
				stopAfter: 1_000,
			});
			expect({ outcomes, calls: fal.calls, took }).toEqual({
				outcomes: ['not_submitted', 'not_submitted'],
				calls: [],
				took: 1_000,
			});
		});

		it('cancels the open ones of before, too, those that wait for a slot included', async () => {
			const { outcomes, fal } = await run({
				items: 6,
				script: { status: () => inProgress() },
				history: { requests: () => [...Array(5).keys()].map((i) => open(`open-${i}`, i)) },
				settings,
				stopAfter: 60_000,
			});
			expect(outcomes).toEqual([...Array<string>(5).fill('cancelled'), 'not_submitted']);
			expect(new Set(fal.sent('cancel').map(({ of }) => of)).size).toBe(5);
		});

		it('keeps the ids of those whose results were not read yet, and cancels none of them', async () => {
			const { outcomes, ids, fal } = await run({
				items: 4,
				script: { result: () => answered({ output: 'early' }, 202) },
				history: { requests: () => [...Array(4).keys()].map((i) => before(`r${i}`, i)) },
				settings,
				stopAfter: 10_000,
			});
			expect(outcomes).toEqual(Array(4).fill('unknown'));
			expect(ids).toEqual(['r0', 'r1', 'r2', 'r3']);
			expect(fal.sent('cancel')).toEqual([]);
			expect(fal.sent('submit')).toEqual([]);
		});
	});
});
