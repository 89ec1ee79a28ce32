/** One attempt from the moment fal has the job: what it is followed for, and how it ends. */
import { abandonment, isCancellation, withdraw } from '../../../nodes/engine/batch/abandonment';
import { Attempt, type Follower } from '../../../nodes/engine/batch/attempt';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import { type EndedJob, newJob } from '../../../nodes/engine/job';
import { answered, inProgress, lost, rejected, runnerLost } from '../replies';
import { usualSettings } from '../runSimulated';
import { type Script, ScriptedFal } from '../scriptedFal';
import { past } from '../scriptedHistory';
import { VirtualClock } from '../virtualClock';

const MINUTE = 60_000;
const handle = { requestId: 'job-1', model: 'a/b' };

interface Setting {
	readonly script?: Script;
	readonly itemTimeout?: number;
	readonly includeLogs?: boolean;
	readonly cancelAbandoned?: boolean;
}

function world({ script, includeLogs = false, ...rest }: Setting = {}) {
	const clock = new VirtualClock();
	const fal = new ScriptedFal(clock, script);
	const settings = { ...usualSettings(1), itemTimeout: MINUTE, ...rest };
	const follower: Follower = {
		settings,
		watch: {
			transport: fal,
			clock,
			random: () => 0.5,
			signal: new AbortController().signal,
			schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
			includeLogs,
		},
	};
	const see = async (attempt: Attempt) =>
		await clock.runUntil(
			(async () => {
				const departure = await attempt.follow();
				return { departure, ending: await attempt.conclude(departure) };
			})(),
		);
	return { clock, fal, follower, see };
}

describe('an attempt that fal has just taken', () => {
	it('has all of the Item Timeout before it, and knows its place in the queue', () => {
		const { clock, follower } = world();
		const attempt = Attempt.of('a/b', { requestId: 'job-1', queuePosition: 3 }, follower);
		expect(attempt.handle).toEqual(handle);
		expect(attempt.isOver).toBe(false);
		expect(attempt.followed).toEqual({
			handle,
			since: clock.now(),
			lastWaiting: clock.now(),
			deadline: clock.now() + MINUTE,
			patience: MINUTE,
			logs: [],
			queuePosition: 3,
		});
	});

	it('has no place where fal gave none', () => {
		const { follower } = world();
		expect(Attempt.of('a/b', { requestId: 'job-1' }, follower).followed).not.toHaveProperty(
			'queuePosition',
		);
	});
});

describe('a request of before', () => {
	const request = (more: object) => past({ id: 'job-1', model: 'a/b', sentAt: 0, ...more });

	it('that is over is not looked at: its result is read', async () => {
		const { fal, follower, see } = world();
		const attempt = Attempt.at(request({ endedAt: 1, inferenceTime: 4 }), follower);
		expect(attempt.isOver).toBe(true);
		const { ending } = await see(attempt);
		expect(ending).toMatchObject({ outcome: 'completed', inferenceTime: 4 });
		expect(fal.calls.map(({ kind }) => kind)).toEqual(['result']);
	});

	it('that is over has no inference time where the history has none', async () => {
		const { follower, see } = world();
		const { ending } = await see(Attempt.at(request({ endedAt: 1 }), follower));
		expect(ending).not.toHaveProperty('inferenceTime');
	});

	it.each([
		{ what: 'is over, but its logs are wanted', more: { endedAt: 1 }, includeLogs: true },
		{ what: 'is open', more: {}, includeLogs: false },
	])('that $what is looked at, at once', async ({ more, includeLogs }) => {
		const { clock, fal, follower, see } = world({ includeLogs });
		const start = clock.now();
		const attempt = Attempt.at(request(more), follower);
		expect(attempt.isOver).toBe(false);
		await see(attempt);
		expect(fal.calls.map(({ kind, at }) => [kind, at - start])).toEqual([
			['status', 0],
			['result', 0],
		]);
	});

	// Its result is only an explanation, and it must not be taken for work that is lost.
	it('that failed, as the history says, failed, though no explanation can be had', async () => {
		const { follower, see } = world({ script: { result: () => lost } });
		const { ending } = await see(Attempt.at(request({ endedAt: 1, succeeded: false }), follower));
		expect(ending).toMatchObject({
			outcome: 'failed',
			failure: { type: 'job_failed', retryable: false },
		});
	});

	it('that succeeded, and whose result can’t be had, is unknown', async () => {
		const { follower, see } = world({ script: { result: () => lost } });
		const { ending } = await see(Attempt.at(request({ endedAt: 1 }), follower));
		expect(ending.outcome).toBe('unknown');
	});
});

describe('a job whose time is over', () => {
	const late = () => answered('ALREADY_COMPLETED' as const, 400);
	const see = async (setting: Setting) => {
		const { follower, fal, see: seen } = world(setting);
		return { fal, ...(await seen(Attempt.of('a/b', { requestId: 'job-1' }, follower))) };
	};

	it('is cancelled, and timed out', async () => {
		const { departure, ending } = await see({ script: { status: () => inProgress() } });
		expect(departure).toMatchObject({ kind: 'ended' });
		expect(departure).not.toHaveProperty('barredFor');
		expect(ending).toMatchObject({ outcome: 'timed_out' });
	});

	// It may run or be done: whether it took too long, nobody knows.
	it('while fal does not let it be read has not timed out', async () => {
		const { departure, ending, fal } = await see({ script: { status: () => rejected(403) } });
		expect(departure).toMatchObject({ kind: 'ended', barredFor: { statusCode: 403 } });
		expect(ending).toMatchObject({ outcome: 'unknown', failure: { statusCode: 403 } });
		expect(fal.sent('cancel')).toHaveLength(1);
	});

	it('while fal does not let it be read gives its result if it was done', async () => {
		const { ending } = await see({ script: { status: () => rejected(403), cancel: late } });
		expect(ending).toMatchObject({ outcome: 'completed' });
	});

	it('and that was done when fal was asked to cancel it ends as its result says', async () => {
		const script = { status: () => inProgress(), cancel: late };
		expect((await see({ script })).ending).toMatchObject({ outcome: 'completed' });
		const { ending } = await see({ script: { ...script, result: () => runnerLost } });
		expect(ending).toMatchObject({ outcome: 'failed', failure: { type: 'runner_disconnected' } });
	});

	it('and that our first cancel ended has timed out', async () => {
		const script = { status: () => inProgress(), cancel: late };
		const cancelled = rejected(499, { detail: 'Cancelled', error_type: 'client_cancelled' });
		const { ending } = await see({ script: { ...script, result: () => cancelled } });
		expect(ending).toMatchObject({ outcome: 'timed_out' });
	});

	it('and that somebody else cancelled failed', async () => {
		const cancelled = rejected(499, { detail: 'Cancelled', error_type: 'client_cancelled' });
		const { ending } = await see({ script: { result: () => cancelled } });
		expect(ending).toMatchObject({ outcome: 'failed', failure: { type: 'client_cancelled' } });
	});

	it('with Leave Running is left alone', async () => {
		const { fal, ending } = await see({
			cancelAbandoned: false,
			script: { status: () => inProgress() },
		});
		expect(fal.sent('cancel')).toEqual([]);
		expect(ending).toMatchObject({ failure: { message: expect.stringContaining('left running') } });
	});
});

it('an abandoned job says why, and what became of it', () => {
	const settings = { ...usualSettings(1), itemTimeout: 90_000 };
	expect(abandonment('stopped', 'requested', settings)).toEqual({
		outcome: 'cancelled',
		failure: {
			type: 'execution_stopped',
			message: expect.stringMatching(/^The execution was stopped while.*asked to cancel it/),
			retryable: false,
		},
	});
	expect(abandonment('deadline', 'not_heard', settings)).toEqual({
		outcome: 'timed_out',
		failure: {
			type: 'item_timeout',
			message: expect.stringMatching(/^The job was not done 90 seconds after.*could not be asked/),
			retryable: false,
		},
	});
});

it('a cancellation is told by its type or by its status', () => {
	const failure = { message: '', retryable: false };
	expect(isCancellation({ ...failure, type: 'client_cancelled' })).toBe(true);
	expect(isCancellation({ ...failure, type: 'x', statusCode: 499 })).toBe(true);
	expect(isCancellation({ ...failure, type: 'x', statusCode: 500 })).toBe(false);
});

describe('jobs that nobody will get', () => {
	const nameless = (index: number, status: 'IN_QUEUE' | 'COMPLETED'): EndedJob => ({
		...newJob({ model: 'a/b', input: {}, conditions: {} }, index),
		ending: { outcome: 'submitted', status },
		endedAt: 0,
	});
	const handedOut = (index: number, status: 'IN_QUEUE' | 'COMPLETED'): EndedJob => ({
		...nameless(index, status),
		handle: { requestId: `job-${index}`, model: 'a/b' },
	});

	it('are cancelled, those that are open and have an id', async () => {
		const { clock, fal, follower } = world();
		const failed: EndedJob = {
			...handedOut(3, 'IN_QUEUE'),
			ending: { outcome: 'unknown', failure: { type: 'x', message: '', retryable: false } },
		};
		const open = [handedOut(1, 'IN_QUEUE'), nameless(4, 'IN_QUEUE')];
		withdraw([...open, handedOut(2, 'COMPLETED'), failed], follower.settings, follower.watch);
		await clock.runUntil(clock.sleep(MINUTE));
		expect(fal.sent('cancel').map(({ of }) => of)).toEqual(['job-1']);
	});

	it('are cancelled a hundred at a time', async () => {
		const { clock, fal, follower } = world({ script: { latency: 1_000 } });
		const start = clock.now();
		withdraw(
			Array.from({ length: 150 }, (_, index) => handedOut(index, 'IN_QUEUE')),
			follower.settings,
			follower.watch,
		);
		await clock.runUntil(clock.sleep(MINUTE));
		expect(fal.sent('cancel').filter(({ at }) => at === start)).toHaveLength(100);
		expect(fal.sent('cancel')).toHaveLength(150);
	});
});
