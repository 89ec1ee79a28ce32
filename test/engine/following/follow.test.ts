import { type Followed, followUntilDone, type Watch } from '../../../nodes/engine/following/follow';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import {
	completed,
	completedWithoutRunner,
	inProgress,
	inQueue,
	lost,
	rejected,
	unreadable,
	unsent,
} from '../replies';
import { inTurn, type Script, ScriptedFal } from '../scriptedFal';
import { VirtualClock } from '../virtualClock';

const HOUR = 3_600_000;

interface Setting {
	readonly script?: Script;
	readonly itemTimeout?: number;
	readonly stopAfter?: number;
	readonly includeLogs?: boolean;
	/** What the dice show; almost 1 makes every pause as long as it can be. */
	readonly dice?: number;
	readonly queuePosition?: number;
	/** Milliseconds that a sign of life buys. */
	readonly patience?: number;
}

/** One job that fal has just accepted, and everything that is needed to follow it. */
function follow({
	script,
	itemTimeout = HOUR,
	stopAfter,
	queuePosition,
	patience,
	...rest
}: Setting) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, script);
	const stop = new AbortController();
	const schedule = new PollSchedule(DEFAULT_POLL_BOUNDS);
	const { includeLogs = false, dice = 0.999 } = rest;
	const watch: Watch = {
		transport: fal,
		clock,
		random: () => dice,
		signal: stop.signal,
		schedule,
		includeLogs,
	};
	const job: Followed = {
		handle: { requestId: 'job-1', model: 'fal-ai/flux/dev' },
		since: start,
		lastWaiting: start,
		deadline: start + itemTimeout,
		logs: [],
		...(queuePosition !== undefined && { queuePosition }),
		...(patience !== undefined && { patience }),
	};
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	return {
		job,
		fal,
		schedule,
		elapsed: () => clock.now() - start,
		untilDone: async () => await clock.runUntil(followUntilDone(job, watch)),
	};
}

describe('looking until a job is done', () => {
	it('ends with the first COMPLETED, and tells the inference time', async () => {
		const { untilDone, fal } = follow({
			script: { status: inTurn(inQueue(1), inProgress(), completed(1.5)) },
		});
		expect(await untilDone()).toEqual({ kind: 'done', inferenceTime: 1.5 });
		expect(fal.sent('status')).toHaveLength(3);
	});

	it('teaches the schedule how long the job worked', async () => {
		const { untilDone, schedule } = follow({
			queuePosition: 0,
			script: { status: inTurn(inProgress(), inProgress(), inProgress(), completed(1)) },
		});
		await untilDone();
		const next = schedule.nextLook({ age: 500, workedFor: 0 });
		expect(next).toBeGreaterThan(1_000);
		expect(next).toBeLessThan(1_100);
	});

	// fal says 0 to a job that starts at once, too. What one that really waited taught is not for this one.
	it('with nobody ahead, a job is taken to have started', async () => {
		const { untilDone, elapsed, schedule } = follow({
			queuePosition: 0,
			script: { status: () => completed(2) },
		});
		schedule.learn(2_000, 9_000, 0);
		await untilDone();
		expect(elapsed()).toBeLessThan(2_100);
	});

	it('a look that was planned blindly comes sooner, once the first job of the model has ended', async () => {
		const { untilDone, elapsed, schedule } = follow({ script: { status: () => completed(0.1) } });
		const done = untilDone();
		schedule.learn(100, 0, undefined);
		await done;
		expect(elapsed()).toBe(110);
	});

	it.each([
		{ trouble: '429', reply: rejected(429) },
		{ trouble: '500', reply: rejected(500) },
		{ trouble: '502 with a page', reply: rejected(502, 'Bad Gateway') },
		{ trouble: '408', reply: rejected(408) },
		{ trouble: 'a lost connection', reply: lost },
		{ trouble: 'a refused connection', reply: unsent },
		{ trouble: 'half an answer', reply: unreadable },
	])('$trouble is waited out, a hundred times in a row if need be', async ({ reply }) => {
		const { untilDone, fal } = follow({
			script: { status: (call) => (call <= 100 ? reply : completed()) },
		});
		expect(await untilDone()).toEqual({ kind: 'done' });
		expect(fal.sent('status')).toHaveLength(101);
	});

	it('trouble is asked again at growing distances, up to half a minute', async () => {
		const { untilDone, fal } = follow({
			script: { status: (call) => (call <= 9 ? rejected(503) : completed()) },
		});
		await untilDone();
		const looks = fal.sent('status').map(({ at }) => at);
		const distances = looks.slice(1).map((at, index) => Math.round((at - looks[index]!) / 1_000));
		expect(distances).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30]);
	});

	it('an answer in between makes it quick again', async () => {
		const { untilDone, fal } = follow({
			script: {
				status: inTurn(lost, lost, lost, lost, inProgress(), lost, completed()),
			},
		});
		await untilDone();
		const looks = fal.sent('status').map(({ at }) => at);
		expect(looks[6]! - looks[5]!).toBeLessThanOrEqual(1_000);
	});

	it('Retry-After is kept to', async () => {
		const { untilDone, elapsed } = follow({
			dice: 0,
			script: { status: inTurn(rejected(429, undefined, { 'retry-after': '45' }), completed()) },
		});
		await untilDone();
		expect(elapsed()).toBe(500 + 45_000);
	});

	// Right after a submit, a part of fal may not have heard of the job yet; and a proxy says what it likes.
	it.each([
		{ answer: '404', reply: rejected(404, { status: 'NOT_FOUND' }) },
		{ answer: '400', reply: rejected(400, { detail: 'Bad request' }) },
		{ answer: '405', reply: rejected(405, '405: Method Not Allowed') },
		{ answer: '409', reply: rejected(409) },
		{ answer: '401', reply: rejected(401, { detail: 'No user found' }) },
		{ answer: '403, a page', reply: rejected(403) },
		{ answer: 'a redirect', reply: rejected(302) },
	])('$answer is looked at again, for minutes', async ({ reply }) => {
		let elapsed = () => 0;
		const story = follow({
			script: { status: () => (elapsed() < 5 * 60_000 ? reply : completed()) },
		});
		elapsed = story.elapsed;
		expect(await story.untilDone()).toEqual({ kind: 'done' });
	});

	it.each([
		{ status: 404, message: 'fal does not know this request (any more).' },
		{ status: 401, message: expect.stringContaining('No user found for Key ID and Secret') },
		{ status: 403, message: expect.stringContaining('No user found for Key ID and Secret') },
		{ status: 405, message: expect.stringContaining('No user found for Key ID and Secret') },
	])('HTTP status $status that stays for six minutes ends it', async ({ status, message }) => {
		const { untilDone, elapsed, fal } = follow({
			script: { status: () => rejected(status, { detail: 'No user found for Key ID and Secret' }) },
		});
		expect(await untilDone()).toMatchObject({
			kind: 'barred',
			failure: { statusCode: status, message, retryable: false },
		});
		expect(elapsed()).toBe(500 + 6 * 60_000);
		expect(fal.sent('status').length).toBeLessThan(40);
	});

	it('what stays is counted anew when something else was heard', async () => {
		let elapsed = () => 0;
		const missing = rejected(404, { status: 'NOT_FOUND' });
		const story = follow({
			script: {
				status: (call) => {
					if (elapsed() > 20 * 60_000) return completed();
					return call % 10 === 0 ? inProgress() : missing;
				},
			},
		});
		elapsed = story.elapsed;
		expect(await story.untilDone()).toEqual({ kind: 'done' });
	});

	it('ends at the deadline, after a last look', async () => {
		const { untilDone, elapsed, fal } = follow({
			itemTimeout: 60_000,
			script: { status: () => inProgress() },
		});
		expect(await untilDone()).toEqual({ kind: 'deadline' });
		expect(elapsed()).toBe(60_000);
		expect(fal.sent('status').at(-1)?.at).toBe(fal.sent('status')[0]!.at + 59_500);
	});

	it('a job that is done at its deadline is done', async () => {
		let elapsed = () => 0;
		const story = follow({
			itemTimeout: 60_000,
			script: { status: () => (elapsed() >= 60_000 ? completed() : inProgress()) },
		});
		elapsed = story.elapsed;
		expect(await story.untilDone()).toEqual({ kind: 'done' });
	});

	it('ends at the deadline in trouble, too', async () => {
		const { untilDone, elapsed } = follow({ itemTimeout: 60_000, script: { status: () => lost } });
		expect(await untilDone()).toEqual({ kind: 'deadline' });
		expect(elapsed()).toBe(60_000);
	});

	it('a pause that fal asks for beyond the deadline is not cut short for a last look', async () => {
		const { untilDone, elapsed, fal } = follow({
			itemTimeout: 60_000,
			script: { status: () => rejected(429, undefined, { 'retry-after': '300' }) },
		});
		expect(await untilDone()).toStrictEqual({ kind: 'deadline' });
		expect(elapsed()).toBe(60_000);
		expect(fal.sent('status')).toHaveLength(1);
	});

	it('the deadline tells what stood in the way by then', async () => {
		const { untilDone } = follow({
			itemTimeout: 60_000,
			script: { status: () => rejected(404, { status: 'NOT_FOUND' }) },
		});
		expect(await untilDone()).toMatchObject({
			kind: 'deadline',
			standing: { byFal: true, failure: { statusCode: 404 } },
		});
	});

	it('tells what the status said of a failure', async () => {
		const { untilDone } = follow({ script: { status: () => completedWithoutRunner } });
		expect(await untilDone()).toStrictEqual({
			kind: 'done',
			told: { type: 'runner_disconnected', message: 'Runner disconnected', retryable: true },
		});
	});

	it('nothing is looked at after a stop', async () => {
		const { untilDone, fal } = follow({ stopAfter: 100 });
		expect(await untilDone()).toEqual({ kind: 'stopped' });
		expect(fal.calls).toEqual([]);
	});

	it('a stop ends the wait between two looks', async () => {
		const { untilDone, elapsed } = follow({
			stopAfter: 1_234,
			script: { status: () => inQueue(500) },
		});
		expect(await untilDone()).toEqual({ kind: 'stopped' });
		expect(elapsed()).toBe(1_234);
	});

	it('a stop during a look counts, whatever the look brings', async () => {
		const { untilDone } = follow({ stopAfter: 600, script: { latency: 300 } });
		expect(await untilDone()).toEqual({ kind: 'stopped' });
	});
});

describe('logs', () => {
	const line = (number: number) => ({ message: `step ${number}`, timestamp: `t${number}` });
	const lines = (...numbers: number[]) => numbers.map(line);

	it('are asked for when they are wanted, and only then', async () => {
		const wanted = follow({ includeLogs: true });
		const unwanted = follow({ includeLogs: false });
		await wanted.untilDone();
		await unwanted.untilDone();
		expect([...wanted.fal.logsAsked, ...unwanted.fal.logsAsked]).toEqual([true, false]);
	});

	// fal shows a window of the logs that moves on: lines come again, and older ones go.
	it('are kept once each and in order, across windows that move', async () => {
		const { untilDone, job } = follow({
			includeLogs: true,
			script: {
				status: inTurn(
					inProgress(lines(1, 2, 3)),
					inProgress(lines(2, 3, 4)),
					rejected(500),
					inProgress([]),
					completed(1, lines(4, 5, 6)),
				),
			},
		});
		await untilDone();
		expect(job.logs).toEqual(lines(1, 2, 3, 4, 5, 6));
	});

	it('the same message at another time is another line', async () => {
		const at = (timestamp: string) => ({ message: 'loading', timestamp });
		const { untilDone, job } = follow({
			includeLogs: true,
			script: { status: inTurn(inProgress([at('1'), at('2')]), completed(1, [at('2'), at('3')])) },
		});
		await untilDone();
		expect(job.logs).toEqual([at('1'), at('2'), at('3')]);
	});
});

describe('the place in the queue', () => {
	it('is compared with the one that fal named when it took the job', async () => {
		const lastsFor = async (place: number) => {
			const { untilDone, elapsed } = follow({
				queuePosition: 5,
				itemTimeout: 60_000,
				patience: 60_000,
				script: { status: () => inQueue(place) },
			});
			await untilDone();
			return elapsed();
		};
		expect(await lastsFor(5)).toBe(60_000);
		expect(await lastsFor(4)).toBeGreaterThan(60_000);
	});

	it('is kept while the job waits, and gone when it works', async () => {
		const places: (number | undefined)[] = [];
		const story = follow({
			queuePosition: 9,
			script: {
				status: (call) => {
					places.push(story.job.queuePosition);
					return inTurn(inQueue(4), inQueue(), inQueue(2), inProgress(), completed())(call);
				},
			},
		});
		await story.untilDone();
		expect(places).toEqual([9, 4, undefined, 2, undefined]);
	});
});
