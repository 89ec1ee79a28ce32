import { OwnQueue } from '../../../nodes/engine/following/ownQueue';

const WORK = 2_000;

/** Jobs that work, by their start and end. */
function queueOf(...stays: Array<{ start: number; end?: number }>): OwnQueue {
	const queue = new OwnQueue();
	for (const stay of stays) queue.expect({}, stay);
	return queue;
}

/** Ended ones, in their order. */
function ended(queue: OwnQueue, ...stays: Array<readonly [start: number, end: number]>): OwnQueue {
	for (const [start, end] of stays) {
		const job = {};
		queue.expect(job, { start });
		queue.noteEnd(job, end);
	}
	return queue;
}

/** What has ended shows that two worked at once. */
function twoAtOnce(queue: OwnQueue): OwnQueue {
	return ended(queue, [-5_000, -5_000 + WORK], [-4_900, -4_900 + WORK]);
}

it('foretells nothing while none of ours is at work', () => {
	expect(new OwnQueue().startOf(0, 0, WORK)).toBeUndefined();
	expect(queueOf({ start: 5_000, end: 7_000 }).startOf(0, 0, WORK)).toBeUndefined();
	expect(queueOf({ start: -3_000, end: -1_000 }).startOf(0, 0, WORK)).toBeUndefined();
});

it('the first that waits starts when the first at work ends', () => {
	const queue = twoAtOnce(queueOf({ start: 0, end: 2_000 }, { start: 500, end: 2_500 }));
	expect(queue.startOf(1_000, 0, WORK)).toBe(2_000);
	expect(queue.startOf(1_000, 1, WORK)).toBe(2_500);
	const turned = twoAtOnce(queueOf({ start: 500, end: 2_500 }, { start: 0, end: 2_000 }));
	expect(turned.startOf(1_000, 0, WORK)).toBe(2_000);
});

it('those behind them start when those have ended that take the places', () => {
	const queue = twoAtOnce(queueOf({ start: 0, end: 2_000 }, { start: 500, end: 2_500 }));
	expect(queue.startOf(1_000, 2, WORK)).toBe(4_000);
	expect(queue.startOf(1_000, 5, WORK)).toBe(6_500);
});

it('one whose work time is not known yet is taken to work as long as others', () => {
	expect(queueOf({ start: 500 }).startOf(1_000, 0, WORK)).toBe(2_500);
	expect(queueOf({ start: 500 }).startOf(9_000, 0, WORK)).toBeUndefined();
});

it('an end that was heard of later still tells when the next one started', () => {
	const queue = new OwnQueue();
	const job = {};
	queue.expect(job, { start: 0, end: 9_000 });
	queue.noteEnd(job, 2_000);
	expect(queue.startOf(1_000, 0, WORK)).toBe(2_000);
	expect(queue.startOf(2_000, 0, WORK)).toBeUndefined();
	expect(queue.startOf(0, 0, WORK)).toBe(2_000);
	expect(queue.startOf(-1, 0, WORK)).toBeUndefined();
});

it('a job that is not followed any more holds no place', () => {
	const queue = new OwnQueue();
	const job = {};
	queue.expect(job, { start: 0, end: 2_000 });
	queue.leave(job);
	expect(queue.startOf(1_000, 0, WORK)).toBeUndefined();
	queue.noteEnd(job, 2_000);
	expect(queue.startOf(1_000, 0, WORK)).toBeUndefined();
});

// One whose end nobody has looked at yet, and the one that took its place.
it('counts no more at work than have been at once', () => {
	const stays = [
		{ start: 0, end: 2_050 },
		{ start: 0, end: 2_060 },
		{ start: 2_000, end: 4_000 },
		{ start: 2_000, end: 4_010 },
	];
	const queue = twoAtOnce(queueOf(...stays));
	expect(queue.startOf(2_040, 0, WORK)).toBe(4_000);
});

describe('how many worked at once', () => {
	/** Two are open; if one is known to work at a time, the one that ends first must have ended. */
	const atOnce = (...stays: Array<readonly [start: number, end: number]>) => {
		const queue = ended(queueOf({ start: 0, end: 2_000 }, { start: 0, end: 2_500 }), ...stays);
		return queue.startOf(1_000, 0, WORK) === 2_000 ? 2 : 1;
	};
	const inTurn = (count: number) =>
		Array.from({ length: count }, (_, job) => [-90_000 + 100 * job, -89_900 + 100 * job] as const);

	it.each([
		{ what: 'one after the other', stays: inTurn(5), most: 1 },
		{
			what: 'one that began in the middle of another',
			stays: [
				[-9_000, -7_000],
				[-8_100, -6_000],
			] as const,
			most: 2,
		},
		{
			what: 'one that began at the very end of another',
			stays: [
				[-9_000, -7_000],
				[-7_100, -5_000],
			] as const,
			most: 1,
		},
		{
			what: 'a short one within a long one',
			stays: [
				[-9_000, -1_000],
				[-8_000, -7_000],
			] as const,
			most: 2,
		},
		{
			what: 'a long one around a short one',
			stays: [
				[-8_000, -7_000],
				[-9_000, -1_000],
			] as const,
			most: 2,
		},
		{
			what: 'two at once, and fifty in turn since',
			stays: [[-99_000, -97_000], [-99_000, -97_000], ...inTurn(50)] as const,
			most: 1,
		},
		{
			what: 'two at once, and forty-nine in turn since',
			stays: [[-99_000, -97_000], [-99_000, -97_000], ...inTurn(49)] as const,
			most: 2,
		},
	])('$what: $most', ({ stays, most }) => {
		expect(atOnce(...stays)).toBe(most);
	});

	it('is not told by the ends of jobs of which nothing was known', () => {
		const queue = twoAtOnce(queueOf({ start: 0, end: 2_000 }, { start: 0, end: 2_500 }));
		for (let job = 0; job < 60; job++) queue.noteEnd({}, -1_000);
		expect(queue.startOf(1_000, 0, WORK)).toBe(2_000);
	});
});

it('the last two hundred ends are kept', () => {
	const queue = ended(new OwnQueue(), [0, 9_000]);
	ended(queue, ...Array.from({ length: 199 }, () => [20_000, 21_000] as const));
	expect(queue.startOf(1_000, 0, WORK)).toBe(9_000);
	ended(queue, [20_000, 21_000]);
	expect(queue.startOf(1_000, 0, WORK)).toBeUndefined();
});
