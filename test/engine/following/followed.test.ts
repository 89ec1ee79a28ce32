import {
	expectStay,
	type Followed,
	learnFromEnd,
	sightingOf,
	takeNote,
	takeWord,
} from '../../../nodes/engine/following/followed';
import { PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import type { Watch } from '../../../nodes/engine/following/watch';
import type { FailedReply, StatusReport } from '../../../nodes/engine/transport';
import { rejected } from '../replies';
import { ScriptedFal } from '../scriptedFal';
import { VirtualClock } from '../virtualClock';

const PATIENCE = 60_000;

/** Tells what it was taught. */
class TaughtSchedule extends PollSchedule {
	readonly learned: Array<{ work: number; wait: number; place: number | undefined }> = [];
	readonly travels: number[] = [];

	override learn(work: number, wait: number, place: number | undefined): void {
		this.learned.push({ work, wait, place });
		super.learn(work, wait, place);
	}

	override learnTravel(ms: number): void {
		this.travels.push(ms);
		super.learnTravel(ms);
	}
}

/** A job that fal took at second 0, and the means to tell of it. All times in seconds since then. */
function followed(more: Partial<Followed> = {}) {
	const clock = new VirtualClock();
	const start = clock.now();
	const schedule = new TaughtSchedule({ min: 1, max: 10_000_000 });
	const watch: Watch = {
		transport: new ScriptedFal(clock),
		clock,
		random: () => 0,
		signal: new AbortController().signal,
		schedule,
		includeLogs: true,
	};
	const job: Followed = {
		handle: { requestId: 'job-1', model: 'fal-ai/flux/dev' },
		since: start,
		lastWaiting: start,
		deadline: start + PATIENCE,
		patience: PATIENCE,
		logs: [],
		...more,
	};
	const moment = (second: number) => start + second * 1_000;
	const second = (at: number | undefined) => (at === undefined ? undefined : (at - start) / 1_000);
	const passUntil = async (until: number) =>
		await clock.runUntil(clock.sleep(moment(until) - clock.now()));
	return {
		job,
		schedule,
		moment,
		passUntil,
		/** A look's answer, which took a tenth of a second. */
		async look(at: number, report: StatusReport) {
			await passUntil(at);
			takeNote(job, report, moment(at) - 100, watch);
		},
		async word(at: number, report: StatusReport, isLive = true) {
			await passUntil(at);
			takeWord(job, report, isLive, watch);
		},
		async end(at: number, inferenceTime?: number, firstPlace?: number) {
			await passUntil(at);
			learnFromEnd(job, inferenceTime, firstPlace, watch);
			return schedule.learned;
		},
		sighting: (at: number) => sightingOf(job, moment(at), schedule),
		expectStay: (at: number) =>
			expectStay(job, sightingOf(job, moment(at), schedule), moment(at), schedule),
		/** Until when a job of ours is known to be at work at that moment. */
		workUntil: (at: number) => second(schedule.ownQueue.startOf(moment(at), 0, 1_000)),
		/** Another job of ours, known to be at work. */
		beside: (from: number, until: number) =>
			schedule.ownQueue.expect({}, { start: moment(from), end: moment(until) }),
		get deadline() {
			return second(job.deadline);
		},
		get workingSince() {
			return second(job.workingSince);
		},
		get lastWaiting() {
			return second(job.lastWaiting);
		},
		get notDoneAt() {
			return second(job.notDoneAt);
		},
	};
}

const working: StatusReport = { status: 'IN_PROGRESS', logs: [] };
const done: StatusReport = { status: 'COMPLETED', logs: [] };

function waiting(queuePosition?: number): StatusReport {
	return { status: 'IN_QUEUE', logs: [], ...(queuePosition !== undefined && { queuePosition }) };
}

describe('what a look found', () => {
	it('waiting: its place, and that it waited until now', async () => {
		const story = followed();
		await story.look(5, waiting(3));
		expect(story.job).toMatchObject({ seen: 'IN_QUEUE', queuePosition: 3, lastPlace: 3 });
		expect(story.lastWaiting).toBe(5);
		expect(story.job).not.toHaveProperty('workingSince');
	});

	it('was not done when the look was sent, whatever happened while the answer came', async () => {
		const story = followed();
		await story.look(5, waiting());
		expect(story.notDoneAt).toBe(4.9);
		await story.look(7, working);
		expect(story.notDoneAt).toBe(6.9);
		await story.look(9, done);
		expect(story.notDoneAt).toBe(6.9);
		expect(story.job.seen).toBe('IN_PROGRESS');
	});

	it('a place that fal does not repeat is not known any more, but remembered', async () => {
		const story = followed();
		await story.look(5, waiting(3));
		await story.look(6, waiting());
		expect(story.job).not.toHaveProperty('queuePosition');
		expect(story.job.lastPlace).toBe(3);
	});

	it('at work: it has no place any more, and has not waited since', async () => {
		const story = followed();
		await story.look(5, waiting(0));
		await story.look(8, working);
		expect(story.job).not.toHaveProperty('queuePosition');
		expect(story.job.seen).toBe('IN_PROGRESS');
		expect(story.lastWaiting).toBe(5);
	});

	it('trouble is over', async () => {
		const trouble: FailedReply = rejected(503);
		const story = followed({ trouble });
		await story.look(5, working);
		expect(story.job).not.toHaveProperty('trouble');
	});

	it('how long a look travels is learned, and is not from the word of a stream', async () => {
		const story = followed();
		await story.look(5, working);
		await story.word(6, working);
		expect(story.schedule.travels).toEqual([100]);
	});
});

describe('when the work began', () => {
	it('is when it was last seen waiting, as long as nothing else is known', async () => {
		const story = followed();
		await story.look(5, waiting(0));
		await story.look(8, working);
		expect(story.workingSince).toBe(5);
		await story.look(9, working);
		expect(story.workingSince).toBe(5);
	});

	it('is when its place says, but no later than it was seen at work', async () => {
		const story = followed();
		story.schedule.learn(1_000, 2_000, 0);
		await story.look(5, waiting(1));
		await story.look(9.5, working);
		expect(story.workingSince).toBe(9);
		const sooner = followed();
		sooner.schedule.learn(1_000, 2_000, 0);
		await sooner.look(5, waiting(1));
		await sooner.look(8, working);
		expect(sooner.workingSince).toBe(8);
	});

	it('is when a job of ours made room for it', async () => {
		const story = followed();
		story.schedule.learn(1_000, 0, undefined);
		story.beside(4, 7);
		await story.look(5, waiting(0));
		await story.look(9, working);
		expect(story.workingSince).toBe(7);
	});
});

describe('what a stream told', () => {
	it('of what has just happened: until now it was as the stream had said', async () => {
		const story = followed();
		await story.word(5, waiting(0));
		await story.word(8, working);
		expect(story.workingSince).toBe(8);
		expect(story.lastWaiting).toBe(8);
		await story.word(12, done);
		expect(story.notDoneAt).toBe(12);
		expect(story.lastWaiting).toBe(8);
	});

	it('for the first time: it may have been so for a while', async () => {
		const story = followed();
		await story.look(5, waiting(0));
		await story.word(8, working, false);
		expect(story.workingSince).toBe(5);
		expect(story.notDoneAt).toBe(8);
		await story.word(12, done, false);
		expect(story.notDoneAt).toBe(8);
	});
});

describe('signs of life', () => {
	it('the start of the work is one, and that it goes on is none', async () => {
		const story = followed();
		await story.look(5, working);
		expect(story.deadline).toBe(65);
		await story.look(30, working);
		expect(story.deadline).toBe(65);
	});

	it('a job that fal starts again shows another', async () => {
		const story = followed();
		await story.look(5, working);
		await story.look(30, waiting());
		expect(story.deadline).toBe(65);
		await story.look(40, working);
		expect(story.deadline).toBe(100);
	});

	it('a better place is one; the first, the same and a worse are none', async () => {
		const story = followed();
		await story.look(5, waiting(7));
		expect(story.deadline).toBe(60);
		await story.look(10, waiting(7));
		expect(story.deadline).toBe(60);
		await story.look(15, waiting(6));
		expect(story.deadline).toBe(75);
		await story.look(20, waiting(8));
		expect(story.deadline).toBe(75);
		await story.look(25, waiting(7));
		expect(story.deadline).toBe(85);
	});

	it('a place is compared with the last that fal gave', async () => {
		const story = followed();
		await story.look(5, waiting(7));
		await story.look(10, waiting());
		await story.look(15, waiting(7));
		expect(story.deadline).toBe(60);
		await story.look(20, waiting(6));
		expect(story.deadline).toBe(80);
	});

	it('without a place, the end of a job that was taken before it', async () => {
		const story = followed();
		story.schedule.movement.noteEnd(story.moment(1), story.moment(20));
		await story.look(25, waiting());
		expect(story.deadline).toBe(60);
		story.schedule.movement.noteEnd(story.moment(-1), story.moment(30));
		await story.look(35, waiting());
		expect(story.deadline).toBe(90);
	});

	it('with a place, nothing but the place counts', async () => {
		const story = followed();
		story.schedule.movement.noteEnd(story.moment(-1), story.moment(30));
		await story.look(35, waiting(4));
		expect(story.deadline).toBe(60);
	});

	it('one of long ago takes nothing away', async () => {
		const story = followed();
		await story.look(50, waiting(4));
		await story.look(51, waiting(3));
		expect(story.deadline).toBe(111);
		story.schedule.movement.noteEnd(story.moment(-1), story.moment(10));
		await story.look(52, waiting());
		expect(story.deadline).toBe(111);
	});

	it('the end is none: nobody waits any more', async () => {
		const story = followed();
		story.schedule.movement.noteEnd(story.moment(-1), story.moment(4));
		await story.look(5, done);
		expect(story.deadline).toBe(60);
	});

	it('move nothing where the deadline is fixed, and the place is remembered all the same', async () => {
		const { job, look, moment } = followed();
		const fixed = followed();
		delete (fixed.job as { patience?: number }).patience;
		await fixed.look(5, waiting(7));
		await fixed.look(10, waiting(6));
		await fixed.look(15, working);
		expect(fixed.deadline).toBe(60);
		expect(fixed.job.lastPlace).toBe(6);
		await look(15, working);
		expect(job.deadline).toBe(moment(75));
	});
});

describe('the logs', () => {
	it('are kept once each, and what differs in text or time as another', async () => {
		const line = (message: string, timestamp: string) => ({ message, timestamp });
		const story = followed();
		await story.look(1, {
			status: 'IN_PROGRESS',
			logs: [line('loading', '1'), line('loading', '2')],
		});
		await story.look(2, { status: 'COMPLETED', logs: [line('loading', '2'), line('saving', '2')] });
		expect(story.job.logs).toEqual([
			line('loading', '1'),
			line('loading', '2'),
			line('saving', '2'),
		]);
	});
});

describe('the job as the schedule sees it', () => {
	it('nothing seen: its age', () => {
		expect(followed().sighting(5)).toEqual({ age: 5_000 });
	});

	it('at work: since when', async () => {
		const story = followed();
		await story.look(5, waiting(0));
		await story.look(8, working);
		expect(story.sighting(9)).toEqual({ age: 9_000, workedFor: 4_000 });
	});

	it('waiting without a place: its age', async () => {
		const story = followed();
		await story.look(5, waiting());
		expect(story.sighting(6)).toEqual({ age: 6_000 });
	});

	it('waiting at a place: how long still, and never less than nothing', async () => {
		const story = followed();
		await story.look(5, waiting(1));
		expect(story.sighting(6)).toEqual({ age: 6_000, queuePosition: 1, startsIn: 0 });
		story.schedule.learn(1_000, 2_000, 0);
		expect(story.sighting(6)).toEqual({ age: 6_000, queuePosition: 1, startsIn: 4_000 });
	});

	it('waiting behind jobs of ours: until they make room, if that comes sooner than its place says', async () => {
		const story = followed();
		await story.look(5, waiting(0));
		story.beside(4, 7);
		expect(story.sighting(6)).toMatchObject({ startsIn: 0 });
		story.schedule.learn(1_000, 9_000, 0);
		expect(story.sighting(6)).toMatchObject({ startsIn: 1_000 });
		story.beside(4, 6.5);
		story.schedule.learn(1_000, 200, 0);
		expect(story.sighting(6)).toMatchObject({ startsIn: 200 });
	});

	it('waiting behind jobs of ours, when nothing is known of places: until they make room', async () => {
		const story = followed();
		await story.look(5, waiting(0));
		story.beside(4, 7);
		story.schedule.learn(1_000, 0, undefined);
		expect(story.sighting(6)).toMatchObject({ startsIn: 1_000 });
	});
});

describe('what those behind it may expect', () => {
	it('at work: from when it began, for as long as a job usually works', async () => {
		const story = followed();
		story.schedule.learn(10_000, 0, undefined);
		await story.look(5, waiting());
		await story.look(8, working);
		story.expectStay(8);
		expect(story.workUntil(4.9)).toBeUndefined();
		expect(story.workUntil(5)).toBe(15);
	});

	it('at work, while no work time is known: that it is at work', async () => {
		const story = followed();
		await story.look(5, working);
		story.expectStay(5);
		expect(story.workUntil(0)).toBe(1);
		expect(story.workUntil(-0.1)).toBeUndefined();
	});

	it('just accepted: it is taken to work since then', () => {
		const story = followed();
		story.schedule.learn(10_000, 0, undefined);
		story.expectStay(2);
		expect(story.workUntil(-0.1)).toBeUndefined();
		expect(story.workUntil(0)).toBe(10);
	});

	it('waiting at a place: from its likely start', async () => {
		const story = followed();
		story.schedule.learn(10_000, 2_000, 0);
		await story.look(5, waiting(1));
		story.expectStay(6);
		expect(story.workUntil(9.9)).toBeUndefined();
		expect(story.workUntil(10)).toBe(20);
	});

	it('longer than all known ones: a bit more than it has worked', () => {
		const story = followed();
		story.schedule.learn(1_000, 0, undefined);
		story.expectStay(20);
		expect(story.workUntil(20)).toBeCloseTo(22);
	});

	it('waiting without a place: nothing', async () => {
		const story = followed();
		story.schedule.learn(10_000, 0, undefined);
		await story.look(5, waiting());
		story.expectStay(5);
		expect(story.workUntil(5)).toBeUndefined();
	});

	it('of one that somebody else submitted: nothing', async () => {
		const story = followed({ mayBeDone: true });
		story.schedule.learn(10_000, 0, undefined);
		await story.look(5, working);
		story.expectStay(5);
		expect(story.workUntil(5)).toBeUndefined();
	});
});

describe('what an end teaches', () => {
	it("fal's own figure for the work, and the rest as waiting, where it was seen to wait", async () => {
		const story = followed();
		await story.look(4, waiting(1));
		expect(await story.end(10, 5.5, 2)).toEqual([{ work: 5_500, wait: 4_500, place: 2 }]);
	});

	it('a late look is not taken for waiting', async () => {
		expect(await followed().end(10, 5.5, 2)).toEqual([
			{ work: 5_500, wait: 4_500, place: undefined },
		]);
	});

	it('a figure longer than its age leaves no waiting', async () => {
		const story = followed();
		await story.look(4, waiting(1));
		expect(await story.end(10, 12, 2)).toEqual([{ work: 12_000, wait: 0, place: 2 }]);
	});

	it('without a figure it ended between the two last looks', async () => {
		const story = followed();
		await story.look(4.1, working);
		expect(await story.end(10, undefined, 2)).toEqual([{ work: 7_000, wait: 0, place: undefined }]);
	});

	it('without a figure and found done by the first look, a bit less than its age', async () => {
		expect(await followed().end(10)).toEqual([{ work: 9_500, wait: 0, place: undefined }]);
	});

	it('one that may have been done long ago teaches what fal measured, and no more', async () => {
		const known = followed({ mayBeDone: true });
		await known.look(4, waiting(1));
		expect(await known.end(10, 5.5, 2)).toEqual([{ work: 5_500, wait: 4_500, place: undefined }]);
		expect(await followed({ mayBeDone: true }).end(10)).toEqual([]);
	});

	it('that the queue has moved, for all that were taken after it', async () => {
		const story = followed();
		await story.end(10);
		expect(story.schedule.movement.lastStepAheadOf(story.moment(0))).toBe(story.moment(10));
		expect(story.schedule.movement.lastStepAheadOf(story.moment(-1))).toBeUndefined();
	});

	it('when it made room: by its figure, no sooner than it was seen not done, no later than now', async () => {
		const until = async (inferenceTime?: number) => {
			const story = followed();
			await story.look(4, waiting());
			await story.look(5.1, working);
			story.expectStay(6);
			await story.end(10, inferenceTime);
			return story.workUntil(4.5);
		};
		expect(await until(2)).toBe(6);
		expect(await until(0.5)).toBe(5);
		expect(await until(60)).toBe(10);
		expect(await until()).toBe(10);
	});
});
