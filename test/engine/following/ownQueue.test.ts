import { OwnQueue } from '../../../nodes/engine/following/ownQueue';

const WORK = 2_000;

/** Jobs that work, by their start and end. */
function queueOf(...stays: Array<{ start: number; end?: number }>): OwnQueue {
	const queue = new OwnQueue();
	for (const stay of stays) queue.expect({}, stay);
	return queue;
}

/** What has ended shows that two worked at once. */
function twoAtOnce(queue: OwnQueue): OwnQueue {
	for (const start of [-5_000, -4_900]) {
		const job = {};
		queue.expect(job, { start });
		queue.noteEnd(job, start + WORK);
	}
	return queue;
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
