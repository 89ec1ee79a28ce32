import { WorkTimes } from '../../../nodes/engine/following/workTimes';
import { seeded } from '../simulatedFal';
import { plainBestLook } from './plainLooks';

const APART = 600;

function learned(works: readonly number[]): WorkTimes {
	const times = new WorkTimes();
	for (const work of works) times.add(work);
	return times;
}

/** The looks at a job until it is found done: how many, and how late the last one was. */
function lookAt(times: WorkTimes, work: number): { looks: number; late: number } {
	for (let looks = 1, at = 0; ; looks++) {
		at = times.bestLook(at, at + (looks === 1 ? 0 : APART), APART);
		if (at >= work) return { looks, late: at - work };
	}
}

/** How many looks each of the jobs gets until it is found done, and how late the last one is, on average. */
function onAverage(times: WorkTimes, works: readonly number[]) {
	// When they are does not hang on the job that is looked at, as long as it goes on.
	const looks: number[] = [];
	for (const longest = Math.max(...works); (looks.at(-1) ?? 0) < longest; ) {
		const last = looks.at(-1);
		looks.push(times.bestLook(last ?? 0, last === undefined ? 0 : last + APART, APART));
	}
	const seen = works.map((work) => {
		const place = looks.findIndex((at) => at >= work);
		return { looks: place + 1, late: looks[place]! - work };
	});
	const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
	return { looks: mean(seen.map(({ looks }) => looks)), late: mean(seen.map(({ late }) => late)) };
}

/** Log-normal ones. */
function draw(count: number, median: number, spread: number, seed: number): number[] {
	const random = seeded(seed);
	const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return Array.from({ length: count }, () => median * Math.exp(spread * normal()));
}

it('jobs that all take the same get one look, right after their end', () => {
	const times = learned(Array<number>(20).fill(2_000));
	expect(lookAt(times, 2_000).looks).toBe(1);
	expect(lookAt(times, 2_000).late).toBeCloseTo(10);
});

it('quick jobs and slow ones of one model get a look each', () => {
	const works = Array.from({ length: 20 }, (_, job) => (job % 3 === 0 ? 12_000 : 2_000));
	const times = learned(works);
	expect(lookAt(times, 2_000).looks).toBe(1);
	expect(lookAt(times, 2_000).late).toBeCloseTo(10);
	const { looks, late } = lookAt(times, 12_000);
	expect(looks).toBe(2);
	expect(late).toBeCloseTo(10);
});

// With these looks nobody does better than 0.41 s who knows the distribution itself, and not fifty jobs of it.
it('jobs that vary get the looks that pay, close to the best there are', () => {
	const fresh = draw(2_000, 4_000, 1, 99);
	const seeds = Array.from({ length: 20 }, (_, seed) => seed);
	const seen = seeds.map((seed) => onAverage(learned(draw(50, 4_000, 1, seed)), fresh));
	expect(median(seen.map(({ looks }) => looks))).toBeLessThan(9);
	expect(median(seen.map(({ late }) => late))).toBeLessThan(480);
});

describe('the looks are those that the formulas give', () => {
	const fewOutliers = [...Array<number>(16).fill(2_000), 300, 9_000, 11_000, 30_000];
	it.each([
		{ what: 'twelve that vary', works: draw(12, 4_000, 1, 1) },
		{ what: 'two dozen that vary', works: draw(24, 4_000, 0.5, 2) },
		{ what: 'short ones', works: draw(20, 300, 0.7, 3) },
		{ what: 'long ones', works: draw(20, 600_000, 0.3, 4) },
		{
			what: 'quick ones and slow ones',
			works: [...draw(10, 2_000, 0.1, 5), ...draw(10, 50_000, 0.1, 6)],
		},
		{ what: 'the same but for a few', works: fewOutliers },
		{ what: 'alike but for a few', works: [...draw(16, 2_000, 0.3, 7), 60_000, 200_000] },
	])('$what', ({ works }) => {
		const sorted = [...works].sort((one, other) => one - other);
		const [least, nearlyLongest] = [sorted[0]!, sorted.at(-2)!];
		for (const worked of [-1_000, 0, least / 2, least * 1.5, nearlyLongest * 0.9]) {
			for (const apart of [0, 50, 600]) {
				for (const soonest of [worked, worked + apart, worked + 5_000]) {
					const question = { works, worked, soonest, apart };
					const look = learned(works).bestLook(worked, soonest, apart);
					expect(look).toBeCloseTo(plainBestLook(question), 5);
				}
			}
		}
	});
});

it('two jobs tell how much work times vary, too', () => {
	const question = { works: [2_000, 8_000], worked: 0, soonest: 0, apart: APART };
	expect(learned(question.works).bestLook(0, 0, APART)).toBeCloseTo(plainBestLook(question), 5);
	expect(plainBestLook(question)).toBeLessThan(2_000);
});

function median(values: readonly number[]): number {
	return [...values].sort((one, other) => one - other)[values.length >> 1]!;
}

// Two jobs of 6 and of 55 s say nothing about when a third one ends, nor that it may take minutes.
it('few samples are not relied upon for a job that has outlived one: a look is late by a fifth at most', () => {
	const times = learned([6_000, 55_000]);
	expect(times.bestLook(40_000, 40_500, APART)).toBe(48_000);
	expect(times.bestLook(100_000, 100_500, APART)).toBe(120_000);
	expect(times.bestLook(1_000_000, 1_000_500, APART)).toBe(1_200_000);
	expect(learned([2_000]).bestLook(2_000, 2_100, APART)).toBe(2_400);
	expect(lookAt(times, 56_000).late).toBeLessThan(11_000);
});

it('nor are they left aside where one of them ends sooner', () => {
	const look = learned([6_000, ...Array<number>(8).fill(7_000)]).bestLook(6_500, 6_600, APART);
	expect(look).toBeGreaterThan(7_000);
	expect(look).toBeLessThan(7_100);
});

it('a tenth of new samples is enough for a new plan', () => {
	const times = learned(Array<number>(9).fill(2_000));
	times.bestLook(0, 0, APART);
	times.add(60_000);
	expect(times.bestLook(5_000, 5_000, APART)).toBeGreaterThan(20_000);
});

it('a job that has outlived all known ones is looked at soon, and more rarely the longer it takes', () => {
	const times = learned(Array<number>(10).fill(4_000));
	const next = (worked: number) => times.bestLook(worked, worked, APART) - worked;
	expect(next(10_000)).toBeLessThan(1_000);
	expect(next(1_000_000)).toBeGreaterThan(next(10_000));
});

it('no look comes before it is allowed', () => {
	const times = learned([1_000, 2_000, 4_000, 8_000]);
	for (const worked of [-3_000, 0, 999, 5_000, 8_000]) {
		expect(times.bestLook(worked, worked + 2_500, APART)).toBeGreaterThanOrEqual(worked);
	}
	expect(times.bestLook(0, 3_000, APART)).toBeGreaterThanOrEqual(3_000);
});

it('learns anew when work times change, and forgets the old ones', () => {
	const times = learned(Array<number>(50).fill(2_000));
	expect(times.bestLook(0, 0, APART)).toBeCloseTo(2_010);
	for (let job = 0; job < 50; job++) times.add(7_000);
	expect(times.bestLook(0, 0, APART)).toBeCloseTo(7_010);
	expect(times.usual(0)).toBe(7_000);
});

it('knows what is usual for a job that has worked for a while', () => {
	expect(new WorkTimes().usual(0)).toBeUndefined();
	const times = learned([1_000, 1_000, 1_000, 8_000, 9_000]);
	expect(times.usual(0)).toBe(1_000);
	expect(times.usual(1_000)).toBe(9_000);
	expect(times.usual(10_000)).toBeCloseTo(11_000);
	expect(learned([9_000, 1_000, 5_000]).usual(0)).toBe(5_000);
	expect(learned([9_000, 1_000, 5_000]).usual(1_000)).toBe(9_000);
});

it('knows the last fifty', () => {
	const times = learned([100_000, ...Array<number>(49).fill(5_000)]);
	expect(times.usual(6_000)).toBe(100_000);
	times.add(5_000);
	expect(times.usual(6_000)).toBeCloseTo(6_600);
});
