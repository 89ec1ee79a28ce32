/** Stories of single batches, told one by one; what holds for all is in `batch.properties.test.ts`. */
import pLimit from 'p-limit';
import { Batch } from '../../../nodes/engine/batch/batch';
import type { Clock } from '../../../nodes/engine/clock';
import { DEFAULT_POLL_BOUNDS } from '../../../nodes/engine/following/pollSchedule';
import {
	accepted,
	answered,
	completed,
	inProgress,
	inQueue,
	lost,
	promptMissing,
	rejected,
	runnerLost,
	unreadable,
	unsent,
} from '../replies';
import { runScripted } from '../runScripted';
import { runSimulated, usualSettings } from '../runSimulated';
import { inTurn, ScriptedFal, withoutRunner } from '../scriptedFal';
import { seeded, SimulatedFal } from '../simulatedFal';
import { VirtualClock } from '../virtualClock';

const badKey = rejected(401, { detail: 'No user found for Key ID and Secret' });
const noSuchModel = rejected(404, { detail: 'Application "nope" not found' });

describe('a batch without trouble', () => {
	it('of no items ends at once, and asks fal nothing', async () => {
		const { ended, fal, elapsed } = await runScripted({ items: 0 });
		expect({ ended, calls: fal.calls, elapsed }).toEqual({ ended: [], calls: [], elapsed: 0 });
	});

	it('gives each item its own output, with its request id and its figures', async () => {
		const { ended, start } = await runScripted({
			items: 2,
			script: { status: () => completed(1.25), latency: 100 },
		});
		expect(ended).toMatchObject([
			{
				index: 0,
				attempts: 1,
				handle: { requestId: 'job-1', model: 'fal-ai/flux/dev' },
				submittedAt: start + 100,
				concurrency: 1,
				failedAttempts: [],
				ending: { outcome: 'completed', output: 'output of job-1', inferenceTime: 1.25, logs: [] },
			},
			{ index: 1, handle: { requestId: 'job-2' }, ending: { output: 'output of job-2' } },
		]);
	});

	it('submits in the order of the items', async () => {
		const { fal } = await runScripted({
			items: ['a/1', 'a/2', 'a/3', 'a/4'],
			settings: { concurrency: 2 },
			script: { latency: 50 },
		});
		expect(fal.sent('submit').map(({ of }) => of)).toEqual(['a/1', 'a/2', 'a/3', 'a/4']);
	});

	it('frees the slot of a job while its result is being read', async () => {
		const { fal } = await runScripted({
			items: 2,
			script: { result: (call) => (call <= 3 ? lost : undefined) },
		});
		const secondSubmit = fal.sent('submit')[1]!.at;
		expect(secondSubmit).toBeLessThan(fal.sent('result')[1]!.at);
	});

	it('keeps the logs when they are wanted', async () => {
		const logs = [{ message: 'step 1', timestamp: 't1' }];
		const { first } = await runScripted({
			items: 1,
			settings: { includeLogs: true },
			script: { status: () => completed(1, logs) },
		});
		expect(first.ending).toMatchObject({ logs });
	});

	it('tells where it stands while it runs', async () => {
		const clock = new VirtualClock();
		const fal = new SimulatedFal(clock, {
			seed: 1,
			latency: 10,
			jobTime: () => 10_000,
			accountLimit: 2,
		});
		const submissions = Array.from({ length: 6 }, (_, item) => ({
			model: 'a/b',
			input: { item },
			conditions: {},
		}));
		const batch = new Batch(
			submissions,
			{
				follow: true,
				concurrency: 4,
				retryBudget: 3,
				itemTimeout: 3_600_000,
				cancelAbandoned: true,
				onUnknownSubmit: 'report' as const,
				reuseWithin: 0,
				includeLogs: false,
				pollBounds: DEFAULT_POLL_BOUNDS,
			},
			{ transport: fal, clock, random: seeded(1) },
		);
		const seen: unknown[] = [];
		const start = clock.now();
		clock.at(start + 5_000, () => seen.push(batch.progress));
		await clock.runUntil(batch.run());
		seen.push(batch.progress);
		const figures = {
			total: 6,
			unsuccessful: 0,
			pushbacks: 0,
			happenings: [],
			foundInHistory: 0,
			retriesLeft: 3,
			retriesUsed: 0,
		};
		// Two jobs work, and two wait. One of these has nobody before it, as a job that works: place 0 is
		// what fal tells of both, so only the other is known to wait behind others.
		expect(seen).toEqual([
			{ ...figures, succeeded: 0, inFlight: 4, inQueue: 1, peakInFlight: 4, stoppedFor: undefined },
			{ ...figures, succeeded: 6, inFlight: 0, inQueue: 0, peakInFlight: 4, stoppedFor: undefined },
		]);
	});
});

/** A thousand jobs of two seconds, ten at a time. @returns the longest that one of the last ten took */
async function lastJobsTook(tellsInferenceTime: boolean): Promise<number> {
	const { ended } = await runSimulated({
		items: 1_000,
		settings: { concurrency: 10 },
		fal: { jobTime: () => 2_000, latency: 100, tellsInferenceTime },
	});
	const took = ended.slice(-10).map(({ endedAt, submittedAt = 0 }) => endedAt - submittedAt);
	return Math.max(...took);
}

describe('a long batch', () => {
	it('looks no later at its last jobs than at its first', async () => {
		expect(await lastJobsTook(true)).toBeLessThan(2_500);
	});
});

describe('the Submit operation', () => {
	it('hands out request ids at once, and looks at nothing', async () => {
		const { ended, fal } = await runScripted({ items: 3, settings: { follow: false } });
		expect(ended).toMatchObject([
			{ ending: { outcome: 'submitted', status: 'IN_QUEUE' }, handle: { requestId: 'job-1' } },
			{ ending: { outcome: 'submitted', status: 'IN_QUEUE' }, handle: { requestId: 'job-2' } },
			{ ending: { outcome: 'submitted', status: 'IN_QUEUE' }, handle: { requestId: 'job-3' } },
		]);
		expect(fal.calls.map(({ kind }) => kind)).toEqual(['submit', 'submit', 'submit']);
	});

	it('counts what was submitted as success', async () => {
		const { batch } = await runScripted({
			items: 2,
			settings: { follow: false },
			script: { submit: inTurn(accepted('one'), promptMissing) },
		});
		expect(batch.progress).toMatchObject({ total: 2, succeeded: 1, unsuccessful: 1, inFlight: 0 });
	});
});

describe('an item timeout', () => {
	const working = () => inProgress();
	const settings = { itemTimeout: 5_000 };

	it('cancels the job at fal, and keeps its request id', async () => {
		const { first, fal, start } = await runScripted({
			items: 1,
			settings,
			script: { status: working },
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			ending: {
				outcome: 'timed_out',
				failure: {
					type: 'item_timeout',
					message: expect.stringMatching(
						/^The job was not done 5 seconds after its last sign of life.*cancel it/,
					),
				},
			},
		});
		expect(fal.sent('cancel')).toEqual([{ kind: 'cancel', of: 'job-1', at: start + 5_500 }]);
	});

	it('with Leave Running cancels nothing, and says that it may be billed', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			settings: { ...settings, cancelAbandoned: false },
			script: { status: working },
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			ending: {
				outcome: 'timed_out',
				failure: { message: expect.stringMatching(/left running.*request ID/) },
			},
		});
		expect(fal.sent('cancel')).toEqual([]);
	});

	// It was done after all, between the last look and the cancel: it is paid for, so it is fetched.
	it('that came too late gives the result', async () => {
		const { first } = await runScripted({
			items: 1,
			settings,
			script: { status: working, cancel: () => answered('ALREADY_COMPLETED', 400) },
		});
		expect(first.ending).toMatchObject({ outcome: 'completed', output: 'output of job-1' });
	});

	it.each([
		{ what: 'is not answered', reply: lost },
		{ what: 'finds nothing', reply: answered('NOT_FOUND' as const, 404) },
	])('ends the item even when the cancel $what', async ({ reply }) => {
		const { outcomes } = await runScripted({
			items: 2,
			settings,
			script: { status: working, cancel: () => reply },
		});
		expect(outcomes).toEqual(['timed_out', 'timed_out']);
	});

	it('makes room for the next item', async () => {
		const { outcomes } = await runScripted({
			items: 2,
			settings,
			script: { status: (_, { requestId }) => (requestId === 'job-1' ? inQueue(9) : undefined) },
		});
		expect(outcomes).toEqual(['timed_out', 'completed']);
	});
});

describe('a job that fails', () => {
	it('for good is not tried again', async () => {
		const { first, fal, batch } = await runScripted({
			items: 1,
			script: { status: () => completed(0.5), result: () => promptMissing },
		});
		expect(first).toMatchObject({
			attempts: 1,
			handle: { requestId: 'job-1' },
			ending: {
				outcome: 'failed',
				failure: { type: 'missing', message: 'prompt: Field required', statusCode: 422 },
				inferenceTime: 0.5,
			},
		});
		expect(fal.sent('submit')).toHaveLength(1);
		expect(batch.progress.retriesUsed).toBe(0);
	});

	it('for a reason that may pass is submitted again, and keeps the request id of before', async () => {
		const { first, batch } = await runScripted({
			items: 1,
			script: withoutRunner('job-1'),
		});
		expect(first).toMatchObject({
			attempts: 2,
			handle: { requestId: 'job-2' },
			failedAttempts: [{ handle: { requestId: 'job-1' }, ending: { outcome: 'failed' } }],
			ending: { outcome: 'completed', output: 'output of job-2' },
		});
		expect(batch.progress).toMatchObject({ retriesUsed: 1, retriesLeft: 3 });
	});

	it('comes before the items that wait when it is submitted again', async () => {
		const { fal } = await runScripted({
			items: ['a/1', 'a/2', 'a/3'],
			// The second item is on its way already when the first one's result comes in.
			script: { ...withoutRunner('job-1'), latency: 100 },
		});
		expect(fal.sent('submit').map(({ of }) => of)).toEqual(['a/1', 'a/2', 'a/1', 'a/3']);
	});

	it('three times ends with its own error, and all its request ids', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			settings: { retryBudget: 100 },
			script: { result: () => runnerLost },
		});
		expect(first).toMatchObject({
			attempts: 3,
			handle: { requestId: 'job-3' },
			failedAttempts: [{ handle: { requestId: 'job-1' } }, { handle: { requestId: 'job-2' } }],
			ending: { outcome: 'failed', failure: { type: 'runner_disconnected' } },
		});
		expect(fal.sent('submit')).toHaveLength(3);
	});

	it('shows its own error when the budget is empty, not a word about the budget', async () => {
		const { ended, batch } = await runScripted({
			items: 3,
			settings: { retryBudget: 1 },
			script: { result: () => runnerLost },
		});
		expect(ended.map(({ attempts }) => attempts).sort()).toEqual([1, 1, 2]);
		for (const { ending } of ended) {
			expect(ending).toMatchObject({
				outcome: 'failed',
				failure: { type: 'runner_disconnected', message: 'Runner disconnected' },
			});
		}
		expect(batch.progress).toMatchObject({ retriesUsed: 1, retriesLeft: 0 });
	});

	// Its first attempt did get to fal: `not_submitted` would say that nothing can be billed.
	it.each([
		{ what: 'the network is gone', reply: unsent },
		{ what: 'the key is locked by now', reply: badKey },
		{ what: 'the model is gone', reply: noSuchModel },
	])('ends as it was when the retry never got to fal: $what', async ({ reply }) => {
		const { first } = await runScripted({
			items: 1,
			script: {
				submit: (call) => (call === 1 ? undefined : reply),
				result: () => runnerLost,
			},
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			failedAttempts: [],
			ending: { outcome: 'failed', failure: { type: 'runner_disconnected' } },
		});
	});

	it('and whose second submit is of unknown fate is unknown, and keeps the first request id', async () => {
		const { first } = await runScripted({
			items: 1,
			script: {
				submit: (call) => (call === 1 ? undefined : lost),
				result: () => runnerLost,
			},
		});
		expect(first).toMatchObject({
			attempts: 2,
			failedAttempts: [{ handle: { requestId: 'job-1' } }],
			ending: { outcome: 'unknown' },
		});
		expect(first.handle).toBeUndefined();
	});

	it('is not tried again after a stop', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			stopAfter: 650,
			script: { result: () => runnerLost, latency: 100 },
		});
		expect(fal.sent('submit')).toHaveLength(1);
		expect(first.handle).toEqual({ requestId: 'job-1', model: 'fal-ai/flux/dev' });
	});
});

describe('a job whose end can’t be learned', () => {
	it('is unknown with its request id when fal does not know it any more', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			script: { status: () => rejected(404, { status: 'NOT_FOUND' }) },
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			ending: {
				outcome: 'unknown',
				failure: { type: 'not_found', message: expect.stringContaining('may be billed') },
			},
		});
		expect(fal.sent('submit')).toHaveLength(1);
	});

	it('is unknown, and not generated again, when its result can’t be read', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			script: { status: () => completed(2), result: () => unreadable },
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			ending: {
				outcome: 'unknown',
				failure: {
					type: 'unreadable_answer',
					message: expect.stringMatching(/^The job is done, but its result could not be read/),
					retryable: false,
				},
				inferenceTime: 2,
			},
		});
		expect(fal.sent('submit')).toHaveLength(1);
	});
});

describe('a submit of unknown fate', () => {
	it.each([
		{ what: 'no answer', reply: lost },
		{ what: '503', reply: rejected(503) },
		{ what: 'half an answer', reply: unreadable },
	])('($what) is not sent again: it may be a paid job', async ({ reply }) => {
		const { first, fal, batch } = await runScripted({ items: 1, script: { submit: () => reply } });
		expect(first).toMatchObject({ attempts: 1, ending: { outcome: 'unknown' } });
		expect(fal.sent('submit')).toHaveLength(1);
		expect(batch.progress.retriesUsed).toBe(0);
	});

	it('is sent again when the user asked for that, within the budget', async () => {
		const { first, batch } = await runScripted({
			items: 1,
			settings: { onUnknownSubmit: 'submitAgain' },
			script: { submit: (call) => (call === 1 ? lost : undefined) },
		});
		expect(first).toMatchObject({
			attempts: 2,
			handle: { requestId: 'job-2' },
			failedAttempts: [{ ending: { outcome: 'unknown', failure: { type: 'no_answer' } } }],
			ending: { outcome: 'completed' },
		});
		expect(batch.progress.retriesUsed).toBe(1);
	});

	it('stays unknown when the budget for sending it again is empty', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			settings: { onUnknownSubmit: 'submitAgain', retryBudget: 0, concurrency: 2 },
			script: { submit: () => lost },
		});
		expect(first).toMatchObject({ attempts: 1, ending: { outcome: 'unknown' } });
		expect(fal.sent('submit')).toHaveLength(1);
	});

	// The first submit may have got through: "not submitted" would be a lie that costs money.
	it('stays unknown when sending it again never got to fal', async () => {
		const { first } = await runScripted({
			items: 1,
			settings: { onUnknownSubmit: 'submitAgain' },
			script: { submit: (call) => (call === 1 ? lost : unsent) },
		});
		expect(first.ending).toMatchObject({ outcome: 'unknown', failure: { type: 'no_answer' } });
	});
});

describe('a submit that never got to fal', () => {
	it('is sent again after a pause; it is no attempt, and costs no budget', async () => {
		const { first, batch, elapsed } = await runScripted({
			items: 1,
			settings: { retryBudget: 0 },
			script: { submit: (call) => (call <= 2 ? unsent : undefined) },
		});
		expect(first).toMatchObject({ attempts: 1, ending: { outcome: 'completed' } });
		expect(batch.progress.retriesUsed).toBe(0);
		expect(elapsed).toBeGreaterThan(500);
	});

	// Chance is the batch's own, so that a test can tell what comes when.
	it('is sent again after a random part of half a second', async () => {
		const { fal, start } = await runScripted({
			items: 1,
			script: { submit: (call) => (call === 1 ? unsent : undefined) },
		});
		expect(fal.sent('submit').map(({ at }) => at - start)).toEqual([0, 250]);
	});

	// 20 items used to fail after 2.7 s, though nothing was sent and nothing could be billed.
	it('because fal was out of reach for five seconds at the start fails nobody', async () => {
		const { outcomes } = await runScripted({
			items: 20,
			settings: { concurrency: 5 },
			script: { submit: (_, __, at) => (at < 5_000 ? unsent : undefined) },
		});
		expect(outcomes).toEqual(Array(20).fill('completed'));
	});

	it('is tried for two minutes, with few tries, and then nothing is offered any more', async () => {
		const { ended, fal, batch, elapsed } = await runScripted({
			items: 50,
			settings: { concurrency: 3, retryBudget: 2 },
			script: { submit: () => unsent },
		});
		expect(elapsed).toBeGreaterThanOrEqual(120_000);
		expect(elapsed).toBeLessThan(150_000);
		expect(fal.sent('submit').length).toBeLessThan(20);
		expect(batch.progress.stoppedFor).toMatchObject({ type: 'not_reached' });
		expect(ended[0]?.handle).toBeUndefined();
		expect(ended.at(-1)).toMatchObject({
			attempts: 0,
			ending: {
				outcome: 'not_submitted',
				failure: {
					message:
						'Not submitted, because the batch was stopped: fal could not be reached: the connection was refused',
					retryable: true,
				},
			},
		});
	});

	it('is tried for five minutes once fal has been reached', async () => {
		const { outcomes } = await runScripted({
			items: 2,
			script: {
				submit: (call, _, at) => (call > 1 && at < 240_000 ? unsent : undefined),
			},
		});
		expect(outcomes).toEqual(['completed', 'completed']);
	});

	it('is told while it lasts, and a stop ends the waiting', async () => {
		const story = runScripted({ items: 3, stopAfter: 10_000, script: { submit: () => unsent } });
		const { outcomes, elapsed } = await story;
		expect(elapsed).toBe(10_000);
		expect(outcomes).toEqual(Array(3).fill('not_submitted'));
	});
});

describe('time that goes on between two questions', () => {
	// Who is next, and when the next one may be: a lane that opened between the two was never woken again.
	it.each([unsent, rejected(503), rejected(429, undefined, { 'retry-after': '1' })])(
		'leaves no batch asleep (%j)',
		async (reply) => {
			for (let seed = 1; seed <= 40; seed++) {
				const clock = new VirtualClock();
				let calls = 0;
				const ticking: Clock = {
					now: () => clock.now() + ++calls * 20,
					sleep: async (ms, signal) => await clock.sleep(ms, signal),
				};
				const fal = new ScriptedFal(ticking, { submit: () => reply });
				const submissions = Array.from({ length: 12 }, (_, item) => ({
					model: 'a/b',
					input: { item },
					conditions: {},
				}));
				const batch = new Batch(
					submissions,
					{ ...usualSettings(12), concurrency: 4 },
					{
						transport: fal,
						clock: ticking,
						random: seeded(seed),
					},
				);
				expect(await clock.runUntil(batch.run())).toHaveLength(12);
			}
		},
	);
});

describe('a key that fal does not take (any more)', () => {
	it.each([401, 403])('%i stops the batch, and collects what already runs', async (status) => {
		const { ended, outcomes, fal, batch } = await runScripted({
			items: 20,
			settings: { concurrency: 2 },
			access: 'refused',
			script: {
				submit: (call) => (call <= 3 ? undefined : rejected(status, { detail: 'No' })),
				// The first job runs on while the others fail.
				status: (call, { requestId }) =>
					requestId === 'job-1' && call < 20 ? inProgress() : undefined,
			},
		});
		expect(outcomes).toEqual([
			...Array<string>(3).fill('completed'),
			...Array<string>(17).fill('not_submitted'),
		]);
		expect(fal.sent('submit')).toHaveLength(4);
		expect(batch.progress.stoppedFor).toMatchObject({ statusCode: status });
		expect(ended[3]?.ending).toMatchObject({
			failure: { message: expect.stringMatching(/^No\./) },
		});
		expect(ended[19]?.ending).toMatchObject({
			failure: { message: expect.stringContaining('the batch was stopped: No.') },
		});
	});

	it('whose balance is empty is not asked again: fal says so in words', async () => {
		const locked = rejected(403, { detail: 'User is locked. Reason: Exhausted balance.' });
		const { fal, batch } = await runScripted({
			items: 20,
			access: 'granted',
			script: { submit: () => locked },
		});
		expect(fal.sent('submit')).toHaveLength(1);
		expect(batch.progress.stoppedFor).toMatchObject({ statusCode: 403 });
	});

	it('is asked once more where nothing can tell whom the refusal concerns', async () => {
		const { fal, batch } = await runScripted({ items: 20, script: { submit: () => badKey } });
		expect(fal.sent('submit')).toHaveLength(2);
		expect(batch.progress.stoppedFor).toMatchObject({ statusCode: 401 });
	});

	it('lets no job of before be generated again', async () => {
		const { ended, fal, batch } = await runScripted({
			items: 2,
			settings: { concurrency: 2 },
			access: 'refused',
			script: {
				submit: (call) => (call === 1 ? undefined : badKey),
				result: () => runnerLost,
			},
		});
		expect(ended[0]?.ending).toMatchObject({
			outcome: 'failed',
			failure: { type: 'runner_disconnected' },
		});
		expect(fal.sent('submit')).toHaveLength(2);
		expect(batch.progress.retriesUsed).toBe(0);
	});
});

describe('a refusal that may concern others', () => {
	// After 49 of 50 were taken, the one stray answer used to end the rest of the batch.
	it.each([401, 403, 404])('a stray %i ends nothing', async (status) => {
		const { outcomes, fal } = await runScripted({
			items: 50,
			access: 'granted',
			script: { submit: (call) => (call === 30 ? rejected(status, { detail: 'No' }) : undefined) },
		});
		expect(outcomes).toEqual(Array(50).fill('completed'));
		expect(fal.sent('submit')).toHaveLength(51);
	});

	it('is asked again after two seconds, and nobody is offered meanwhile', async () => {
		const { fal, start } = await runScripted({
			items: 4,
			settings: { concurrency: 3 },
			script: { submit: (call) => (call === 1 ? rejected(404, { detail: 'No' }) : undefined) },
		});
		const times = fal.sent('submit').map(({ at }) => at - start);
		expect(times).toEqual([0, 0, 0, 2_000, 2_000]);
	});

	it('of a model that this key may not use ends the items of that model only', async () => {
		const models = Array.from({ length: 12 }, (_, item) => (item % 2 ? 'a/good' : 'a/private'));
		const { ended, batch } = await runScripted({
			items: models,
			settings: { concurrency: 3 },
			access: 'granted',
			script: {
				submit: (_, { model }) =>
					model === 'a/private'
						? rejected(403, { detail: 'Cannot access application' })
						: undefined,
			},
		});
		expect(ended.map(({ ending }) => ending.outcome)).toEqual(
			models.map((model) => (model === 'a/good' ? 'completed' : 'not_submitted')),
		);
		expect(batch.progress.stoppedFor).toBeUndefined();
	});
});

describe('a model that fal does not know', () => {
	it('is asked for twice; items of other models go on', async () => {
		const models = Array.from({ length: 12 }, (_, item) => (item % 2 ? 'a/good' : 'a/nope'));
		const { ended, fal } = await runScripted({
			items: models,
			script: {
				submit: (_, { model }) => (model === 'a/nope' ? noSuchModel : undefined),
			},
		});
		for (const { ending, index, attempts } of ended) {
			expect(ending.outcome).toBe(index % 2 ? 'completed' : 'not_submitted');
			expect(attempts).toBe(index % 2 || index === 0 ? 1 : 0);
		}
		expect(fal.sent('submit').filter(({ of }) => of === 'a/nope')).toHaveLength(2);
		expect(ended[10]?.ending).toMatchObject({
			failure: { message: expect.stringContaining('Check the model ID'), retryable: false },
		});
	});

	it('does not hold up the items behind it', async () => {
		const { elapsed, outcomes, fal } = await runScripted({
			items: Array<string>(1_000).fill('a/nope'),
			settings: { concurrency: 5 },
			script: { submit: () => noSuchModel, latency: 100 },
		});
		expect(elapsed).toBeLessThan(3_000);
		expect(fal.sent('submit').length).toBeLessThanOrEqual(10);
		expect(new Set(outcomes)).toEqual(new Set(['not_submitted']));
	});
});

describe('reads that are refused', () => {
	// All 100 used to be submitted, and paid for, and ended as unknown.
	it.each(['refused', 'granted', 'unknown'] as const)(
		'stop the submits: no more than Concurrency are paid for (access %s)',
		async (access) => {
			const { outcomes, fal } = await runScripted({
				items: 100,
				settings: { concurrency: 10 },
				access,
				script: { status: () => rejected(403, { detail: 'No permission' }), latency: 50 },
			});
			expect(fal.sent('submit').length).toBeLessThanOrEqual(10);
			expect(outcomes.filter((outcome) => outcome === 'unknown').length).toBeLessThanOrEqual(10);
			expect(outcomes.filter((outcome) => outcome === 'not_submitted')).toHaveLength(90);
		},
	);

	it.each([401, 403])('for the whole account (%i) stop all models', async (status) => {
		const { outcomes, batch } = await runScripted({
			items: ['a/1', 'a/2', 'a/1', 'a/2'],
			access: 'refused',
			script: { status: () => rejected(status, { detail: 'No' }) },
		});
		expect(outcomes).toEqual(['unknown', ...Array<string>(3).fill('not_submitted')]);
		expect(batch.progress.stoppedFor).toMatchObject({ statusCode: status });
	});

	it('for one model leave the others alone', async () => {
		const models = Array.from({ length: 20 }, (_, item) => (item % 2 ? 'a/good' : 'a/barred'));
		const { ended } = await runScripted({
			items: models,
			settings: { concurrency: 4 },
			access: 'granted',
			script: {
				status: (_, { model }) => (model === 'a/barred' ? rejected(403) : undefined),
				latency: 50,
			},
		});
		const good = ended.filter(({ submission }) => submission.model === 'a/good');
		expect(good.map(({ ending }) => ending.outcome)).toEqual(Array(10).fill('completed'));
	});
});

describe('a submit that broke, and whose answer names a request', () => {
	const broke = rejected(502, undefined, { 'x-fal-request-id': 'named' });

	it('is unknown, and keeps that id', async () => {
		const { first } = await runScripted({ items: 1, script: { submit: () => broke } });
		expect(first).toMatchObject({
			handle: { requestId: 'named' },
			ending: { outcome: 'unknown' },
		});
	});

	it('is followed by that id with Look Up, when fal knows it', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			settings: { onUnknownSubmit: 'lookUp' },
			script: { submit: () => broke },
		});
		expect(first).toMatchObject({ foundInHistory: true, ending: { outcome: 'completed' } });
		expect(fal.sent('submit')).toHaveLength(1);
	});

	// It broke before the request was made: to follow it would only tell so minutes later.
	it('is not taken for found with Look Up, when fal does not know it', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			settings: { onUnknownSubmit: 'lookUp' },
			script: { submit: () => broke, status: () => rejected(404) },
		});
		expect(first).toMatchObject({ handle: { requestId: 'named' }, ending: { outcome: 'unknown' } });
		expect(first.foundInHistory).toBeUndefined();
		expect(fal.sent('status')).toHaveLength(1);
		expect(fal.logsAsked).toEqual([false]);
	});
});

describe('models in one batch', () => {
	const mixed = Array.from({ length: 20 }, (_, item) => (item % 2 ? 'a/free' : 'a/busy'));
	const lastFree = (fal: ScriptedFal, start: number) =>
		Math.max(...fal.sent('submit').map(({ of, at }) => (of === 'a/free' ? at - start : 0)));

	it.each([
		{ what: 'pushback', reply: rejected(429, undefined, { 'retry-after': '600' }) },
		{ what: 'outage', reply: rejected(503) },
		{ what: 'absence', reply: unsent },
	])('do not suffer from the $what of another', async ({ reply }) => {
		const { ended, fal, start } = await runScripted({
			items: mixed,
			settings: { concurrency: 4 },
			script: { submit: (_, { model }) => (model === 'a/busy' ? reply : undefined) },
		});
		const free = ended.filter(({ submission }) => submission.model === 'a/free');
		expect(free.map(({ ending }) => ending.outcome)).toEqual(Array(10).fill('completed'));
		expect(lastFree(fal, start)).toBeLessThan(5_000);
	});
});

describe('an input that fal refuses at the submit', () => {
	it('fails its item and no other', async () => {
		const { outcomes, fal } = await runScripted({
			items: 3,
			script: { submit: (call) => (call === 2 ? promptMissing : undefined) },
		});
		expect(outcomes).toEqual(['completed', 'not_submitted', 'completed']);
		expect(fal.sent('submit')).toHaveLength(3);
	});
});

describe('fal pushing back', () => {
	const pushedBack = async (submitLimit: number) =>
		await runSimulated({
			items: 100,
			settings: { concurrency: 20, retryBudget: 20 },
			fal: { submitLimit, jobTime: () => 2_000, latency: 100 },
		});

	it.each([1, 2, 10])(
		'at %i jobs, with a concurrency of 20, leaves no item undone',
		async (most) => {
			const { ended, fal, batch } = await pushedBack(most);
			expect(ended.filter(({ ending }) => ending.outcome === 'completed')).toHaveLength(100);
			expect(fal.jobs).toHaveLength(100);
			expect(batch.progress.pushbacks).toBeGreaterThan(0);
			expect(batch.progress.retriesUsed).toBe(0);
		},
	);

	// The goal of the design.
	it.each([2, 10])('at %i jobs costs a tenth of the speed at the most', async (most) => {
		const { wallTime } = await pushedBack(most);
		const ideal = (100 / most) * 2_000;
		expect(ideal / wallTime).toBeGreaterThanOrEqual(0.9);
	});

	it('costs no budget while fal holds jobs of the batch: one of them ending makes room', async () => {
		const { outcomes, batch, ended } = await runScripted({
			items: 3,
			settings: { concurrency: 3, retryBudget: 0 },
			script: { submit: (call) => (call === 3 ? rejected(429) : undefined) },
		});
		expect(outcomes).toEqual(['completed', 'completed', 'completed']);
		expect(batch.progress).toMatchObject({ pushbacks: 1, retriesUsed: 0 });
		// The refused offer is no attempt, and the next one is made at the limit that was learned.
		expect(ended[2]).toMatchObject({ attempts: 1, concurrency: 2 });
	});

	it('while it holds none of them is trouble: it costs budget', async () => {
		const { first, batch } = await runScripted({
			items: 1,
			script: { submit: (call) => (call === 1 ? rejected(429) : undefined) },
		});
		expect(first).toMatchObject({ attempts: 2, ending: { outcome: 'completed' } });
		expect(batch.progress).toMatchObject({ pushbacks: 1, retriesUsed: 1 });
	});

	it('with Retry-After is left alone for that long', async () => {
		const { fal } = await runScripted({
			items: 1,
			script: {
				submit: (call) =>
					call === 1 ? rejected(429, undefined, { 'retry-after': '20' }) : undefined,
			},
		});
		const [first, second] = fal.sent('submit').map(({ at }) => at);
		expect(second! - first!).toBe(20_000);
	});
});

describe('the Submit operation behind a server that answers 429', () => {
	// Of 100 items 44 used to fail above a limit of 2, and 62 above 10.
	it.each([2, 10])('above %i jobs hands out all of them', async (submitLimit) => {
		const { ended, batch } = await runSimulated({
			items: 100,
			settings: { follow: false, concurrency: 20 },
			fal: { submitLimit, jobTime: () => 2_000, latency: 100 },
		});
		expect(ended.map(({ ending }) => ending.outcome)).toEqual(Array(100).fill('submitted'));
		expect(batch.progress.retriesUsed).toBe(0);
	});
});

describe('slots shared by all that use an account', () => {
	// A batch that was told to come back in ten minutes used to keep the other's instant jobs waiting as long.
	it('are not held by a batch that waits for fal', async () => {
		const clock = new VirtualClock();
		const accountSlots = pLimit(2);
		const start = clock.now();
		const run = (fal: ScriptedFal, model: string) =>
			new Batch(
				Array.from({ length: 10 }, (_, item) => ({ model, input: { item }, conditions: {} })),
				{ ...usualSettings(10), retryBudget: 20 },
				{ transport: fal, clock, accountSlots, random: () => 0.5 },
			).run();
		const later = rejected(429, undefined, { 'retry-after': '600' });
		const told = new ScriptedFal(clock, { submit: (call) => (call <= 2 ? later : undefined) });
		const instant = new ScriptedFal(clock, { latency: 10 });
		let instantTook = 0;
		const both = [
			run(told, 'a/busy'),
			run(instant, 'a/free').then(() => (instantTook = clock.now() - start)),
		];
		await clock.runUntil(Promise.all(both));
		expect(instantTook).toBeLessThan(20_000);
		expect(clock.now() - start).toBeGreaterThanOrEqual(600_000);
	});

	it('two batches together never have more jobs in flight than the account may', async () => {
		const clock = new VirtualClock();
		const fal = new SimulatedFal(clock, {
			seed: 3,
			latency: 100,
			jobTime: (random) => 1_000 + random() * 2_000,
			accountLimit: 40,
		});
		const accountSlots = pLimit(5);
		const batches = [0, 100].map((offset) => {
			const submissions = Array.from({ length: 30 }, (_, item) => ({
				model: 'a/b',
				input: { item: offset + item },
				conditions: {},
			}));
			const settings = {
				follow: true,
				concurrency: 4,
				retryBudget: 6,
				itemTimeout: 3_600_000,
				cancelAbandoned: true,
				onUnknownSubmit: 'report' as const,
				reuseWithin: 0,
				includeLogs: false,
				pollBounds: DEFAULT_POLL_BOUNDS,
			};
			return new Batch(submissions, settings, { transport: fal, clock, accountSlots });
		});
		const ended = await clock.runUntil(Promise.all(batches.map(async (batch) => batch.run())));
		expect(ended.flat().every(({ ending }) => ending.outcome === 'completed')).toBe(true);
		expect(ended.flat()).toHaveLength(60);
		expect(fal.peakHeld).toBe(5);
		// Neither was starved by the other.
		for (const { progress } of batches) expect(progress.peakInFlight).toBeGreaterThan(1);
	});
});

describe('a stop', () => {
	it('cancels what is open, submits nothing more, and ends every item', async () => {
		const { ended, fal, start } = await runScripted({
			items: 5,
			settings: { concurrency: 2 },
			stopAfter: 3_000,
			script: { status: () => inProgress(), latency: 100 },
		});
		expect(ended.slice(0, 2)).toMatchObject([
			{ handle: { requestId: 'job-1' }, ending: { outcome: 'cancelled' } },
			{ handle: { requestId: 'job-2' }, ending: { outcome: 'cancelled' } },
		]);
		expect(ended.slice(2)).toMatchObject(
			Array(3).fill({
				attempts: 0,
				ending: { outcome: 'not_submitted', failure: { type: 'execution_stopped' } },
			}),
		);
		expect(fal.sent('submit')).toHaveLength(2);
		const cancels = fal.sent('cancel');
		expect(cancels.map(({ of }) => of).sort()).toEqual(['job-1', 'job-2']);
		for (const { at } of cancels) expect(at).toBeLessThanOrEqual(start + 3_000 + 100);
	});

	it('with Leave Running cancels nothing, and says so', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			settings: { cancelAbandoned: false },
			stopAfter: 3_000,
			script: { status: () => inProgress() },
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			ending: { failure: { message: expect.stringContaining('left running') } },
		});
		expect(fal.sent('cancel')).toEqual([]);
	});

	// Cutting the submit off would leave a job behind that nobody can cancel: its id is not known yet.
	it('while a submit is in the air cancels that job once its id has arrived', async () => {
		const { first, fal, start } = await runScripted({
			items: 3,
			stopAfter: 500,
			script: { latency: 2_000 },
		});
		expect(first).toMatchObject({
			handle: { requestId: 'job-1' },
			ending: { outcome: 'cancelled' },
		});
		expect(fal.calls).toEqual([
			{ kind: 'submit', of: 'fal-ai/flux/dev', at: start },
			{ kind: 'cancel', of: 'job-1', at: start + 2_000 },
		]);
	});

	it('while a submit is pushed back leaves it at that', async () => {
		const { first, fal } = await runScripted({
			items: 1,
			stopAfter: 500,
			script: { submit: () => rejected(429), latency: 2_000 },
		});
		expect(first.ending).toMatchObject({ outcome: 'not_submitted' });
		expect(fal.calls).toHaveLength(1);
	});

	describe('while a result is being read', () => {
		const story = {
			items: 1,
			stopAfter: 5_000,
			script: { result: () => lost },
		};

		it('keeps the request id, and cancels nothing: the work is done and paid for', async () => {
			const { first, fal } = await runScripted(story);
			expect(first).toMatchObject({
				handle: { requestId: 'job-1' },
				ending: { failure: { type: 'execution_stopped' } },
			});
			expect(fal.sent('cancel')).toEqual([]);
		});

		// Known defect.
		it('does not say that fal was asked to cancel it', async () => {
			const { first } = await runScripted(story);
			expect(JSON.stringify(first.ending)).not.toContain('asked to cancel');
		});
	});

	it('before the start submits nothing at all', async () => {
		const clock = new VirtualClock();
		const fal = new ScriptedFal(clock);
		const settings = {
			follow: true,
			concurrency: 2,
			retryBudget: 4,
			itemTimeout: 60_000,
			cancelAbandoned: true,
			onUnknownSubmit: 'report' as const,
			reuseWithin: 0,
			includeLogs: false,
			pollBounds: DEFAULT_POLL_BOUNDS,
		};
		const submission = { model: 'a/b', input: {}, conditions: {} };
		const batch = new Batch([submission, submission], settings, {
			transport: fal,
			clock,
			signal: AbortSignal.abort(),
		});
		const ended = await clock.runUntil(batch.run());
		const untouched = { outcome: 'not_submitted', failure: { retryable: true } };
		expect(ended).toMatchObject([{ ending: untouched }, { ending: untouched }]);
		expect(fal.calls).toEqual([]);
	});
});

describe('defects that were found once, and must not come back', () => {
	// The time between a job's end and the look that saw it is learned as work, so the next look is that
	// much later, and so on.
	it('looks do not come later and later when fal tells no inference time', async () => {
		expect(await lastJobsTook(false)).toBeLessThan(2_500);
	});

	it('a stop ends a batch that waits for a slot of the account', async () => {
		const clock = new VirtualClock();
		const accountSlots = pLimit(1);
		// Another batch has the only slot, for an hour.
		void accountSlots(async () => await clock.sleep(3_600_000));
		const stop = new AbortController();
		const start = clock.now();
		clock.at(start + 1_000, () => stop.abort());
		const settings = {
			follow: true,
			concurrency: 1,
			retryBudget: 4,
			itemTimeout: 60_000,
			cancelAbandoned: true,
			onUnknownSubmit: 'report' as const,
			reuseWithin: 0,
			includeLogs: false,
			pollBounds: DEFAULT_POLL_BOUNDS,
		};
		const submission = { model: 'a/b', input: {}, conditions: {} };
		const batch = new Batch([submission], settings, {
			transport: new ScriptedFal(clock),
			clock,
			signal: stop.signal,
			accountSlots,
		});
		await clock.runUntil(batch.run());
		expect(clock.now() - start).toBeLessThan(10_000);
	});

	// A cancel costs nothing and may be repeated; the job it was for goes on and is billed.
	it('a cancel that did not get through is tried again', async () => {
		const { fal } = await runScripted({
			items: 1,
			settings: { itemTimeout: 5_000 },
			script: { status: () => inProgress(), cancel: (call) => (call === 1 ? lost : undefined) },
		});
		expect(fal.sent('cancel').length).toBeGreaterThan(1);
	});

	// With Leave Running it goes on and is billed: whoever submits what is retryable again pays twice.
	it('a job that was left running is not called retryable', async () => {
		const { first } = await runScripted({
			items: 1,
			settings: { itemTimeout: 5_000, cancelAbandoned: false },
			script: { status: () => inProgress() },
		});
		expect(first.ending).toMatchObject({ outcome: 'timed_out', failure: { retryable: false } });
	});

	// A gateway that is gone for some seconds says nothing of a job that is done and paid for.
	it('a finished job does not fail over seconds of 502 from a gateway', async () => {
		const { first, start } = await runScripted({
			items: 1,
			script: { result: () => rejected(502, 'Bad Gateway') },
		});
		const triedFor = first.endedAt - start;
		expect(first.ending.outcome === 'failed' && triedFor < 10_000).toBe(false);
	});

	it('an answer 202 to the result call is not taken for the output', async () => {
		const { first } = await runScripted({
			items: 1,
			script: {
				result: (call) =>
					call === 1 ? answered({ output: { status: 'IN_PROGRESS' } }, 202) : undefined,
			},
		});
		expect(first.ending).toMatchObject({ output: 'output of job-1' });
	});

	// `completed_at` and `queue_time` of the item are made of it.
	it('a job whose retry never got to fal ended when its attempt ended', async () => {
		const { first, start } = await runScripted({
			items: 1,
			script: { ...withoutRunner('job-1'), submit: (call) => (call === 1 ? undefined : unsent) },
		});
		expect(first.endedAt - start).toBe(500);
	});

	it('two sentences of a message are parted by one full stop', async () => {
		const { first } = await runScripted({
			items: 1,
			script: { status: () => rejected(401, { detail: 'No user found for Key ID and Secret' }) },
		});
		expect(JSON.stringify(first.ending)).toContain('Secret. The job');
	});
});

describe('a cancel whose answer is lost', () => {
	// The second one finds the job ended, by the first.
	it('leaves the job timed out, and not failed', async () => {
		const { first } = await runScripted({
			items: 1,
			settings: { itemTimeout: 5_000 },
			script: {
				status: () => inProgress(),
				cancel: (call) => (call === 1 ? lost : answered('ALREADY_COMPLETED', 400)),
				result: () => rejected(499, { detail: 'Cancelled', error_type: 'client_cancelled' }),
			},
		});
		expect(first.ending).toMatchObject({
			outcome: 'timed_out',
			failure: { type: 'item_timeout', message: expect.stringContaining('asked to cancel') },
		});
	});

	it('is repeated after the time that fal asks for, and given up when that is long', async () => {
		const busy = (seconds: string) => rejected(429, undefined, { 'retry-after': seconds });
		const story = (reply: ReturnType<typeof busy>) => ({
			items: 1,
			settings: { itemTimeout: 5_000 },
			script: {
				status: () => inProgress(),
				cancel: (call: number) => (call === 1 ? reply : undefined),
			},
		});
		const soon = await runScripted(story(busy('7')));
		const [first, second] = soon.fal.sent('cancel');
		expect(second!.at - first!.at).toBeGreaterThanOrEqual(7_000);
		const late = await runScripted(story(busy('700')));
		expect(late.fal.sent('cancel')).toHaveLength(1);
		expect(late.first.ending).toMatchObject({ outcome: 'timed_out' });
	});
});
