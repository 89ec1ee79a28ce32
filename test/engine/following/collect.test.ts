/** What is believed of the answers to the result call, and for how long they are asked for. */
import { readToldFailure } from '../../../nodes/engine/failure';
import { collect, type ResultPatience } from '../../../nodes/engine/following/collect';
import type { Followed, Watch } from '../../../nodes/engine/following/follow';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import { UnreadResults } from '../../../nodes/engine/following/unreadResults';
import type { Reply, Result } from '../../../nodes/engine/transport';
import {
	answered,
	lost,
	output,
	promptMissing,
	rejected,
	runnerLost,
	unreadable,
	unsent,
} from '../replies';
import { inTurn, type Script, ScriptedFal } from '../scriptedFal';
import { seeded } from '../simulatedFal';
import { VirtualClock } from '../virtualClock';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Setting {
	readonly script?: Script;
	/** Milliseconds that are left of the Item Timeout. */
	readonly left?: number;
	/** What the status said of a failure. */
	readonly told?: { readonly error?: string; readonly errorType?: string };
	readonly patience?: ResultPatience;
	readonly stopAfter?: number;
	readonly random?: () => number;
	readonly unread?: UnreadResults;
}

function collecting({ script, left = HOUR, told, patience, stopAfter, random, unread }: Setting) {
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, script);
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const watch: Watch = {
		transport: fal,
		clock,
		random: random ?? (() => 0.999),
		signal: stop.signal,
		schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
		includeLogs: false,
		...(unread && { unread }),
	};
	const job: Followed = {
		handle: { requestId: 'job-1', model: 'fal-ai/flux/dev' },
		since: start,
		lastWaiting: start,
		deadline: start + left,
		logs: [],
	};
	const failure = told && readToldFailure(told);
	return {
		fal,
		at: (ms: number, ring: () => void) => clock.at(start + ms, ring),
		elapsed: () => clock.now() - start,
		collected: async () => await clock.runUntil(collect(job, watch, failure, patience)),
	};
}

/** fal gives this for so many milliseconds, and then the result. */
async function lasting(reply: Reply<Result>, ms: number, setting: Setting = {}) {
	let elapsed = () => 0;
	const script = { result: () => (elapsed() < ms ? reply : output('a cat')) };
	const story = collecting({ ...setting, script });
	elapsed = story.elapsed;
	return { ...story, outcome: await story.collected() };
}

const html = (status: number) => rejected(status, undefined, { 'content-type': 'text/html' });
const needsRetry = { 'x-fal-needs-retry': '1' };
const notFound = rejected(404, { status: 'NOT_FOUND' });
const broke = { detail: 'Internal Server Error' };

it('gives what fal gives', async () => {
	const { collected } = collecting({
		script: { result: () => answered({ output: { images: [] }, billableUnits: 1.5 }) },
	});
	expect(await collected()).toEqual({
		kind: 'output',
		result: { output: { images: [] }, billableUnits: 1.5 },
	});
});

const passing: Array<{ trouble: string; reply: Reply<Result> }> = [
	{ trouble: '429', reply: rejected(429) },
	{ trouble: '429 with fal’s mark', reply: rejected(429, { detail: 'Too many' }, needsRetry) },
	{ trouble: '408', reply: rejected(408) },
	{ trouble: '503', reply: rejected(503) },
	{ trouble: '503 with fal’s mark', reply: rejected(503, undefined, needsRetry) },
	{ trouble: '500 of an app', reply: rejected(500, broke) },
	{ trouble: '500 of an app with fal’s mark', reply: rejected(500, broke, needsRetry) },
	{ trouble: '502, a page', reply: html(502) },
	{ trouble: 'a gateway’s JSON', reply: rejected(503, { message: 'no healthy upstream' }) },
	{ trouble: 'a redirect', reply: rejected(302, undefined, { location: 'https://login' }) },
	{ trouble: '400, a page', reply: html(400) },
	{ trouble: '403, a page', reply: html(403) },
	{ trouble: '422, a page', reply: html(422) },
	{ trouble: '401', reply: rejected(401, { detail: 'No user found' }) },
	{ trouble: '403', reply: rejected(403, { detail: 'Forbidden' }) },
	{ trouble: '404', reply: notFound },
	{ trouble: '405', reply: rejected(405, '405: Method Not Allowed') },
	{ trouble: '400 in a sentence', reply: rejected(400, { detail: 'Bad image' }) },
	{ trouble: 'an empty 4xx', reply: rejected(409) },
	{ trouble: 'no JSON', reply: unreadable },
	{
		trouble: 'that it is in progress',
		reply: rejected(400, { detail: 'Request is still in progress' }),
	},
	{ trouble: '202', reply: answered({ output: {} }, 202) },
	{ trouble: 'a lost connection', reply: lost },
	{ trouble: 'a refused connection', reply: unsent },
];

describe.each(passing)('$trouble', ({ reply }) => {
	// Today's figures before this was counted in time: 3, 11, 36, 80 of 100 were given up.
	it.each([1, 3 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 6 * MINUTE])(
		'that lasts for %d ms does not cost the result',
		async (ms) => {
			for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
				const { outcome } = await lasting(reply, ms, { random: seeded(seed) });
				expect(outcome).toMatchObject({ kind: 'output', result: { output: 'a cat' } });
			}
		},
	);

	it('that lasts for ever ends it, after a bounded number of reads', async () => {
		const { collected, fal, elapsed } = collecting({
			script: { result: () => reply },
			random: seeded(7),
		});
		expect(['unavailable', 'error']).toContain((await collected()).kind);
		expect(elapsed()).toBeGreaterThanOrEqual(6 * MINUTE);
		expect(elapsed()).toBeLessThanOrEqual(HOUR);
		expect(fal.sent('result').length).toBeLessThan(elapsed() <= 6 * MINUTE ? 50 : 350);
	});
});

describe('answers that are no result', () => {
	it.each([
		{ answer: 'an unreadable one', reply: unreadable, type: 'unreadable_answer' },
		{ answer: '404', reply: notFound, type: 'not_found' },
		{ answer: '401', reply: rejected(401), type: 'unauthorized' },
		{ answer: '403', reply: rejected(403), type: 'forbidden' },
		{ answer: 'a redirect', reply: rejected(307), type: 'request_rejected' },
	])('$answer holds nobody for the Item Timeout, but for six minutes', async ({ reply, type }) => {
		const { collected, elapsed } = collecting({ script: { result: () => reply } });
		expect(await collected()).toMatchObject({
			kind: 'unavailable',
			failure: { type, retryable: false },
		});
		expect(elapsed()).toBe(6 * MINUTE);
	});

	it('after an outage have their own six minutes', async () => {
		const start = new VirtualClock().now();
		let elapsed = () => 0;
		const script: Script = {
			result: () => {
				if (elapsed() < 55 * MINUTE) return lost;
				return elapsed() < 60 * MINUTE ? notFound : output('a cat');
			},
		};
		const story = collecting({ script });
		elapsed = story.elapsed;
		expect(start).toBeGreaterThan(0);
		expect(await story.collected()).toMatchObject({ kind: 'output' });
	});

	it('that take turns do not go on for ever', async () => {
		const replies = [notFound, unreadable, rejected(500, broke), promptless, html(403)];
		const { collected, elapsed } = collecting({
			script: { result: (call) => replies[call % replies.length] },
		});
		expect(await collected()).toMatchObject({ kind: 'unavailable' });
		expect(elapsed()).toBe(6 * MINUTE);
	});

	// One download more, in case the first was somebody else's page; it will not get smaller.
	it('that are too large are asked for twice', async () => {
		const tooLarge = { ...unreadable, reason: 'the answer is larger than 32 MB', tooLarge: true };
		const { collected, fal, elapsed } = collecting({ script: { result: () => tooLarge } });
		expect(await collected()).toEqual({
			kind: 'unavailable',
			failure: {
				type: 'unreadable_answer',
				message: 'the answer is larger than 32 MB',
				statusCode: 200,
				retryable: false,
			},
			unreached: false,
		});
		expect(fal.sent('result')).toHaveLength(2);
		expect(elapsed()).toBe(5 * SECOND);
	});

	// The job is done, and its item waits for nothing else.
	it('are asked for again soon, all but those that are too large', async () => {
		const { fal, collected } = collecting({
			script: { result: inTurn(notFound, output('a cat')) },
		});
		await collected();
		const [first, second] = fal.sent('result').map(({ at }) => at);
		expect(second! - first!).toBe(999);
	});

	it('are asked for no sooner than fal wants, not even where the patience is over before', async () => {
		const later = rejected(404, { status: 'NOT_FOUND' }, { 'retry-after': '500' });
		const { fal, collected, elapsed } = collecting({ script: { result: () => later } });
		expect(await collected()).toMatchObject({ kind: 'unavailable' });
		expect(fal.sent('result')).toHaveLength(2);
		expect(elapsed()).toBe(500 * SECOND);
	});
});

/** With it the batch judges whether results can be read at all before it pays for more. */
describe('the count of results that can’t be read', () => {
	async function counted(setting: Setting) {
		const unread = new UnreadResults(1, () => {});
		const story = collecting({ ...setting, unread });
		let midway = Number.NaN;
		story.at(MINUTE, () => (midway = unread.count));
		await story.collected();
		return { midway, after: unread.count, mayFindOut: unread.allowOneMore(0) };
	}

	it('has those that were missed, and knows that they were given up', async () => {
		const seen = await counted({ script: { result: () => notFound } });
		expect(seen).toEqual({ midway: 1, after: 1, mayFindOut: true });
	});

	it.each([
		{ what: 'a result', reply: output('a cat') },
		{ what: 'a job’s own error', reply: promptMissing },
		{ what: 'one that is too large', reply: { ...unreadable, tooLarge: true } },
	])('is empty after $what: fal did answer', async ({ reply }) => {
		const unread = new UnreadResults(1, () => {});
		unread.giveUp({});
		await collecting({ unread, script: { result: () => reply } }).collected();
		expect(unread.count).toBe(0);
	});

	// What can't be had of it would have been an explanation, and nothing that was paid for.
	it('has no job of which the status told that it failed', async () => {
		const told = { error: 'It broke', errorType: 'internal_error' };
		const seen = await counted({ told, script: { result: () => lost } });
		expect(seen).toMatchObject({ midway: 0, after: 0 });
	});

	it('has none that nobody waits for any more', async () => {
		const seen = await counted({ stopAfter: 2 * MINUTE, script: { result: () => lost } });
		expect(seen).toMatchObject({ midway: 1, after: 0 });
	});
});

/** A job's own error whose explanation got lost on its way. */
const promptless = rejected(422, undefined, { 'x-fal-error-type': 'content_policy_violation' });

const serviceBusy = rejected(429, { detail: 'Too many', error_type: 'downstream_service_error' });

describe('a fal that is not there', () => {
	it.each([
		{ trouble: 'no connection', reply: lost, type: 'no_answer' },
		{ trouble: '429', reply: rejected(429), type: 'too_many_requests' },
	])('$trouble is waited out until the deadline', async ({ reply, type }) => {
		const { collected, elapsed } = collecting({ script: { result: () => reply } });
		expect(await collected()).toMatchObject({
			kind: 'unavailable',
			failure: { type, retryable: false },
			unreached: true,
		});
		expect(elapsed()).toBe(HOUR);
	});

	// The work is paid for, and asking costs nothing.
	it('is waited out for six minutes although the job ended at its deadline', async () => {
		const { outcome } = await lasting(lost, 6 * MINUTE, { left: SECOND });
		expect(outcome).toMatchObject({ kind: 'output' });
	});

	it('Retry-After is kept to', async () => {
		const { collected, elapsed } = collecting({
			random: () => 0,
			script: { result: inTurn(rejected(429, undefined, { 'retry-after': '45' }), output(1)) },
		});
		await collected();
		expect(elapsed()).toBe(45_000);
	});

	it('a Retry-After beyond all patience does not cost the result', async () => {
		const { collected } = collecting({
			left: SECOND,
			script: {
				result: inTurn(rejected(429, undefined, { 'retry-after': '500' }), output('a cat')),
			},
		});
		expect(await collected()).toMatchObject({ kind: 'output' });
	});
});

describe('the job’s own error', () => {
	it.each([
		{ error: 'field errors', reply: promptMissing },
		{ error: 'a sentence, with 422', reply: rejected(422, { detail: 'Bad image' }) },
		{
			error: 'a bad request',
			reply: rejected(400, { detail: 'Bad image', error_type: 'bad_request' }),
		},
		{
			error: 'fal’s start timeout',
			reply: rejected(
				504,
				{ detail: 'Timed out', error_type: 'request_timeout' },
				{ 'x-fal-request-timeout-type': 'user' },
			),
		},
	])('$error is believed at once: it is not generated again', async ({ reply }) => {
		const { collected, fal } = collecting({ script: { result: () => reply } });
		expect(await collected()).toMatchObject({ kind: 'error', failure: { retryable: false } });
		expect(fal.sent('result')).toHaveLength(1);
	});

	// It would be generated, and paid for, again.
	it.each([
		{ error: 'of fal’s machinery', reply: runnerLost },
		{ error: 'of a service behind the model', reply: serviceBusy },
	])(
		'$error, which may pass, is believed when it stays and the status told of none',
		async ({ reply }) => {
			const passed = await lasting(reply, 2 * MINUTE);
			expect(passed.outcome).toMatchObject({ kind: 'output' });
			const { collected, elapsed } = collecting({ script: { result: () => reply } });
			expect(await collected()).toMatchObject({ kind: 'error', failure: { retryable: true } });
			expect(elapsed()).toBe(2.5 * MINUTE);
		},
	);

	it('that the status told is believed at once, whatever its shape', async () => {
		const told = { error: 'It broke', errorType: 'internal_error' };
		for (const reply of [runnerLost, rejected(500, broke), promptless]) {
			const { collected, fal } = collecting({ told, script: { result: () => reply } });
			expect(await collected()).toMatchObject({ kind: 'error' });
			expect(fal.sent('result')).toHaveLength(1);
		}
	});

	it.each([
		{ answer: 'a 404', reply: notFound },
		{ answer: 'a page', reply: html(502) },
		{ answer: 'nothing', reply: lost },
	])('is what the status told, where its result stays $answer', async ({ reply }) => {
		const told = { error: 'The runner disconnected', errorType: 'runner_disconnected' };
		const { collected, elapsed } = collecting({ told, script: { result: () => reply } });
		expect(await collected()).toEqual({
			kind: 'error',
			failure: { type: 'runner_disconnected', message: told.error, retryable: true },
		});
		expect(elapsed()).toBe(6 * MINUTE);
	});

	it('that the status told is none where there is a result after all', async () => {
		const { collected } = collecting({ told: { error: 'It broke' } });
		expect(await collected()).toMatchObject({ kind: 'output' });
	});

	it('in a shape that a gateway has, too, is believed when it stays', async () => {
		const { collected, elapsed } = collecting({ script: { result: () => rejected(500, broke) } });
		expect(await collected()).toMatchObject({
			kind: 'error',
			failure: { message: 'Internal Server Error', statusCode: 500 },
		});
		expect(elapsed()).toBe(6 * MINUTE);
	});

	it('whose explanation got lost on its way is asked for again', async () => {
		const { collected, fal } = collecting({
			script: { result: inTurn<never>(promptless, promptMissing) },
		});
		expect(await collected()).toMatchObject({
			kind: 'error',
			failure: { message: 'prompt: Field required' },
		});
		expect(fal.sent('result')).toHaveLength(2);
		expect(await collecting({ script: { result: () => promptless } }).collected()).toMatchObject({
			kind: 'error',
			failure: { type: 'content_policy_violation' },
		});
	});
});

it('a stop ends it, while it waits as well as while it asks', async () => {
	const waiting = collecting({ stopAfter: 500, script: { result: () => lost } });
	expect(await waiting.collected()).toEqual({ kind: 'stopped' });
	expect(waiting.elapsed()).toBe(500);
	const asking = collecting({ stopAfter: 500, script: { latency: 600 } });
	expect(await asking.collected()).toEqual({ kind: 'stopped' });
});

it('a stop while it waits is the end of the asking', async () => {
	const { collected, fal } = collecting({ stopAfter: 500, script: { result: () => lost } });
	await collected();
	expect(fal.sent('result')).toHaveLength(1);
});
