/** Every job succeeds at fal, and only answers go wrong, for at most two minutes in a row. */
import fc from 'fast-check';
import { howMany, SEED } from '../long';
import { type Question, runOdd, type Shape, SHAPES } from './durations/oddFal';

/** `SCHEDULES=...` for a long night. */
const SCHEDULES = howMany('SCHEDULES', { quick: 200, long: 10_000 });
const TWO_MINUTES = 120_000;

const trouble = fc.record({
	/** Milliseconds after the start, or after the trouble before it. */
	after: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 400_000 })),
	lasts: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: TWO_MINUTES })),
	shapes: fc.array(fc.constantFrom(...(Object.keys(SHAPES) as Shape[])), {
		minLength: 1,
		maxLength: 3,
	}),
	/** Which calls. */
	calls: fc.constantFrom<Array<Question['call']>>(['status'], ['result'], ['status', 'result']),
	/** Share of them. */
	share: fc.constantFrom(1, 1, 0.5),
});

const schedules = fc.record({
	items: fc.integer({ min: 1, max: 30 }),
	concurrency: fc.integer({ min: 1, max: 10 }),
	seed: fc.integer(),
	latency: fc.constantFrom(0, 20, 200),
	jobTime: fc.constantFrom(500, 5_000, 60_000),
	accountLimit: fc.constantFrom(2, 10, 40),
	tellsInferenceTime: fc.boolean(),
	tellsPlaces: fc.boolean(),
	troubles: fc.array(trouble, { minLength: 1, maxLength: 4 }),
});

it('all are completed, and none is generated twice', async () => {
	let items = 0;
	await fc.assert(
		fc.asyncProperty(schedules, async ({ troubles, jobTime, concurrency, ...rest }) => {
			let end = 0;
			const windows = troubles.map(({ after, lasts, ...what }, index) => {
				// Right answers in between, so that it is no more than two minutes in a row.
				const from = end + after + (index > 0 ? 60_000 : 0);
				end = from + lasts;
				return { from, to: end, ...what };
			});
			let turn = 0;
			const { outcomes, generatedTwice } = await runOdd({
				items: rest.items,
				settings: { concurrency },
				fal: { ...rest, jobTime: (random) => jobTime * (0.5 + random()) },
				instead: ({ call, at }) => {
					const window = windows.find(({ from, to }) => at >= from && at < to);
					if (!window?.calls.includes(call)) return undefined;
					turn++;
					if (window.share < 1 && turn % 2 === 0) return undefined;
					return SHAPES[window.shapes[turn % window.shapes.length]!];
				},
			});
			items += rest.items;
			expect([...outcomes]).toEqual([['completed', rest.items]]);
			expect(generatedTwice).toBe(0);
		}),
		{ numRuns: SCHEDULES, seed: SEED },
	);
	process.stdout.write(
		`${SCHEDULES} schedules, ${items} items: all completed, generated twice 0\n`,
	);
}, 600_000);
