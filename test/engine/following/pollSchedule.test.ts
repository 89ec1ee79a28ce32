import fc from 'fast-check';
import {
	DEFAULT_POLL_BOUNDS,
	PollSchedule,
	PollSchedules,
} from '../../../nodes/engine/following/pollSchedule';
import { SEED } from '../../long';

/** Wide enough that no bound hides what the schedule thinks. */
const WIDE = { min: 1, max: 10_000_000 };

/** A schedule that has seen jobs of these lengths end, each of which waited as long at its place. */
function learned(works: number[], wait = 0, place?: number): PollSchedule {
	const schedule = new PollSchedule(WIDE);
	for (const work of works) schedule.learn(work, wait, place);
	return schedule;
}

describe('with nothing learned', () => {
	const schedule = new PollSchedule(DEFAULT_POLL_BOUNDS);

	it('the first look comes after the shortest interval', () => {
		expect(schedule.nextLook({ age: 0 })).toBe(500);
	});

	it('looks grow apart with the time waited so far, up to the longest interval', () => {
		expect(schedule.nextLook({ age: 10_000 })).toBe(3_000);
		expect(schedule.nextLook({ age: 60_000, workedFor: 20_000 })).toBe(6_000);
		expect(schedule.nextLook({ age: 600_000 })).toBe(30_000);
	});

	it('a job of a minute costs a dozen looks, not a hundred', () => {
		let looks = 0;
		for (let age = 0; age < 60_000; looks++) age += schedule.nextLook({ age, workedFor: age });
		expect(looks).toBeGreaterThan(5);
		expect(looks).toBeLessThan(20);
	});

	it('nothing is expected of the queue', () => {
		expect(schedule.expectedWait(5)).toBe(0);
		expect(schedule.expectedWait(undefined)).toBe(0);
	});
});

describe('once jobs of the model have ended', () => {
	it('the first look falls just behind the usual end', () => {
		const look = learned([4_000, 4_000, 4_000]).nextLook({ age: 0 });
		expect(look).toBeGreaterThan(4_000);
		expect(look).toBeLessThan(4_100);
	});

	it('is so for long ones, too: nothing drifts once it works', () => {
		expect(learned([60_000]).nextLook({ age: 0 })).toBeCloseTo(60_010);
	});

	it('a job of which nothing was seen is taken to work since it was accepted', () => {
		expect(learned([4_000]).nextLook({ age: 3_000 })).toBeCloseTo(1_010);
	});

	it('a look is sent off earlier by the time that a call travels', () => {
		const schedule = learned([4_000]);
		const withoutTravel = schedule.nextLook({ age: 0 });
		schedule.learnTravel(150);
		expect(schedule.nextLook({ age: 0 })).toBe(withoutTravel - 150);
	});

	it('a job that works is expected to need what is left of the usual time', () => {
		const look = learned([4_000]).nextLook({ age: 9_000, workedFor: 1_500 });
		expect(look).toBeGreaterThan(2_500);
		expect(look).toBeLessThan(2_600);
	});

	// Short jobs and long ones of one model: having outlived the short ones it is a long one.
	it('a job that outlived some is measured by those that took longer', () => {
		const works = [1_000, 8_000].flatMap((work) => Array<number>(5).fill(work));
		const look = learned(works).nextLook({ age: 3_000, workedFor: 3_000 });
		expect(look).toBeGreaterThan(5_000);
		expect(look).toBeLessThan(5_100);
	});

	it('a job that outlived all of them is looked at closely', () => {
		const known = learned([4_000]).nextLook({ age: 10_000, workedFor: 10_000 });
		const unknown = learned([]).nextLook({ age: 10_000, workedFor: 10_000 });
		expect(known).toBeLessThan(unknown);
	});

	it('a start far off is looked at once on the way', () => {
		const schedule = learned(Array<number>(10).fill(2_000), 50_000, 9);
		const far = { age: 0, queuePosition: 19, startsIn: 100_000 };
		expect(schedule.nextLook(far)).toBeCloseTo(0.8 * 102_010);
		expect(schedule.nextLook({ ...far, startsIn: 10_000 })).toBeCloseTo(12_010);
		schedule.learnTravel(150);
		expect(schedule.nextLook({ ...far, startsIn: 10_000 })).toBeCloseTo(11_860);
	});

	// The wait of one job says little about forty places.
	it('a start is foretold for twice as many places as have ended, and looked at on the way to the others', () => {
		const schedule = learned([2_000], 1_000, 0);
		const waiting = { age: 0, startsIn: 4_000 };
		expect(schedule.nextLook({ ...waiting, queuePosition: 2 })).toBeCloseTo(6_010);
		const later = { age: 0, startsIn: 100_000, queuePosition: 2 };
		expect(schedule.nextLook(later)).toBeCloseTo(0.8 * 102_010);
		expect(schedule.nextLook({ ...waiting, queuePosition: 29 })).toBeCloseTo(601);
	});

	it('the first look may come sooner than two looks may follow each other', () => {
		const schedule = new PollSchedule(DEFAULT_POLL_BOUNDS);
		schedule.learn(200, 0, undefined);
		expect(schedule.nextLook({ age: 0 })).toBeLessThan(DEFAULT_POLL_BOUNDS.min);
		expect(schedule.nextLook({ age: 100 })).toBe(DEFAULT_POLL_BOUNDS.min);
	});

	// Half of these jobs are done after 4 s, but two in ten after 2 s: those would wait for nothing.
	it('jobs that take very different times are not all left to the usual one', () => {
		const longTail = [1_000, 2_000, 2_500, 3_000, 4_000, 5_500, 8_000, 12_000, 20_000, 40_000];
		expect(learned(longTail).nextLook({ age: 0 })).toBeLessThan(3_000);
	});

	it('one that is nearly always on time is given the time that the slowest of those take', () => {
		const even = [1_950, 1_960, 1_970, 1_980, 1_990, 2_000, 2_010, 2_020, 2_030, 2_040];
		const schedule = new PollSchedule(DEFAULT_POLL_BOUNDS);
		for (const work of even) schedule.learn(work, 0, undefined);
		expect(schedule.nextLook({ age: 0 })).toBeGreaterThan(2_040);
	});

	it('a job is left alone while those ahead of it in the queue are done', () => {
		// Three places took three seconds: one each. Ten ahead, so it starts after eleven.
		const schedule = learned(Array<number>(5).fill(2_000), 3_000, 2);
		expect(schedule.expectedWait(10)).toBe(11_000);
		const look = schedule.nextLook({ age: 0, queuePosition: 10, startsIn: 11_000 });
		expect(look).toBeGreaterThan(13_000);
		expect(look).toBeLessThan(13_100);
	});

	it('a place in the queue means nothing while no job told how long a place takes', () => {
		const schedule = learned([2_000]);
		expect(schedule.expectedWait(10)).toBe(0);
		expect(schedule.nextLook({ age: 0, queuePosition: 10 })).toBeLessThan(2_100);
	});

	it('what fal did long ago is forgotten', () => {
		const schedule = learned(Array<number>(50).fill(2_000));
		expect(schedule.nextLook({ age: 0 })).toBeLessThan(2_100);
		for (let job = 0; job < 50; job++) schedule.learn(7_000, 0, undefined);
		// Not one of the jobs of two seconds is left, else this one would be overdue for less.
		const look = schedule.nextLook({ age: 1_000, workedFor: 1_000 });
		expect(look).toBeGreaterThan(6_000);
		expect(look).toBeLessThan(6_100);
	});
});

it('the time to the next look is within the bounds, whatever is known and asked', () => {
	const time = fc.integer({ min: 0, max: 5_000_000 });
	const place = fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: undefined });
	const ended = fc.array(fc.record({ work: time, wait: time, place }), { maxLength: 80 });
	const bounds = fc
		.tuple(fc.integer({ min: 100, max: 30_000 }), fc.integer({ min: 0, max: 100_000 }))
		.map(([min, more]) => ({ min, max: min + more }));
	const worked = fc.option(time, { nil: undefined });
	fc.assert(
		fc.property(bounds, ended, time, worked, place, (within, jobs, age, workedFor, position) => {
			const schedule = new PollSchedule(within);
			for (const job of jobs) schedule.learn(job.work, job.wait, job.place);
			const look = schedule.nextLook({
				age,
				...(workedFor !== undefined && { workedFor }),
				...(position !== undefined && { queuePosition: position }),
			});
			const mayBeFirst = age === 0 && jobs.length > 0;
			expect(look).toBeGreaterThanOrEqual(mayBeFirst ? 0 : within.min);
			expect(look).toBeLessThanOrEqual(within.max);
		}),
		{ numRuns: 500, seed: SEED },
	);
});

it('models are learned apart, and share the queue, which is the account’s', () => {
	const schedules = new PollSchedules(WIDE);
	const [one, other] = [schedules.of('a/b'), schedules.of('c/d')];
	one.learn(4_000, 0, undefined);
	expect(schedules.of('a/b')).toBe(one);
	expect(other.usualWork(0)).toBeUndefined();
	expect(one.usualWork(0)).toBe(4_000);
	expect(other.movement).toBe(one.movement);
	expect(other.ownQueue).toBe(one.ownQueue);
});
