/** The jobs of one model: who is next, who holds a place at fal, and when none is offered. */
import { Lane } from '../../../nodes/engine/batch/lane';
import { Lanes } from '../../../nodes/engine/batch/lanes';
import { type Job, newJob } from '../../../nodes/engine/job';
import { OutageBound } from '../../../nodes/engine/submitting/outageBound';
import type { SubmitVerdict } from '../../../nodes/engine/submitting/submit';
import { past } from '../scriptedHistory';
import { VirtualClock } from '../virtualClock';

const failure = { type: 'x', message: 'No', retryable: true };
const nobody = { followed: 0, handedOut: 0 };
const taken: SubmitVerdict = { kind: 'accepted', accepted: { requestId: 'a' } };
const refused = (pushback: boolean, retryAfter = 0): SubmitVerdict => ({
	kind: 'refused',
	failure,
	pushback,
	retryAfter,
});

const jobOf = (model: string, index: number): Job =>
	newJob({ model, input: { item: index }, conditions: {} }, index);
const open = past({ id: 'open', sentAt: 0 });
const done = past({ id: 'done', sentAt: 0, endedAt: 1_000 });

/** A lane of three places with jobs that wait, some of them for a request to be taken over. */
function laneOf(...requests: Array<typeof open | undefined>) {
	const clock = new VirtualClock();
	const lane = new Lane(3, new OutageBound(100), clock, () => 0.5);
	requests.forEach((request, order) =>
		lane.add({ job: jobOf('a/b', order), order, ...(request && { request }) }),
	);
	return { lane, clock };
}

describe('a lane', () => {
	it('gives its jobs in turn, and one that came back before all others', () => {
		const { lane } = laneOf(undefined, undefined);
		const first = lane.take()!;
		lane.putBack({ ...first, order: -1 });
		expect([lane.take(), lane.take(), lane.take()].map((one) => one?.job.index)).toEqual([
			0,
			1,
			undefined,
		]);
		lane.putBack(first);
		lane.add({ job: jobOf('a/b', 7), order: 7 });
		expect([lane.take(), lane.take(), lane.take()].map((one) => one?.job.index)).toEqual([
			0,
			7,
			undefined,
		]);
	});

	it('puts one that comes back before those of which none has had its turn', () => {
		const { lane } = laneOf(undefined);
		lane.putBack({ job: jobOf('a/b', 7), order: -1 });
		expect(lane.head?.job.index).toBe(7);
		expect(lane.clear().map(({ index }) => index)).toEqual([7, 0]);
	});

	it('puts one that comes back in the place of one that is gone', () => {
		const { lane } = laneOf(undefined, undefined);
		lane.take();
		lane.putBack({ job: jobOf('a/b', 7), order: -1 });
		expect(lane.clear().map(({ index }) => index)).toEqual([7, 1]);
	});

	it('counts what has a slot, but no request that has ended', () => {
		const { lane } = laneOf(undefined, open, done);
		const all = [lane.take()!, lane.take()!, lane.take()!];
		expect(lane.held).toBe(2);
		for (const one of all) lane.leave(one);
		expect(lane.held).toBe(0);
	});

	it('offers no more than its places', () => {
		const { lane } = laneOf(undefined, undefined, undefined, undefined);
		const first = lane.take()!;
		lane.take();
		expect(lane.opening).toEqual({ kind: 'open' });
		lane.take();
		expect(lane.opening).toEqual({ kind: 'occupied' });
		lane.leave(first);
		expect(lane.opening).toEqual({ kind: 'open' });
	});

	it('takes over a request whatever fal says to submits', () => {
		const { lane } = laneOf(open, undefined);
		lane.refuseAll(failure);
		expect(lane.opening).toEqual({ kind: 'open' });
		lane.take();
		expect(lane.opening).toEqual({ kind: 'closed' });
	});

	it('that is cleared keeps what is to be taken over, and nothing that had its turn', () => {
		const { lane } = laneOf(undefined, open, undefined, done);
		lane.take();
		expect(lane.clear().map(({ index }) => index)).toEqual([2]);
		expect([lane.take(), lane.take(), lane.take()].map((one) => one?.job.index)).toEqual([
			1,
			3,
			undefined,
		]);
	});

	it('has no more hope once its model is refused, or nothing is submitted any more', () => {
		const { lane } = laneOf(undefined);
		expect(lane.hopeless).toBeUndefined();
		lane.close({ ...failure, message: 'Closed' });
		expect(lane.hopeless).toMatchObject({
			failure: { message: expect.stringContaining('stopped: Closed') },
		});
		lane.refuseAll(failure);
		lane.refuseAll({ ...failure, message: 'Later' });
		expect(lane.hopeless).toEqual({ outcome: 'not_submitted', failure });
	});

	it('is not open any more for a job that has its slot while a pause lasts, or once it is refused', () => {
		const { lane } = laneOf(undefined);
		expect(lane.isStillOpen).toBe(true);
		lane.pauseFor(1_000);
		expect(lane.isStillOpen).toBe(false);
		const { lane: other } = laneOf(undefined);
		other.refuseAll(failure);
		expect(other.isStillOpen).toBe(false);
	});
});

describe('a lane that hears 429', () => {
	it('while fal holds only jobs of others waits until one of these ends', () => {
		const { lane } = laneOf(undefined, undefined);
		const one = lane.take()!;
		const heard = lane.hear(refused(true), lane.send(0), { followed: 1, handedOut: 0 });
		expect(heard).toEqual({ isFull: true });
		lane.leave(one);
		expect(lane.isStillOpen).toBe(false);
		expect(lane.opening).toEqual({ kind: 'occupied' });
		lane.hearOfAnEnd();
		expect(lane.isStillOpen).toBe(true);
		expect(lane.opening).toEqual({ kind: 'open' });
	});

	// Its own end makes room, so the others need not be waited for.
	it('while fal holds one of its own waits for nobody else', () => {
		const { lane } = laneOf(undefined, undefined, undefined);
		const mine = lane.take()!;
		const other = lane.take()!;
		expect(lane.hear(refused(true), lane.send(0), { followed: 1, handedOut: 0 })).toEqual({
			isFull: true,
		});
		expect(lane.isStillOpen).toBe(true);
		expect(lane.limit.current).toBe(1);
		lane.leave(other);
		expect(lane.opening).toEqual({ kind: 'occupied' });
		lane.leave(mine);
		expect(lane.opening).toEqual({ kind: 'open' });
	});

	it('while fal holds none at all is in trouble', () => {
		const { lane, clock } = laneOf(undefined, undefined);
		lane.take();
		expect(lane.hear(refused(true), lane.send(clock.now()), nobody)).toEqual({ isFull: false });
		expect(lane.opening.kind).not.toBe('open');
		expect(lane.isStillOpen).toBe(false);
	});

	// Nobody hears when one of them ends: only time can tell.
	it('while fal holds only what was handed out comes back after a while', () => {
		const { lane, clock } = laneOf(undefined, undefined);
		const one = lane.take()!;
		const sent = lane.send(clock.now());
		expect(lane.hear(refused(true, 3_000), sent, { followed: 0, handedOut: 4 })).toEqual({
			isFull: true,
		});
		lane.leave(one);
		expect(lane.opening).toEqual({ kind: 'later', wait: 3_000 });
	});

	it('offers more again only when fal has taken as many as it may hold', () => {
		const { lane } = laneOf(undefined, undefined);
		lane.take();
		lane.take();
		lane.hear(refused(true), lane.send(0), nobody);
		expect(lane.limit.current).toBe(1);
		lane.hear(refused(false), lane.send(0), nobody);
		expect(lane.limit.current).toBe(1);
		lane.hear(taken, lane.send(0), nobody);
		expect(lane.limit.current).toBe(2);
	});

	it('is not full when fal was merely not there', () => {
		const { lane, clock } = laneOf(undefined, undefined);
		lane.take();
		const heard = lane.hear(refused(false), lane.send(clock.now()), { followed: 3, handedOut: 0 });
		expect(heard).toEqual({ isFull: false });
		expect(lane.limit.current).toBe(3);
	});
});

it('a lane says why it waits only while somebody waits', () => {
	const { lane, clock } = laneOf(undefined, undefined);
	lane.take();
	expect(lane.holdUp).toBeUndefined();
	lane.hear(refused(false), lane.send(clock.now()), nobody);
	expect(lane.holdUp).toBe('No. Nothing was sent; it is tried again.');
	lane.take();
	expect(lane.holdUp).toBeUndefined();
	lane.hear(taken, lane.send(clock.now()), nobody);
	expect(lane.holdUp).toBeUndefined();
});

describe('lanes', () => {
	function lanesOf(...models: string[]) {
		const clock = new VirtualClock();
		const lanes = new Lanes(2, 100, clock, () => 0.5);
		const jobs = models.map(jobOf);
		for (const job of jobs) lanes.add(job);
		return { lanes, jobs, clock };
	}
	const nextOf = (lanes: Lanes) => lanes.next?.head?.job.index;

	it('offer in the order of the items, and first what came back', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/2', 'a/1');
		expect(nextOf(lanes)).toBe(0);
		lanes.of(jobs[0]!).take();
		expect(nextOf(lanes)).toBe(1);
		lanes.of(jobs[1]!).take();
		expect(nextOf(lanes)).toBe(2);
		lanes.putBack(jobs[0]!);
		lanes.putBack(jobs[1]!);
		expect(nextOf(lanes)).toBe(1);
	});

	it('leave out the one that waits, and know for how long', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/2');
		expect(lanes.untilNext).toBe(0);
		lanes.of(jobs[0]!).pauseFor(5_000);
		expect(nextOf(lanes)).toBe(1);
		expect(lanes.untilNext).toBe(0);
		lanes.of(jobs[1]!).pauseFor(3_000);
		expect(lanes.next).toBeUndefined();
		expect(lanes.untilNext).toBe(3_000);
		lanes.of(jobs[1]!).take();
		expect(lanes.untilNext).toBe(5_000);
		lanes.of(jobs[0]!).take();
		expect(lanes.untilNext).toBe(Number.POSITIVE_INFINITY);
	});

	it('do not ask time about one that waits for something else', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/1', 'a/1', 'a/2');
		lanes.of(jobs[3]!).pauseFor(3_000);
		lanes.of(jobs[0]!).take();
		lanes.of(jobs[0]!).take();
		expect(lanes.of(jobs[0]!).opening).toEqual({ kind: 'occupied' });
		expect(lanes.untilNext).toBe(3_000);
	});

	it('are closed for a reason when all of them are, and not when one is', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/2');
		lanes.of(jobs[0]!).close(failure);
		expect(lanes.closedFor).toBeUndefined();
		lanes.of(jobs[1]!).close({ ...failure, message: 'Other' });
		expect(lanes.closedFor).toEqual(failure);
	});

	it('that were closed together stay so, for the first reason, for models that come later, too', () => {
		const { lanes } = lanesOf('a/1');
		lanes.close(failure);
		lanes.close({ ...failure, message: 'Other' });
		expect(lanes.closedFor).toEqual(failure);
		expect(lanes.of(jobOf('a/new', 9)).closedFor).toEqual(failure);
	});

	it('know what fal holds of the other models', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/1', 'a/2', 'a/3');
		for (const job of jobs) lanes.of(job).take();
		expect(lanes.followedBeside(lanes.of(jobs[2]!))).toBe(3);
		expect(lanes.followedBeside(lanes.of(jobs[0]!))).toBe(2);
	});

	it('let go of those without hope only, and of all when asked', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/2', 'a/1');
		expect(lanes.takeHopeless()).toEqual([]);
		lanes.of(jobs[0]!).refuseAll(failure);
		expect(lanes.takeHopeless().map(({ job, ending }) => [job.index, ending.failure])).toEqual([
			[0, failure],
			[2, failure],
		]);
		expect(lanes.takeHopeless()).toEqual([]);
		expect(lanes.clear().map(({ index }) => index)).toEqual([1]);
	});

	it('all hear of an end', () => {
		const { lanes, jobs } = lanesOf('a/1', 'a/2');
		const lane = lanes.of(jobs[0]!);
		lane.take();
		lane.hear(refused(true), lane.send(0), { followed: 1, handedOut: 0 });
		expect(lane.isStillOpen).toBe(false);
		lanes.hearOfAnEnd();
		expect(lane.isStillOpen).toBe(true);
	});

	it('close when the outage has used up its bound, and not before', () => {
		const clock = new VirtualClock();
		const lanes = new Lanes(2, 2, clock, () => 0.5);
		const jobs = [jobOf('a/1', 0), jobOf('a/2', 1)];
		for (const job of jobs) lanes.add(job);
		const unknown: SubmitVerdict = { kind: 'unknown', failure };
		const lose = (job: Job) => {
			const lane = lanes.of(job);
			lane.take();
			lane.hear(unknown, lane.send(clock.now()), nobody);
			lanes.closeIfSpent({ ...failure, message: 'Spent' });
		};
		lose(jobs[0]!);
		expect(lanes.of(jobs[1]!).closedFor).toBeUndefined();
		lose(jobs[1]!);
		expect(lanes.of(jobs[0]!).closedFor).toMatchObject({ message: 'Spent' });
	});

	it('say why one of them waits', () => {
		const { lanes, jobs, clock } = lanesOf('a/1', 'a/2', 'a/2');
		expect(lanes.holdUp).toBeUndefined();
		const lane = lanes.of(jobs[1]!);
		lane.take();
		lane.hear(refused(false), lane.send(clock.now()), nobody);
		expect(lanes.holdUp).toBe('No. Nothing was sent; it is tried again.');
	});
});
