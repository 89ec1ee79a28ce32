/**
 * Nothing lost and nothing paid for twice, as far as fal's request history can see to it: tried on
 * random schedules. Where it can't, it is measured how often that is.
 */
import fc from 'fast-check';
import type { EndedJob } from '../../../nodes/engine/job';
import { howMany, SEED } from '../../long';
import { generatedTwice, type Remembered, runRemembering } from '../runRemembering';
import { seeded, SUBMIT_FAULTS, type SubmitFault } from '../simulatedFal';

/** Random schedules a property is tried on; `SCHEDULES=20000` for a long night. */
const SCHEDULES = howMany('SCHEDULES', { quick: 40, long: 600 });
const TRIED = { numRuns: SCHEDULES, seed: SEED };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let schedulesTried = 0;
const printed: string[] = [];
afterAll(() => {
	process.stdout.write(`random schedules with a memory tried: ${schedulesTried}, SEED=${SEED}\n`);
	for (const line of printed) process.stdout.write(`${line}\n`);
});

const batches = fc
	.record({
		items: fc.integer({ min: 1, max: 30 }),
		/** Items for each input, about: from all different to all the same. */
		alike: fc.constantFrom(1, 1, 2, 5, 30),
		concurrency: fc.integer({ min: 1, max: 10 }),
		seed: fc.integer(),
		latency: fc.constantFrom(10, 100, 3_000),
		startMeans: fc.constantFrom('submit' as const, 'end' as const),
	})
	.map(({ alike, items, ...rest }) => ({ ...rest, items, inputs: Math.ceil(items / alike) }));

function requestIds(ended: readonly EndedJob[]): string[] {
	return ended.flatMap(({ handle, failedAttempts }) =>
		[handle, ...failedAttempts.map((attempt) => attempt.handle)].flatMap(
			(one) => one?.requestId ?? [],
		),
	);
}

/** Items whose output is not the one of their input. */
function strangers(ended: readonly EndedJob[], inputs: number): EndedJob[] {
	return ended.filter(
		({ ending, index }) =>
			ending.outcome === 'completed' && Object(ending.output).item !== index % inputs,
	);
}

describe('with Look Up', () => {
	const faulty = fc.record({
		batch: batches,
		retryBudget: fc.integer({ min: 0, max: 12 }),
		shortestJob: fc.integer({ min: 0, max: 20_000 }),
		jobTimeSpread: fc.constantFrom(0, 1_000, 60_000),
		accountLimit: fc.constantFrom(2, 10, 40),
		submitFaults: fc.constantFrom(0.05, 0.3, 0.9),
		submitFaultKinds: fc.constantFrom<readonly SubmitFault[]>(
			SUBMIT_FAULTS,
			['lost after'],
			['lost before', 'lost after'],
			['503 before', '503 after', 'unreadable after'],
		),
		readFaults: fc.constantFrom(0, 0.05),
		transientFailures: fc.constantFrom(0, 0, 0.3),
		showsOpen: fc.boolean(),
		late: fc.constantFrom(0, 0, 3_000, 40_000),
		historyFaults: fc.constantFrom(0, 0.3, 1),
	});
	type Faulty = typeof faulty extends fc.Arbitrary<infer Value> ? Value : never;

	async function run({ batch, ...rest }: Faulty, skew = 0) {
		schedulesTried++;
		return await runRemembering({
			...batch,
			settings: {
				onUnknownSubmit: 'lookUp',
				concurrency: batch.concurrency,
				retryBudget: rest.retryBudget,
			},
			fal: {
				...rest,
				seed: batch.seed,
				latency: batch.latency,
				jobTime: (random) => rest.shortestJob + random() * rest.jobTimeSpread,
			},
			history: { ...rest, ...batch, faults: rest.historyFaults, skew },
		});
	}

	async function holds(check: (schedule: Faulty) => Promise<void>): Promise<void> {
		await fc.assert(fc.asyncProperty(faulty, check), TRIED);
	}

	it('each item ends once, in the order of the input, with the output of its input', async () => {
		await holds(async (schedule) => {
			const { ended, inputs } = await run(schedule);
			expect(ended.map(({ index }) => index)).toEqual([...Array(schedule.batch.items).keys()]);
			expect(strangers(ended, inputs)).toEqual([]);
		});
	});

	it('nothing is generated twice, and no request is two items’', async () => {
		const skews = fc.integer({ min: -9_000, max: 9_000 });
		await fc.assert(
			fc.asyncProperty(faulty, skews, async (schedule, skew) => {
				const { ended, fal } = await run(schedule, skew);
				expect(generatedTwice(fal, schedule.batch)).toBe(0);
				const ids = requestIds(ended);
				expect(new Set(ids).size).toBe(ids.length);
			}),
			TRIED,
		);
	});

	it('every job that appears in time comes out, if the history can be read', async () => {
		let lost = 0;
		let found = 0;
		await holds(async (schedule) => {
			const { ended, fal } = await run({ ...schedule, historyFaults: 0 });
			const kept = new Set(requestIds(ended));
			const unanswered = fal.jobs.filter(({ id }) => !fal.acceptedIds.has(id));
			lost += unanswered.length;
			found += unanswered.filter(({ id }) => kept.has(id)).length;
			const missed = fal.jobs.filter((job) => {
				const { sentAt, endsAt = Infinity } = job;
				const appearsAt = (schedule.showsOpen ? sentAt : endsAt) + schedule.late;
				// Two minutes are looked at least; the last two looks may be half a minute apart.
				return appearsAt < sentAt + 80_000 && !kept.has(job.id);
			});
			expect(missed).toEqual([]);
			const open = ended.filter(({ handle, ending }) => handle && ending.outcome === 'unknown');
			expect(open).toEqual([]);
		});
		printed.push(
			`Look Up: of ${lost} jobs whose answer was lost, ${found} were found, and all that appear in time`,
		);
	});

	it('a batch ends within minutes of its last job, though nothing is found', async () => {
		await holds(async (schedule) => {
			const { clock, fal, start } = await run({
				...schedule,
				submitFaultKinds: ['lost before'],
				historyFaults: 0,
			});
			const lastEnd = Math.max(start, ...fal.jobs.map(({ endsAt = 0 }) => endsAt));
			const longest = Math.max(0, ...fal.jobs.map(({ endsAt = 0, sentAt }) => endsAt - sentAt));
			const lastSubmit = Math.max(...fal.submittedAt);
			const most = 3 * MINUTE + 3 * (longest + 10_000);
			expect(clock.now() - Math.max(lastEnd, lastSubmit)).toBeLessThan(most);
		});
	});
});

describe('a run that died and is run again with Reuse Recent Requests', () => {
	const deaths = fc.record({
		batch: batches,
		jobTime: fc.constantFrom(500, 5_000, 60_000),
		crashAfter: fc.double({ min: 0, max: 6, noNaN: true }),
		rerunAfter: fc.constantFrom(0, 5_000, 60_000, HOUR),
		late: fc.constantFrom(0, 0, 2_000, 25_000),
		skew: fc.constantFrom(0, 0, -2_000, 2_000),
	});
	type Death = typeof deaths extends fc.Arbitrary<infer Value> ? Value : never;

	async function run(
		{ batch, jobTime, crashAfter, rerunAfter, late, skew }: Death,
		more: Remembered['history'] = {},
		fal: Remembered['fal'] = {},
	) {
		schedulesTried++;
		const crash = {
			after: crashAfter * jobTime,
			// A submit that is still on its way when the history is read again is not in it.
			rerunAfter: rerunAfter + batch.latency,
		};
		const outcome = await runRemembering({
			...batch,
			settings: { reuseWithin: 24 * HOUR, concurrency: batch.concurrency },
			fal: { seed: batch.seed, latency: batch.latency, jobTime: () => jobTime, ...fal },
			history: { late, skew, startMeans: batch.startMeans, ...more },
			crash,
		});
		const diedAt = outcome.start + crash.after;
		return { ...outcome, diedAt, twice: generatedTwice(outcome.fal, batch) };
	}

	function expectAllCompleted({ ended, inputs }: Awaited<ReturnType<typeof run>>): void {
		const outcomes = new Set(ended.map(({ ending }) => ending.outcome));
		expect(outcomes).toEqual(new Set(['completed']));
		const ids = requestIds(ended);
		expect(new Set(ids).size).toBe(ended.length);
		expect(strangers(ended, inputs)).toEqual([]);
	}

	it('completes every item once, where fal shows open requests without generating any again', async () => {
		await fc.assert(
			fc.asyncProperty(deaths, async (death) => {
				const outcome = await run(death, { showsOpen: true });
				expectAllCompleted(outcome);
				const { fal, diedAt } = outcome;
				// What was sent must be shown when the history is read the first time, or one of them at least.
				const seen = fal.jobs.some(
					({ sentAt }) => sentAt <= diedAt && sentAt + death.late <= outcome.rerunAt,
				);
				// One that was on its way when the run died has arrived after that, and nothing tells of it yet.
				const nothingSent = fal.submittedAt.every((at) => at > diedAt);
				expect(seen || nothingSent ? outcome.twice : 0).toBe(0);
			}),
			TRIED,
		);
	});

	it('does so where fal shows ended ones only, if one had ended and all take alike', async () => {
		await fc.assert(
			fc.asyncProperty(deaths, async (death) => {
				const outcome = await run(death, { showsOpen: false });
				expectAllCompleted(outcome);
				const { fal, rerunAt, diedAt } = outcome;
				const seen = fal.jobs.some(
					({ sentAt, endsAt = Infinity }) => sentAt <= diedAt && endsAt + death.late <= rerunAt,
				);
				expect(seen ? outcome.twice : 0).toBe(0);
			}),
			TRIED,
		);
	});

	/** Forty items, ten at a time; it dies at any moment between its first submit and its last result. */
	const cases: Array<{
		readonly when: string;
		readonly history: Remembered['history'];
		readonly jobTime?: (random: () => number) => number;
		readonly accountLimit?: number;
		/** Milliseconds from its death to the second run, at the most; at once, unless said. */
		readonly rerunWithin?: number;
		/** Whether the first wave of jobs had ended. */
		readonly dies?: 'early' | 'late';
		readonly never?: boolean;
	}> = [
		{ when: 'open requests are shown', history: { showsOpen: true }, never: true },
		{
			when: 'open requests are shown, 20 s late, one of them was',
			history: { showsOpen: true, late: 20_000 },
			dies: 'late',
			never: true,
		},
		{ when: 'open requests are shown, 60 s late', history: { showsOpen: true, late: 60_000 } },
		{
			when: 'only ended ones are shown, all take alike, one had ended',
			history: { showsOpen: false },
			dies: 'late',
			never: true,
		},
		{
			when: 'only ended ones are shown, and the run comes an hour later',
			history: { showsOpen: false },
			rerunWithin: HOUR,
		},
		{
			when: 'only ended ones are shown, none had ended',
			history: { showsOpen: false },
			dies: 'early',
		},
		{
			when: 'only ended ones are shown, jobs of 20 to 40 s',
			history: { showsOpen: false },
			jobTime: (random) => 20_000 + 20_000 * random(),
			dies: 'late',
		},
		{
			when: 'only ended ones are shown, jobs of 2 to 60 s',
			history: { showsOpen: false },
			jobTime: (random) => 2_000 + 58_000 * random(),
			dies: 'late',
		},
		{
			when: 'only ended ones are shown, fal works on 2 at a time and queues the rest',
			history: { showsOpen: false },
			accountLimit: 2,
			dies: 'late',
		},
		{
			when: 'only ended ones are shown, 60 s late',
			history: { showsOpen: false, late: 60_000 },
			dies: 'late',
		},
		{
			when: 'only ended ones are shown, films of 15 min',
			history: { showsOpen: false },
			jobTime: () => 15 * MINUTE,
			dies: 'late',
		},
	];

	it.each(cases)('$when: how often a job is generated twice', async (oneCase) => {
		const { when, history, jobTime = () => 20_000, accountLimit = 40, dies } = oneCase;
		const times = { total: 0, worst: 0, crashes: 0, open: 0 };
		const runs = Math.ceil(SCHEDULES / 6);
		const random = seeded(7);
		for (let luck = 0; luck < runs; luck++) {
			const usual = jobTime(() => 0.5);
			const wave = (usual * 10) / Math.min(10, accountLimit);
			const all = 4 * wave;
			const [from, to] = dies === 'early' ? [100, usual] : dies ? [usual + 1_000, all] : [100, all];
			const after = from + random() * (to - from);
			schedulesTried++;
			const { ended, fal, start } = await runRemembering({
				items: 40,
				settings: { reuseWithin: 24 * HOUR },
				fal: { seed: luck, jobTime, accountLimit },
				history,
				crash: { after, rerunAfter: 100 + random() * (oneCase.rerunWithin ?? 0) },
			});
			expect(new Set(ended.map(({ ending }) => ending.outcome))).toEqual(new Set(['completed']));
			expect(new Set(requestIds(ended)).size).toBe(40);
			const twice = generatedTwice(fal, { items: 40, inputs: 40 });
			const diedAt = start + after;
			times.open += fal.jobs.filter(
				({ sentAt, endsAt = Infinity }) => sentAt <= diedAt && endsAt > diedAt,
			).length;
			times.total += twice;
			times.worst = Math.max(times.worst, twice);
			if (twice > 0) times.crashes++;
		}
		const { total, worst, crashes, open } = times;
		printed.push(
			`died: ${when}: generated twice in ${crashes} of ${runs} crashes, ${total} of the ${open} jobs open then, ${worst} at the most`,
		);
		expect(worst).toBeLessThanOrEqual(oneCase.never ? 0 : 40);
	});
});
