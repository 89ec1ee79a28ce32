/** While no result can be read, the batch does not go on paying; and it reads so many at once at most. */
import { Batch } from '../../../nodes/engine/batch/batch';
import { RESULTS_AT_ONCE } from '../../../nodes/engine/following/limitedCalls';
import type { Submission } from '../../../nodes/engine/transport';
import { completed, inProgress, output, promptMissing, rejected, unreadable } from '../replies';
import { runScripted } from '../runScripted';
import { usualSettings } from '../runSimulated';
import { ScriptedFal } from '../scriptedFal';
import { VirtualClock } from '../virtualClock';

const MINUTE = 60_000;

const settings = { concurrency: 10, itemTimeout: 60 * MINUTE };

it.each([
	{ answer: 'a page', reply: unreadable },
	{ answer: '404', reply: rejected(404, { status: 'NOT_FOUND' }) },
	{ answer: '503', reply: rejected(503) },
])(
	'results that are never more than $answer stop the submits, and then the batch',
	async ({ reply }) => {
		const { outcomes, fal, ended } = await runScripted({
			items: 100,
			settings,
			script: { result: () => reply, latency: 50 },
		});
		// Those that were in flight while the first were not read, and one to find out.
		expect(fal.sent('submit').length).toBeLessThanOrEqual(20);
		const paid = fal.sent('submit').length;
		expect(outcomes.filter((outcome) => outcome === 'unknown')).toHaveLength(paid);
		expect(outcomes.filter((outcome) => outcome === 'not_submitted')).toHaveLength(100 - paid);
		expect(ended[99]!.ending).toMatchObject({
			failure: { type: 'results_unreadable', message: expect.stringContaining('Read them later') },
		});
	},
);

it('the progress says so, and the batch goes on when one can be read', async () => {
	const clock = new VirtualClock();
	const start = clock.now();
	const isDown = () => clock.now() - start < 4 * MINUTE;
	const fal = new ScriptedFal(clock, {
		latency: 50,
		result: () => (isDown() ? unreadable : undefined),
	});
	const batch = new Batch(
		Array.from({ length: 100 }, (_, item) => ({ model: 'a/b', input: { item }, conditions: {} })),
		{ ...usualSettings(100), ...settings },
		{ transport: fal, clock, random: () => 0.5 },
	);
	let said: string | undefined;
	let submitted = 0;
	clock.at(start + 3 * MINUTE, () => {
		said = batch.progress.holdUp;
		submitted = fal.sent('submit').length;
	});
	const ended = await clock.runUntil(batch.run());
	expect(said).toMatch(/^No result can be read \(\d+ tried\): nothing more is submitted/);
	expect(submitted).toBeLessThanOrEqual(20);
	expect(ended.filter(({ ending }) => ending.outcome === 'completed')).toHaveLength(100);
	expect(batch.progress.holdUp).toBeUndefined();
});

it('a job at fal and one on its way there may both still tell: the batch waits for them', async () => {
	const clock = new VirtualClock();
	const start = clock.now();
	const since = () => clock.now() - start;
	const fal = new ScriptedFal(clock, {
		latency: 50,
		status: (_, { requestId }) =>
			requestId === 'job-1' && since() < 20 * MINUTE ? inProgress() : undefined,
		result: () => (since() < 20 * MINUTE ? unreadable : undefined),
	});
	let offered = 0;
	const transport = {
		submit: async (submission: Submission) => {
			if (++offered === 2) await clock.sleep(15 * MINUTE);
			return await fal.submit(submission);
		},
		status: fal.status.bind(fal),
		cancel: fal.cancel.bind(fal),
		result: fal.result.bind(fal),
	};
	const batch = new Batch(
		Array.from({ length: 10 }, (_, item) => ({ model: 'a/b', input: { item }, conditions: {} })),
		{ ...usualSettings(10), ...settings, concurrency: 3 },
		{ transport, clock, random: () => 0.5 },
	);
	// By then four results were given up: as many as may be, and one whose job was submitted meanwhile.
	let offeredBefore = 0;
	clock.at(start + 14 * MINUTE, () => (offeredBefore = offered));
	const ended = await clock.runUntil(batch.run());
	expect(offeredBefore).toBe(6);
	const outcomes = ended.map(({ ending }) => ending.outcome);
	expect(outcomes.filter((outcome) => outcome === 'unknown')).toHaveLength(4);
	expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(6);
});

it('one result in trouble holds nobody up, where others can be read', async () => {
	const { outcomes, fal } = await runScripted({
		items: 30,
		settings,
		script: {
			result: (_, { requestId }) => (requestId === 'job-3' ? unreadable : undefined),
			latency: 50,
		},
	});
	expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(29);
	expect(fal.sent('submit').at(-1)!.at - fal.sent('submit')[0]!.at).toBeLessThan(10_000);
});

it('at a concurrency of 1, the result that stays unread costs six minutes, and the others come out', async () => {
	const { outcomes } = await runScripted({
		items: 3,
		settings: { itemTimeout: 60 * MINUTE },
		script: { result: (_, { requestId }) => (requestId === 'job-1' ? unreadable : undefined) },
	});
	expect(outcomes).toEqual(['unknown', 'completed', 'completed']);
});

it('errors of the jobs’ own are results that can be read', async () => {
	const { fal, outcomes } = await runScripted({
		items: 50,
		settings,
		script: { result: () => promptMissing },
	});
	expect(fal.sent('submit')).toHaveLength(50);
	expect(new Set(outcomes)).toEqual(new Set(['failed']));
});

it('a stop while none can be read ends it at once', async () => {
	const { elapsed } = await runScripted({
		items: 50,
		settings,
		stopAfter: MINUTE,
		script: { result: () => unreadable },
	});
	expect(elapsed).toBe(MINUTE);
});

it('no more results are read at once than the bound, however many jobs are in flight', async () => {
	const clock = new VirtualClock();
	let open = 0;
	let most = 0;
	const fal = new ScriptedFal(clock, {
		status: (call) => (call > 200 ? completed() : inProgress()),
	});
	const transport = {
		submit: fal.submit.bind(fal),
		status: fal.status.bind(fal),
		cancel: fal.cancel.bind(fal),
		result: async () => {
			most = Math.max(most, ++open);
			await clock.sleep(1_000);
			open--;
			return output('a film');
		},
	};
	const batch = new Batch(
		Array.from({ length: 200 }, (_, item) => ({ model: 'a/b', input: { item }, conditions: {} })),
		{ ...usualSettings(200), concurrency: 200 },
		{ transport, clock, random: () => 0.5 },
	);
	const ended = await clock.runUntil(batch.run());
	expect(ended.filter(({ ending }) => ending.outcome === 'completed')).toHaveLength(200);
	expect(most).toBe(RESULTS_AT_ONCE);
});
