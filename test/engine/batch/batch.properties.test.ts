/** What must hold for every batch, whatever fal, the network and the clock do: tried on random schedules. */
import fc from 'fast-check';
import { MAX_ATTEMPTS } from '../../../nodes/engine/submitting/retryBudget';
import { howMany, SEED } from '../../long';
import { runSimulated } from '../runSimulated';
import { SUBMIT_FAULTS } from '../simulatedFal';

/** Random schedules a property is tried on; `SCHEDULES=20000` for a long night. */
const SCHEDULES = howMany('SCHEDULES', { quick: 70, long: 3_000 });
const TRIED = { numRuns: SCHEDULES, seed: SEED };
let schedulesTried = 0;
afterAll(() => process.stdout.write(`random schedules tried: ${schedulesTried}, SEED=${SEED}\n`));

const share = fc.constantFrom(0, 0, 0.05, 0.3, 0.9);

const schedules = fc.record({
	items: fc.integer({ min: 1, max: 40 }),
	concurrency: fc.integer({ min: 1, max: 12 }),
	retryBudget: fc.integer({ min: 0, max: 12 }),
	itemTimeout: fc.constantFrom(500, 5_000, 60_000, 3_600_000),
	cancelAbandoned: fc.boolean(),
	seed: fc.integer(),
	latency: fc.constantFrom(0, 10, 100, 3_000),
	shortestJob: fc.integer({ min: 0, max: 5_000 }),
	jobTimeSpread: fc.constantFrom(0, 0, 1_000, 60_000),
	accountLimit: fc.constantFrom(1, 2, 10, 40),
	submitLimit: fc.constantFrom(undefined, undefined, 1, 2, 7),
	retryAfter: fc.constantFrom(undefined, 1, 30),
	submitFaults: share,
	readFaults: fc.constantFrom(0, 0.05, 0.5),
	transientFailures: share,
	finalFailures: fc.constantFrom(0, 0.1),
	tellsInferenceTime: fc.boolean(),
	includeLogs: fc.boolean(),
	stopAfter: fc.constantFrom<number | undefined>(undefined, undefined, 50, 2_500, 20_000),
});

type Schedule = typeof schedules extends fc.Arbitrary<infer Value> ? Value : never;

async function run(schedule: Schedule & { follow?: boolean }) {
	schedulesTried++;
	const { items, stopAfter, shortestJob, jobTimeSpread, submitLimit, retryAfter, ...rest } =
		schedule;
	return await runSimulated({
		items,
		...(stopAfter !== undefined && { stopAfter }),
		settings: rest,
		fal: {
			...rest,
			...(submitLimit !== undefined && { submitLimit }),
			...(retryAfter !== undefined && { retryAfter }),
			jobTime: (random) => shortestJob + random() * jobTimeSpread,
		},
	});
}

async function holds(check: (schedule: Schedule) => Promise<void>): Promise<void> {
	await fc.assert(fc.asyncProperty(schedules, check), TRIED);
}

describe('on any schedule', () => {
	it('each item ends exactly once, in the order of the input, with its own output', async () => {
		await holds(async (schedule) => {
			const { ended } = await run(schedule);
			expect(ended.map(({ index }) => index)).toEqual([...Array(schedule.items).keys()]);
			const strangers = ended.filter(
				({ ending, index }) =>
					ending.outcome === 'completed' && Object(ending.output).item !== index,
			);
			expect(strangers).toEqual([]);
		});
	});

	it('never more jobs are in flight than the concurrency', async () => {
		await holds(async (schedule) => {
			// A job that timed out and was left running is not in flight any more, as far as we are asked.
			const { fal } = await run({ ...schedule, cancelAbandoned: true });
			expect(fal.peakHeld).toBeLessThanOrEqual(schedule.concurrency);
		});
	});

	it('extra submits stay within the retry budget, and within the attempts of an item', async () => {
		await holds(async (schedule) => {
			const { fal, ended, batch } = await run(schedule);
			const sent = [...fal.submitsOf.values()].map((came) =>
				came.filter((one) => one !== 'unsent'),
			);
			const extra = sent.reduce((sum, { length }) => sum + Math.max(0, length - 1), 0);
			expect(extra - fal.freePushbacks).toBeLessThanOrEqual(schedule.retryBudget);
			expect(batch.progress.retriesUsed).toBeLessThanOrEqual(schedule.retryBudget);
			for (const { attempts } of ended) expect(attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
		});
	});

	it('a submit of unknown fate is the last one of its item', async () => {
		await holds(async (schedule) => {
			const { fal } = await run(schedule);
			const sentAgain = [...fal.submitsOf.values()].filter((submits) =>
				submits.slice(0, -1).some((came) => ['lost', 'unreadable', '503'].includes(came)),
			);
			expect(sentAgain).toEqual([]);
		});
	});

	it('a job is generated again only after it failed for a transient reason', async () => {
		await holds(async (schedule) => {
			const { fal } = await run(schedule);
			for (const item of fal.submitsOf.keys()) {
				const generated = fal.jobs.filter((job) => job.item === item);
				const excused = generated.filter(({ fate }) => fate === 'transient').length;
				expect(generated.length).toBeLessThanOrEqual(excused + 1);
			}
		});
	});

	it('no request id that fal gave out is lost', async () => {
		await holds(async (schedule) => {
			const { fal, ended } = await run(schedule);
			const kept = new Set(
				ended.flatMap(({ handle, failedAttempts }) =>
					[handle, ...failedAttempts.map((attempt) => attempt.handle)].map((one) => one?.requestId),
				),
			);
			const answers = [...fal.submitsOf.values()].flat().filter((came) => came === 'answered');
			expect([...kept].filter(Boolean)).toHaveLength(answers.length);
		});
	});

	it('after a stop nothing is submitted, and every open job is asked to cancel within a second', async () => {
		await holds(async (schedule) => {
			const { fal, ended, stoppedAt } = await run({
				...schedule,
				stopAfter: schedule.stopAfter ?? 1_000,
			});
			expect(fal.submittedAt.filter((at) => at > stoppedAt)).toEqual([]);
			if (!schedule.cancelAbandoned) return;
			const slowestAnswer = schedule.latency;
			for (const { ending, handle } of ended) {
				if (ending.outcome !== 'cancelled' || !handle) continue;
				const cancelledAt = fal.cancelledAt.get(handle.requestId);
				expect(cancelledAt).toBeLessThanOrEqual(stoppedAt + Math.max(1_000, slowestAnswer));
			}
		});
	});

	it('after a stop of Submit, no job that fal has taken is left running without its id', async () => {
		await holds(async (schedule) => {
			const stopAfter = schedule.stopAfter ?? 500;
			const { fal, clock, startedAt } = await run({
				...schedule,
				stopAfter,
				cancelAbandoned: true,
				follow: false,
			});
			const stopped = clock.now() >= startedAt + stopAfter;
			await clock.runUntil(clock.sleep(60_000));
			const given = fal.jobs.filter(({ id }) => fal.acceptedIds.has(id));
			const left = given.filter(({ id }) => !fal.cancelledAt.has(id));
			// A batch that was over before has handed everything out.
			expect(stopped ? left : []).toEqual([]);
		});
	});

	it('an outage costs at most concurrency + budget submits, and the batch ends on its own', async () => {
		const kinds = fc.constantFrom(...SUBMIT_FAULTS, 'mixed' as const);
		await fc.assert(
			fc.asyncProperty(schedules, kinds, async (schedule, kind) => {
				schedulesTried++;
				const { ended, fal } = await runSimulated({
					items: schedule.items + 60,
					settings: { concurrency: schedule.concurrency, retryBudget: schedule.retryBudget },
					fal: {
						seed: schedule.seed,
						latency: schedule.latency,
						outageFrom: schedule.shortestJob,
						...(kind !== 'mixed' && { submitFaultKinds: [kind] }),
					},
				});
				expect(ended).toHaveLength(schedule.items + 60);
				const most = schedule.concurrency + schedule.retryBudget;
				expect(fal.submitsInOutage).toBeLessThanOrEqual(most);
			}),
			TRIED,
		);
	});
});
