import fc from 'fast-check';
import { AdaptiveLimit } from '../../../nodes/engine/submitting/adaptiveLimit';
import { SEED } from '../../long';

/** Submits that fal takes one after the other. @returns the limit after each */
function take(limit: AdaptiveLimit, times: number): number[] {
	return Array.from({ length: times }, () => {
		limit.taken();
		return limit.current;
	});
}

/** How many submits must be taken until the limit moves. */
function submitsToNextStep(limit: AdaptiveLimit): number {
	const before = limit.current;
	for (let submits = 1; submits < 1_000; submits++) {
		limit.taken();
		if (limit.current !== before) return submits;
	}
	throw new Error('The limit does not move');
}

describe('AdaptiveLimit', () => {
	it('begins at the figure of the user, and stays there while fal takes everything', () => {
		const limit = new AdaptiveLimit(10);
		expect(limit.current).toBe(10);
		expect(new Set(take(limit, 100))).toEqual(new Set([10]));
	});

	it('becomes what fal holds when it refuses', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(2, limit.epoch);
		expect(limit.current).toBe(2);
	});

	it('never falls below one, even when fal refuses while it holds nothing', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(0, limit.epoch);
		expect(limit.current).toBe(1);
	});

	// Jobs that were in flight before an earlier cut can make fal hold more than the limit by now.
	it('is not raised by a refusal', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(5, limit.epoch);
		limit.refused(9, limit.epoch);
		expect(limit.current).toBe(5);
	});

	it('grows by one after a full limit of submits without a refusal, then by ever more', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(2, limit.epoch);
		expect(take(limit, 2)).toEqual([2, 3]);
		expect(take(limit, 3)).toEqual([3, 3, 5]);
		expect(take(limit, 5).at(-1)).toBe(9);
		expect(take(limit, 9).at(-1)).toBe(17);
	});

	it('does not grow above the figure of the user', () => {
		const limit = new AdaptiveLimit(4);
		limit.refused(3, limit.epoch);
		expect(Math.max(...take(limit, 100))).toBe(4);
	});

	it('begins its window again after a refusal', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(3, limit.epoch);
		take(limit, 2);
		limit.refused(3, limit.epoch);
		expect(take(limit, 3)).toEqual([3, 3, 4]);
	});

	it('waits twice as long before each next try when the first step up is refused', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(2, limit.epoch);
		const windows = [1, 2, 3, 4, 5].map(() => {
			const submits = submitsToNextStep(limit);
			limit.refused(2, limit.epoch);
			return submits / 2;
		});
		expect(windows).toEqual([1, 2, 2, 2, 2]);
	});

	it('is eager again once a step up was not refused', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(2, limit.epoch);
		submitsToNextStep(limit);
		limit.refused(2, limit.epoch);
		expect(submitsToNextStep(limit)).toBe(4);
		// The second step is asked for with the patience of the first ...
		expect(submitsToNextStep(limit)).toBe(6);
		// ... and all others come after a single clean window.
		expect(limit.current).toBe(5);
		expect(submitsToNextStep(limit)).toBe(5);
	});

	// Ten submits are refused within a round trip: that is one piece of news, not ten.
	it('counts a burst of refusals once', () => {
		const limit = new AdaptiveLimit(20);
		limit.refused(2, limit.epoch);
		submitsToNextStep(limit);
		const sentIn = limit.epoch;
		for (let refusal = 0; refusal < 10; refusal++) limit.refused(2, sentIn);
		expect(submitsToNextStep(limit)).toBe(2 * 2);
	});

	// The next refusal would pass for one of a burst that is over.
	it('does not begin a new epoch while it stands at the figure of the user', () => {
		const limit = new AdaptiveLimit(3);
		const { epoch } = limit;
		for (let submit = 0; submit < 10; submit++) limit.taken();
		expect(limit.epoch).toBe(epoch);
	});

	it('stays from 1 to the figure of the user, whatever fal answers', () => {
		const event = fc.oneof(
			fc.constant('taken' as const),
			fc.record({ held: fc.integer({ min: 0, max: 60 }), late: fc.integer({ min: 0, max: 3 }) }),
		);
		const events = fc.array(event, { maxLength: 400 });
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 40 }), events, (ceiling, story) => {
				const limit = new AdaptiveLimit(ceiling);
				for (const happened of story) {
					if (happened === 'taken') limit.taken();
					else limit.refused(happened.held, limit.epoch - happened.late);
					expect(Number.isInteger(limit.current)).toBe(true);
					expect(limit.current).toBeGreaterThanOrEqual(1);
					expect(limit.current).toBeLessThanOrEqual(ceiling);
				}
			}),
			{ numRuns: 500, seed: SEED },
		);
	});
});
