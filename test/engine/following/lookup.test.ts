import type { Failure } from '../../../nodes/engine/failure';
import { areAllDone } from '../../../nodes/engine/following/allDone';
import { lookOnce, lookUntilDone } from '../../../nodes/engine/following/lookup';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import {
	completed,
	inProgress,
	inQueue,
	lost,
	promptMissing,
	rejected,
	unreadable,
} from '../replies';
import { inTurn, type Script, ScriptedFal } from '../scriptedFal';
import { seeded } from '../simulatedFal';
import { VirtualClock } from '../virtualClock';

const handle = { requestId: 'job-1', model: 'a/b' };

function lookingAt(script: Script = {}, stopAfter?: number, random = seeded(5)) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, script);
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const watch = {
		transport: fal,
		clock,
		random,
		signal: stop.signal,
		schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
		includeLogs: true,
	};
	return {
		fal,
		elapsed: () => clock.now() - start,
		once: async () => await clock.runUntil(lookOnce(handle, watch)),
		untilDone: async (maxWait: number) =>
			await clock.runUntil(lookUntilDone(handle, start, start + maxWait, watch)),
		allDone: async (ids: string[], atOnce?: number, hearRefusal?: (failure: Failure) => void) => {
			const handles = ids.map((requestId) => ({ requestId, model: 'a/b' }));
			const asking = { ...(atOnce && { atOnce }), ...(hearRefusal && { hearRefusal }) };
			return await clock.runUntil(areAllDone(handles, watch, asking));
		},
		/** Seconds after the start at which fal was asked. */
		askedAt: () => fal.sent('status').map(({ at }) => (at - start) / 1_000),
	};
}

describe('one look', () => {
	it('at a job that is done gives its result', async () => {
		const logs = [{ message: 'done' }];
		const { once } = lookingAt({ status: () => completed(2, logs) });
		expect(await once()).toEqual({
			kind: 'ended',
			ending: { outcome: 'completed', output: 'output of job-1', inferenceTime: 2, logs },
		});
	});

	it('at a job that failed gives its error', async () => {
		const { once } = lookingAt({ result: () => promptMissing });
		expect(await once()).toMatchObject({
			kind: 'ended',
			ending: { outcome: 'failed', failure: { message: 'prompt: Field required' } },
		});
	});

	it('at a job that is not done tells where it is, and waits for nothing', async () => {
		const { once, elapsed, fal } = lookingAt({ status: () => inQueue(7) });
		expect(await once()).toMatchObject({ kind: 'pending', status: 'IN_QUEUE', queuePosition: 7 });
		expect(elapsed()).toBe(0);
		expect(fal.calls).toHaveLength(1);
	});

	it('that fal bars ends as unknown, when it still does after ten seconds', async () => {
		const { once, elapsed } = lookingAt({ status: () => rejected(404, { status: 'NOT_FOUND' }) });
		expect(await once()).toMatchObject({
			kind: 'ended',
			ending: { outcome: 'unknown', failure: { type: 'not_found' } },
		});
		expect(elapsed()).toBe(10_000);
	});

	it.each([
		{ answer: 'a 404', reply: rejected(404, { status: 'NOT_FOUND' }) },
		{ answer: 'a page of a proxy', reply: rejected(403) },
	])('$answer in passing is looked at again', async ({ reply }) => {
		const { once } = lookingAt({ status: (call) => (call <= 2 ? reply : undefined) });
		expect(await once()).toMatchObject({ kind: 'ended', ending: { outcome: 'completed' } });
	});

	it('that meets nothing but pages leaves the job pending', async () => {
		const { once } = lookingAt({ status: () => rejected(403) });
		expect(await once()).toMatchObject({ kind: 'pending', failure: { type: 'not_seen' } });
	});

	it('that goes wrong in passing is tried again', async () => {
		const { once } = lookingAt({ status: inTurn(lost, rejected(503), completed()) });
		expect(await once()).toMatchObject({ kind: 'ended', ending: { outcome: 'completed' } });
	});

	// To call it failed could mean to pay for it again.
	it.each([
		{ what: 'no answer', reply: lost, says: 'the connection was reset' },
		{ what: '503', reply: rejected(503), says: 'HTTP status 503' },
	])('that goes wrong ($what) and again leaves the job pending', async ({ reply, says }) => {
		const { once, fal } = lookingAt({ status: () => reply });
		expect(await once()).toMatchObject({
			kind: 'pending',
			failure: { type: 'not_seen', message: expect.stringContaining(says) },
		});
		expect(fal.calls).toHaveLength(3);
	});

	// "IN_QUEUE" would be invented: it is done.
	it('whose result could not be read before a stop leaves the job pending, and says why', async () => {
		const { once } = lookingAt({ result: () => lost }, 2_000);
		expect(await once()).toEqual({
			kind: 'pending',
			logs: [],
			failure: {
				type: 'result_not_read',
				message: expect.stringContaining('the execution was stopped. Ask for it again.'),
				retryable: false,
			},
		});
	});

	it('whose result can’t be had for a minute leaves the job pending', async () => {
		const { once, elapsed } = lookingAt({ result: () => lost });
		expect(await once()).toMatchObject({ kind: 'pending', failure: { type: 'result_not_read' } });
		expect(elapsed()).toBe(60_000);
	});

	it('whose result is an odd answer for a minute ends as unknown', async () => {
		const { once, elapsed } = lookingAt({ result: () => unreadable });
		expect(await once()).toMatchObject({ kind: 'ended', ending: { outcome: 'unknown' } });
		expect(elapsed()).toBe(60_000);
	});

	it('asks for the logs where they are wanted', async () => {
		const { once, fal } = lookingAt();
		expect(await once()).toStrictEqual({
			kind: 'ended',
			ending: { outcome: 'completed', output: 'output of job-1', logs: [] },
		});
		expect(fal.logsAsked).toEqual([true]);
	});

	it('is not repeated after a stop', async () => {
		const { once, fal } = lookingAt({ status: () => lost, latency: 200 }, 100);
		expect(await once()).toMatchObject({ kind: 'pending', failure: { type: 'not_seen' } });
		expect(fal.calls).toHaveLength(1);
	});

	it('is repeated when fal says so, unless that is a long time from now', async () => {
		const pause = (seconds: string) => rejected(429, undefined, { 'retry-after': seconds });
		const short = lookingAt({ status: inTurn(pause('30'), completed()) });
		expect(await short.once()).toMatchObject({ kind: 'ended' });
		expect(short.elapsed()).toBe(30_000);
		const long = lookingAt({ status: inTurn(pause('31'), completed()) });
		expect(await long.once()).toMatchObject({ kind: 'pending' });
		expect(long.elapsed()).toBe(0);
	});

	it('whose result fal does not know any more ends as unknown', async () => {
		const { once, elapsed } = lookingAt({ result: () => rejected(404, { status: 'NOT_FOUND' }) });
		expect(await once()).toMatchObject({ ending: { outcome: 'unknown' } });
		expect(elapsed()).toBe(10_000);
	});
});

describe('looking until a job is done', () => {
	it('begins at once: it may be done already', async () => {
		const { untilDone, elapsed } = lookingAt();
		expect(await untilDone(60_000)).toMatchObject({ ending: { outcome: 'completed' } });
		expect(elapsed()).toBe(0);
	});

	it('gives the result when it is done', async () => {
		const { untilDone } = lookingAt({ status: inTurn(inQueue(1), inProgress(), completed(1)) });
		expect(await untilDone(60_000)).toMatchObject({
			kind: 'ended',
			ending: { outcome: 'completed', inferenceTime: 1 },
		});
	});

	it.each([
		{ last: inProgress(), found: { status: 'IN_PROGRESS' } },
		{ last: inQueue(3), found: { status: 'IN_QUEUE', queuePosition: 3 } },
	])('tells how it was last seen when the time is over: $found', async ({ last, found }) => {
		const { untilDone, elapsed, fal } = lookingAt({ status: () => last });
		expect(await untilDone(60_000)).toStrictEqual({ kind: 'pending', logs: [], ...found });
		expect(elapsed()).toBe(60_000);
		expect(fal.sent('cancel')).toEqual([]);
	});

	it('tells how it was last seen when the execution is stopped', async () => {
		const { untilDone, elapsed } = lookingAt({ status: () => inProgress() }, 5_000);
		expect(await untilDone(60_000)).toMatchObject({ kind: 'pending', status: 'IN_PROGRESS' });
		expect(elapsed()).toBe(5_000);
	});

	// Nothing of the job was seen: "IN_QUEUE" would be invented.
	it('tells that nothing is known where fal could not be reached, and why', async () => {
		const { untilDone } = lookingAt({ status: () => lost });
		expect(await untilDone(60_000)).toEqual({
			kind: 'pending',
			logs: [],
			failure: {
				type: 'not_seen',
				message: expect.stringContaining('the connection was reset'),
				retryable: false,
			},
		});
	});

	it('tells that nothing was asked where the execution was stopped before', async () => {
		const { untilDone } = lookingAt({ status: () => lost, latency: 100 }, 50);
		expect(await untilDone(60_000)).toMatchObject({ failure: { type: 'not_seen' } });
	});

	it('Max Wait stands, whatever signs of life the job gives', async () => {
		const { untilDone, elapsed } = lookingAt({ status: (call) => inQueue(1_000 - call) });
		expect(await untilDone(60_000)).toMatchObject({ status: 'IN_QUEUE' });
		expect(elapsed()).toBe(60_000);
	});

	it('ends as unknown when fal does not know the job', async () => {
		const { untilDone } = lookingAt({ status: () => rejected(404, { status: 'NOT_FOUND' }) });
		expect(await untilDone(60_000)).toMatchObject({ ending: { outcome: 'unknown' } });
	});
});

describe('whether all jobs are done', () => {
	const ids = Array.from({ length: 20 }, (_, number) => `job-${number}`);

	it('yes, when each of them is; all are asked about', async () => {
		const { allDone, fal } = lookingAt();
		expect(await allDone(ids)).toBe(true);
		expect(fal.calls.map(({ of }) => of).sort()).toEqual([...ids].sort());
	});

	it('yes, when those that are not done will never be', async () => {
		const gone = rejected(404, { status: 'NOT_FOUND' });
		const { allDone } = lookingAt({
			status: (_, { requestId }) => (requestId === 'job-3' ? gone : undefined),
		});
		expect(await allDone(ids)).toBe(true);
	});

	it('no at the first that is not, and the others are not asked about', async () => {
		const { allDone, fal } = lookingAt({
			status: (call) => (call === 3 ? inProgress() : undefined),
		});
		expect(await allDone(ids)).toBe(false);
		expect(fal.calls).toHaveLength(3);
	});

	it.each([
		{ answer: 'a page of a proxy', reply: rejected(403) },
		{ answer: 'a refused key', reply: rejected(401, { detail: 'No user found' }) },
	])('no, when all that is heard of one is $answer', async ({ reply }) => {
		const { allDone } = lookingAt({ status: () => reply });
		expect(await allDone(['job-1'])).toBe(false);
	});

	it('a 404 in passing does not count as done', async () => {
		const gone = rejected(404, { status: 'NOT_FOUND' });
		const { allDone } = lookingAt({ status: inTurn(gone, inProgress()) });
		expect(await allDone(['job-1'])).toBe(false);
	});

	// One after the other, a thousand requests took 95 seconds.
	it('a thousand are asked about within seconds, never more at once than allowed', async () => {
		let open = 0;
		let most = 0;
		const { allDone, elapsed, fal } = lookingAt({
			latency: 100,
			status: () => {
				most = Math.max(most, ++open);
				queueMicrotask(() => (open = 0));
				return undefined;
			},
		});
		expect(
			await allDone(
				Array.from({ length: 1_000 }, (_, i) => `job-${i}`),
				20,
			),
		).toBe(true);
		expect(fal.calls).toHaveLength(1_000);
		expect(elapsed()).toBeLessThan(6_000);
		expect(most).toBeLessThanOrEqual(20);
	});

	it('one is asked about first, then two at once, then four, as far as allowed', async () => {
		const { allDone, askedAt } = lookingAt({ latency: 1_000 });
		await allDone(ids, 5);
		expect(askedAt()).toEqual([
			0,
			1,
			1,
			2,
			2,
			2,
			2,
			...Array<number>(5).fill(3),
			...Array<number>(5).fill(4),
			5,
			5,
			5,
		]);
	});

	it('no, when fal could not be asked seven times', async () => {
		const { allDone, fal } = lookingAt({ status: () => lost });
		expect(await allDone(['job-1'])).toBe(false);
		expect(fal.calls).toHaveLength(7);
	});

	it('yes, when fal could be asked the seventh time', async () => {
		const { allDone } = lookingAt({ status: (call) => (call < 7 ? rejected(503) : undefined) });
		expect(await allDone(['job-1'])).toBe(true);
	});

	it('the answers of a proxy are no reason to go on asking', async () => {
		const { allDone, fal } = lookingAt({ status: () => rejected(403) });
		expect(await allDone(['job-1'])).toBe(false);
		expect(fal.calls).toHaveLength(7);
	});

	it('a stop is one to end', async () => {
		const { allDone, fal, elapsed } = lookingAt({ status: () => lost }, 100);
		expect(await allDone(['job-1'])).toBe(false);
		expect(fal.calls).toHaveLength(2);
		expect(elapsed()).toBe(100);
	});

	it('fal’s word is believed after ten seconds, however often it was asked by then', async () => {
		const gone = rejected(404, { status: 'NOT_FOUND' });
		for (const dice of [0, 0.999]) {
			const { allDone, askedAt, fal } = lookingAt({ status: () => gone }, undefined, () => dice);
			expect(await allDone(['job-1'])).toBe(true);
			expect(askedAt().at(-1)).toBe(10);
			expect(new Set(fal.logsAsked)).toEqual(new Set([false]));
		}
	});

	it('that the key is refused is told, and nothing else is', async () => {
		const refused: (number | undefined)[] = [];
		const hear = ({ statusCode }: Failure) => refused.push(statusCode);
		const said = (status: number) =>
			lookingAt({ status: () => rejected(status, { detail: 'No' }) });
		expect(await said(404).allDone(['job-1'], 1, hear)).toBe(true);
		expect(refused).toEqual([]);
		expect(await said(401).allDone(['job-1'], 1, hear)).toBe(false);
		expect(refused).toEqual([401]);
	});

	it('of none are', async () => {
		expect(await lookingAt().allDone([])).toBe(true);
	});

	it('asks in another order each time', async () => {
		const { allDone, fal } = lookingAt();
		await allDone(ids);
		await allDone(ids);
		const asked = fal.calls.map(({ of }) => of);
		expect(asked.slice(0, 20)).not.toEqual(ids);
		expect(asked.slice(20)).not.toEqual(asked.slice(0, 20));
	});

	it('of two, each is asked about first as often as the other', async () => {
		const { allDone, fal } = lookingAt();
		for (let time = 0; time < 100; time++) await allDone(['job-1', 'job-2']);
		const firsts = fal.calls.filter((_, call) => call % 2 === 0);
		const count = firsts.filter(({ of }) => of === 'job-1').length;
		expect(count).toBeGreaterThan(30);
		expect(count).toBeLessThan(70);
	});
});
