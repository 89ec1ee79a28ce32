/** Following by status stream, whatever the streams do: as by polling, nothing is lost or paid for twice. */
import fc from 'fast-check';
import { MOST_STREAMS } from '../../../nodes/engine/following/streams';
import { howMany, SEED } from '../../long';
import { runSimulated } from '../runSimulated';
import { STREAM_TROUBLES } from '../simulatedStreams';

const TRIED = { numRuns: howMany('SCHEDULES', { quick: 30, long: 500 }), seed: SEED };

const schedules = fc.record({
	items: fc.integer({ min: 1, max: 40 }),
	concurrency: fc.constantFrom(1, 5, 12, 40),
	seed: fc.integer(),
	latency: fc.constantFrom(0, 100, 3_000),
	shortestJob: fc.integer({ min: 0, max: 5_000 }),
	jobTimeSpread: fc.constantFrom(0, 1_000, 60_000),
	accountLimit: fc.constantFrom(1, 2, 10, 40),
	readFaults: fc.constantFrom(0, 0.05, 0.5),
	transientFailures: fc.constantFrom(0, 0, 0.3),
	finalFailures: fc.constantFrom(0, 0.1),
	tellsInferenceTime: fc.boolean(),
	tellsPlaces: fc.boolean(),
	includeLogs: fc.boolean(),
	troubles: fc.constantFrom(0, 0.05, 0.5, 1),
	kinds: fc.oneof(
		fc.constant(STREAM_TROUBLES),
		fc.constantFrom(...STREAM_TROUBLES).map((kind) => [kind]),
	),
	most: fc.constantFrom(undefined, 1, 5),
});
type Schedule = typeof schedules extends fc.Arbitrary<infer Value> ? Value : never;

async function run(
	{ items, shortestJob, jobTimeSpread, troubles, kinds, most, seed, ...rest }: Schedule,
	stopAfter?: number,
) {
	return await runSimulated({
		items,
		settings: { ...rest, retryBudget: 2 * items, itemTimeout: 3 * 3_600_000 },
		fal: { ...rest, seed, jobTime: (random) => shortestJob + random() * jobTimeSpread },
		streams: { troubles, kinds, ...(most !== undefined && { most }) },
		...(stopAfter !== undefined && { stopAfter }),
	});
}

describe('with streams, on any schedule', () => {
	it('every item ends as its job did, with its own output, and no job is made that need not be', async () => {
		await fc.assert(
			fc.asyncProperty(schedules, async (schedule) => {
				const { ended, fal, source } = await run(schedule);
				expect(ended.map(({ index }) => index)).toEqual([...Array(schedule.items).keys()]);
				for (const { ending, index, handle, attempts } of ended) {
					const jobs = fal.jobs.filter(({ item }) => item === index);
					const last = jobs.at(-1)!;
					expect(ending.outcome).toBe(last.fate === 'ok' ? 'completed' : 'failed');
					const output = ending.outcome === 'completed' ? ending.output : { item: index };
					expect(Object(output).item).toBe(index);
					expect(handle?.requestId).toBe(last.id);
					expect(attempts).toBe(jobs.length);
					// Another one only behind one that failed for a reason that passes.
					expect(jobs.slice(0, -1).every(({ fate }) => fate === 'transient')).toBe(true);
				}
				const most = schedule.most ?? MOST_STREAMS;
				expect(source.peakOpen).toBeLessThanOrEqual(most);
				// A job whose stream broke is polled; it gets no second one.
				expect([...source.streamsOf.values()].every((streams) => streams === 1)).toBe(true);
			}),
			TRIED,
		);
	});

	it('never more jobs are in flight than the concurrency', async () => {
		await fc.assert(
			fc.asyncProperty(schedules, async (schedule) => {
				const { fal } = await run(schedule);
				expect(fal.peakHeld).toBeLessThanOrEqual(schedule.concurrency);
			}),
			TRIED,
		);
	});

	it('after a stop nothing is submitted, open jobs are cancelled, and every stream is closed', async () => {
		const stops = fc.constantFrom(50, 1_000, 20_000);
		await fc.assert(
			fc.asyncProperty(schedules, stops, async (schedule, stopAfter) => {
				const { fal, ended, source, clock, stoppedAt } = await run(schedule, stopAfter);
				expect(fal.submittedAt.filter((at) => at > stoppedAt)).toEqual([]);
				for (const { ending, handle } of ended) {
					if (ending.outcome !== 'cancelled') continue;
					const most = stoppedAt + Math.max(1_000, schedule.latency);
					expect(fal.cancelledAt.get(handle!.requestId)).toBeLessThanOrEqual(most);
				}
				await clock.runUntil(clock.sleep(schedule.latency));
				expect(source.open).toBe(0);
			}),
			TRIED,
		);
	});
});
