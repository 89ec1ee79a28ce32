import { limitedCalls, limitedResults } from '../../../nodes/engine/following/limitedCalls';
import type { Transport } from '../../../nodes/engine/transport';
import { ScriptedFal } from '../scriptedFal';
import { VirtualClock } from '../virtualClock';

const submission = { model: 'a/b', input: {}, conditions: {} };

function limited(concurrency: number, limit: typeof limitedCalls = limitedCalls) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, { latency: 100 });
	const calls: Transport = limit(fal, concurrency);
	const sentAt = () => fal.calls.map(({ at }) => at - start);
	return { clock, fal, calls, sentAt };
}

it('calls beyond the limit wait for those before them, whatever their kind', async () => {
	const { clock, fal, calls, sentAt } = limited(2);
	const asked = [
		calls.submit(submission),
		calls.status({ requestId: 'job-1', model: 'a/b' }, { logs: true }),
		calls.result({ requestId: 'job-2', model: 'a/b' }),
		calls.cancel({ requestId: 'job-3', model: 'a/b' }),
		calls.status({ requestId: 'job-4', model: 'a/b' }, { logs: false }),
	];
	await clock.runUntil(Promise.all(asked));
	expect(sentAt()).toEqual([0, 0, 100, 100, 200]);
	expect(fal.calls.map(({ kind, of }) => `${kind} ${of}`)).toEqual([
		'submit a/b',
		'status job-1',
		'result job-2',
		'cancel job-3',
		'status job-4',
	]);
	expect(fal.logsAsked).toEqual([true, false]);
});

it('each call gets the answer that was meant for it', async () => {
	const { clock, calls } = limited(1);
	const handles = ['job-1', 'job-2'].map((requestId) => ({ requestId, model: 'a/b' }));
	const answers = await clock.runUntil(
		Promise.all(handles.map(async (handle) => await calls.result(handle))),
	);
	expect(answers).toMatchObject([
		{ body: { output: 'output of job-1' } },
		{ body: { output: 'output of job-2' } },
	]);
});

it('where results alone are limited, nothing else waits for them', async () => {
	const { clock, fal, calls, sentAt } = limited(1, limitedResults);
	const [one, two] = ['job-1', 'job-2'].map((requestId) => ({ requestId, model: 'a/b' }));
	const asked = [
		calls.result(one!),
		calls.result(two!),
		calls.submit(submission),
		calls.status(one!, { logs: true }),
		calls.cancel(two!),
	];
	const [first, second] = await clock.runUntil(Promise.all(asked));
	expect(fal.calls.map(({ kind, of }) => `${kind} ${of}`)).toEqual([
		'submit a/b',
		'status job-1',
		'cancel job-2',
		'result job-1',
		'result job-2',
	]);
	expect(sentAt()).toEqual([0, 0, 0, 0, 100]);
	expect(fal.logsAsked).toEqual([true]);
	expect([first, second]).toMatchObject([
		{ body: { output: 'output of job-1' } },
		{ body: { output: 'output of job-2' } },
	]);
});
