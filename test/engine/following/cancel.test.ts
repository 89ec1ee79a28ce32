import { askToCancel, cancelJob } from '../../../nodes/engine/following/cancel';
import { answered, lost, rejected, unreadable, unsent } from '../replies';
import { inTurn, type Script, ScriptedFal } from '../scriptedFal';
import { VirtualClock } from '../virtualClock';

const handle = { requestId: 'job-1', model: 'a/b' };
const asked = answered('CANCELLATION_REQUESTED' as const, 202);

/** @param dice almost 1 makes every pause as long as it can be */
function cancelling(cancel: Script['cancel'], dice = 0.999_999) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, { cancel });
	return {
		fal,
		/** Seconds after the start at which fal was asked. */
		askedAt: () => fal.sent('cancel').map(({ at }) => Math.round((at - start) / 100) / 10),
		outcome: async () => await clock.runUntil(cancelJob(handle, fal, clock, () => dice)),
		reply: async () => await clock.runUntil(askToCancel(handle, fal, clock, () => dice)),
	};
}

it.each([
	['CANCELLATION_REQUESTED', 'requested'],
	['ALREADY_COMPLETED', 'finished'],
	['NOT_FOUND', 'requested'],
] as const)('fal is asked once, and says %s', async (verdict, outcome) => {
	const story = cancelling(() => answered(verdict));
	expect(await story.outcome()).toBe(outcome);
	expect(story.fal.sent('cancel')).toMatchObject([{ of: 'job-1' }]);
});

const passing = [
	{ what: 'no answer', reply: lost },
	{ what: 'a refused connection', reply: unsent },
	{ what: 'half an answer', reply: unreadable },
	{ what: '408', reply: rejected(408) },
	{ what: '429', reply: rejected(429) },
	{ what: '500', reply: rejected(500) },
	{ what: '503', reply: rejected(503) },
];

it.each(passing)('$what is asked again, at growing distances', async ({ reply }) => {
	const story = cancelling(inTurn(reply, reply, reply, asked));
	expect(await story.outcome()).toBe('requested');
	expect(story.askedAt()).toEqual([0, 0.5, 1.5, 3.5]);
});

// Whoever stops an execution waits for this.
it.each(passing)('$what four times is enough', async ({ reply }) => {
	const story = cancelling(() => reply);
	expect(await story.outcome()).toBe('not_heard');
	expect(story.fal.sent('cancel')).toHaveLength(4);
});

it.each([400, 401, 403, 404, 422, 499])('a %s will not change', async (status) => {
	const story = cancelling(() => rejected(status));
	expect(await story.outcome()).toBe('not_heard');
	expect(story.fal.sent('cancel')).toHaveLength(1);
});

it('pauses are by chance, so that a thousand jobs are not cancelled in step', async () => {
	const story = cancelling(inTurn(lost, lost, asked), 0.5);
	await story.outcome();
	expect(story.askedAt()).toEqual([0, 0.3, 0.8]);
});

it('a pause that fal asks for is kept, up to half a minute', async () => {
	const pause = (seconds: string) => rejected(429, undefined, { 'retry-after': seconds });
	const short = cancelling(inTurn(pause('30'), asked));
	expect(await short.outcome()).toBe('requested');
	expect(short.askedAt()).toEqual([0, 30]);
	const long = cancelling(inTurn(pause('31'), asked));
	expect(await long.outcome()).toBe('not_heard');
	expect(long.askedAt()).toEqual([0]);
});

it('tells what fal said, or why it could not be asked', async () => {
	expect(await cancelling(() => answered('NOT_FOUND')).reply()).toMatchObject({
		body: 'NOT_FOUND',
	});
	expect(await cancelling(inTurn<never>(lost, rejected(404))).reply()).toMatchObject({
		status: 404,
	});
	expect(await cancelling(() => lost).reply()).toBe(lost);
});
