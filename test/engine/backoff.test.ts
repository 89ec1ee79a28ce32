import fc from 'fast-check';
import {
	backoffDelay,
	parseRetryAfter,
	READ_BACKOFF,
	SUBMIT_BACKOFF,
} from '../../nodes/engine/backoff';
import { MINUTE, SECOND } from '../../nodes/engine/clock';
import { SEED } from '../long';

describe('backoffDelay', () => {
	const backoff = { base: 1_000, cap: 30_000 };

	it.each([
		{ failures: 1, ceiling: 1_000 },
		{ failures: 2, ceiling: 2_000 },
		{ failures: 3, ceiling: 4_000 },
		{ failures: 5, ceiling: 16_000 },
		{ failures: 6, ceiling: 30_000 },
		{ failures: 10_000, ceiling: 30_000 },
	])('waits up to $ceiling ms after failure $failures', ({ failures, ceiling }) => {
		expect(backoffDelay(failures, backoff, 0)).toBe(0);
		expect(backoffDelay(failures, backoff, 0.5)).toBe(ceiling / 2);
		expect(backoffDelay(failures, backoff, 0.999_999)).toBeLessThan(ceiling);
	});

	it('never undercuts Retry-After, and never lengthens a longer wait by it', () => {
		expect(backoffDelay(1, backoff, 0.5, 7_000)).toBe(7_000);
		expect(backoffDelay(4, backoff, 0.5, 7_000)).toBe(7_000);
		expect(backoffDelay(5, backoff, 0.5, 7_000)).toBe(8_000);
	});

	it.each([
		{ of: 'a look', kind: READ_BACKOFF, first: 1_000 },
		{ of: 'a submit', kind: SUBMIT_BACKOFF, first: 500 },
	])('after $of, waits up to $first ms at first and half a minute at last', ({ kind, first }) => {
		expect(backoffDelay(1, kind, 1)).toBe(first);
		expect(backoffDelay(100, kind, 1)).toBe(30_000);
	});

	it('stays within its bounds for all failures, dice and floors', () => {
		const failures = fc.integer({ min: 1, max: 1_000_000 });
		const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
		const floor = fc.integer({ min: 0, max: 900_000 });
		fc.assert(
			fc.property(failures, dice, floor, (times, random, retryAfter) => {
				for (const kind of [READ_BACKOFF, SUBMIT_BACKOFF]) {
					const delay = backoffDelay(times, kind, random, retryAfter);
					expect(delay).toBeGreaterThanOrEqual(retryAfter);
					expect(delay).toBeLessThanOrEqual(Math.max(retryAfter, kind.cap));
				}
			}),
			{ seed: SEED },
		);
	});
});

describe('parseRetryAfter', () => {
	const now = Date.parse('2026-11-22T12:00:00Z');

	it.each([
		{ header: '5', wait: 5 * SECOND, why: 'seconds' },
		{ header: ' 5 ', wait: 5 * SECOND, why: 'seconds with space around' },
		{ header: '0.5', wait: SECOND / 2, why: 'part of a second, as some gateways have it' },
		{ header: '12.25', wait: 12_250, why: 'seconds with more than one digit on either side' },
		{ header: '0', wait: 0, why: 'no wait' },
		{ header: '2026-11-22T12:00:20Z', wait: 20 * SECOND, why: 'a date that begins with a number' },
		{ header: '22 Nov 2026 12:00:20 +0000', wait: 20 * SECOND, why: 'a date between numbers' },
		{ header: 'Sun, 22 Nov 2026 12:00:30 GMT', wait: 30 * SECOND, why: 'a date ahead' },
		{ header: 'Sun, 22 Nov 2026 11:59:00 GMT', wait: 0, why: 'a date that is past' },
		{ header: '86400', wait: 15 * MINUTE, why: 'a day: no header may park a batch so long' },
		{ header: 'Mon, 23 Nov 2026 12:00:00 GMT', wait: 15 * MINUTE, why: 'tomorrow' },
		{ header: '9'.repeat(400), wait: 0, why: 'more than a number can hold' },
		{ header: 'soon', wait: 0, why: 'garbage' },
		{ header: '-5', wait: 0, why: 'less than nothing' },
		{ header: 'NaN', wait: 0, why: 'not a number' },
		{ header: '', wait: 0, why: 'empty' },
		{ header: '   ', wait: 0, why: 'only space' },
		{ header: undefined, wait: 0, why: 'absent' },
	])('reads $header as $wait ms: $why', ({ header, wait }) => {
		expect(parseRetryAfter(header, now)).toBe(wait);
	});

	it('gives a wait from none to fifteen minutes for any header', () => {
		fc.assert(
			fc.property(fc.string(), (header) => {
				const wait = parseRetryAfter(header, now);
				expect(wait).toBeGreaterThanOrEqual(0);
				expect(wait).toBeLessThanOrEqual(15 * MINUTE);
			}),
			{ seed: SEED },
		);
	});
});
