/** Reading fal's request history: to its end if it can be had, and never for long if it can't. */
import { MINUTE, SECOND } from '../../../nodes/engine/clock';
import type { PastRequest } from '../../../nodes/engine/remembering/history';
import { NO_HISTORY, readHistory } from '../../../nodes/engine/remembering/history';
import { answered, lost, rejected, unreadable, unsent } from '../replies';
import { type HistoryScript, MODEL, past, ScriptedHistory } from '../scriptedHistory';
import { VirtualClock } from '../virtualClock';

interface Reading extends HistoryScript {
	/** Requests after which no other page is wanted. */
	readonly enough?: number;
	readonly stopAfter?: number;
}

async function read({ enough = Infinity, stopAfter, ...script }: Reading) {
	const clock = new VirtualClock();
	const start = clock.now();
	const history = new ScriptedHistory(clock, script);
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const taken: PastRequest[] = [];
	const failure = await clock.runUntil(
		readHistory(
			MODEL,
			start - MINUTE,
			{ history, clock, random: () => 0.5, signal: stop.signal },
			(requests) => {
				taken.push(...requests);
				return taken.length < enough;
			},
		),
	);
	return {
		failure,
		ids: taken.map(({ handle }) => handle.requestId),
		questions: history.questions,
		limits: history.questions.map(({ limit }) => limit),
		cursors: history.questions.map(({ cursor }) => cursor),
		waits: history.questions.map(({ at }) => at - start),
		elapsed: clock.now() - start,
		start,
	};
}

/** The same ones at each question. */
function requests(count: number) {
	let all: PastRequest[] | undefined;
	return (now: number) =>
		(all ??= Array.from({ length: count }, (_, i) => past({ id: `r${i}`, sentAt: now })));
}

/** Page after page without end. */
const endless = (size: number) => () =>
	answered({ requests: requests(size)(0), nextCursor: 'the same again' });

describe('reading', () => {
	it('asks for a model from a moment on, a hundred requests at a time', async () => {
		const { questions, failure, start } = await read({});
		expect(questions).toEqual([
			{ model: MODEL, since: start - MINUTE, cursor: undefined, limit: 100, at: start },
		]);
		expect(failure).toBeUndefined();
	});

	it('goes from page to page to the end', async () => {
		const { ids, questions, failure } = await read({ requests: requests(250) });
		expect(ids).toEqual(Array.from({ length: 250 }, (_, i) => `r${i}`));
		expect(questions.map(({ cursor }) => cursor)).toEqual([undefined, '2', '3']);
		expect(failure).toBeUndefined();
	});

	it('ends when enough was taken', async () => {
		const { ids, questions, failure } = await read({ requests: requests(250), enough: 150 });
		expect(ids).toHaveLength(200);
		expect(questions).toHaveLength(2);
		expect(failure).toBeUndefined();
	});
});

describe('a page that does not come', () => {
	it.each([
		{ what: 'lost', reply: lost },
		{ what: 'not sent', reply: unsent },
		{ what: '429', reply: rejected(429) },
		{ what: '408', reply: rejected(408) },
		{ what: '500', reply: rejected(500) },
		{ what: '503', reply: rejected(503) },
	])('($what) is asked for again after a while', async ({ reply }) => {
		const { ids, failure, waits } = await read({
			requests: requests(2),
			page: (call) => (call <= 3 ? reply : undefined),
		});
		expect(ids).toEqual(['r0', 'r1']);
		expect(failure).toBeUndefined();
		// Half of 1, 2 and 4 seconds.
		expect(waits).toEqual([0, 500, 1_500, 3_500]);
	});

	it('is asked for four times', async () => {
		const { failure, waits } = await read({ page: () => lost });
		expect(waits).toHaveLength(4);
		expect(failure).toEqual({
			type: 'history_not_read',
			message: 'the connection was reset',
			retryable: true,
		});
	});

	it('is asked for four times again when another one came in between', async () => {
		const { ids, failure } = await read({
			requests: requests(250),
			page: (call) => (call % 4 === 0 ? undefined : lost),
		});
		expect(ids).toHaveLength(250);
		expect(failure).toBeUndefined();
	});

	it('goes on where it was, and gives no request twice', async () => {
		const { ids, questions } = await read({
			requests: requests(150),
			page: (call) => (call === 2 ? lost : undefined),
		});
		expect(ids).toEqual(Array.from({ length: 150 }, (_, i) => `r${i}`));
		expect(questions.map(({ cursor }) => cursor)).toEqual([undefined, '2', '2']);
	});

	it.each([
		{ form: 'seconds', header: () => '20' },
		{ form: 'a date', header: (now: number) => new Date(now + 20_000).toUTCString() },
	])('comes not before fal wants to be asked again ($form)', async ({ header }) => {
		const start = new VirtualClock().now();
		const { waits, failure } = await read({
			page: (call) =>
				call === 1 ? rejected(429, undefined, { 'retry-after': header(start) }) : undefined,
		});
		expect(waits).toEqual([0, 20_000]);
		expect(failure).toBeUndefined();
	});

	it('is waited for a minute at the most', async () => {
		const asked = (seconds: string) =>
			read({
				page: (call) =>
					call === 1 ? rejected(503, undefined, { 'retry-after': seconds }) : undefined,
			});
		expect(await asked('60')).toMatchObject({ waits: [0, MINUTE], failure: undefined });
		expect(await asked('61')).toMatchObject({ waits: [0], failure: { statusCode: 503 } });
	});

	it.each([400, 401, 403, 404, 422])('for good (%i) is not asked for again', async (status) => {
		const { failure, waits } = await read({ page: () => rejected(status, { detail: 'No' }) });
		expect(waits).toEqual([0]);
		expect(failure).toMatchObject({ statusCode: status, message: 'No' });
	});
});

describe('a page that is too large', () => {
	const tooLarge = { ...unreadable, reason: 'the answer is too large', tooLarge: true };

	// fal's cursor is the number of a page: of smaller pages it would be another place, and what lies
	// between would be missed.
	it('is asked for in smaller pieces, from the beginning, and all of them', async () => {
		const { ids, limits, cursors, failure } = await read({
			requests: requests(230),
			page: (call, { limit }) => (call > 1 && limit > 10 ? tooLarge : undefined),
		});
		expect(limits.slice(0, 4)).toEqual([100, 100, 10, 10]);
		expect(cursors[2]).toBeUndefined();
		expect(new Set(limits.slice(2))).toEqual(new Set([10]));
		expect(new Set(ids).size).toBe(230);
		expect(failure).toBeUndefined();
	});

	it('although it holds a single request, is given up after four tries', async () => {
		const { failure, limits } = await read({ page: () => tooLarge });
		expect(limits).toEqual([100, 10, 1, 1, 1, 1]);
		expect(failure).toMatchObject({ type: 'history_not_read', message: tooLarge.reason });
	});
});

describe('a page that can’t be read', () => {
	it('for another reason is asked for as it was, four times', async () => {
		const { failure, limits } = await read({ page: () => unreadable });
		expect(limits).toEqual([100, 100, 100, 100]);
		expect(failure).toEqual({
			type: 'history_not_read',
			message: 'the answer is empty',
			retryable: true,
		});
	});
});

describe('a history without end', () => {
	it('is read up to fifty thousand requests', async () => {
		const { ids, failure } = await read({ page: endless(100) });
		expect(ids).toHaveLength(50_000);
		expect(failure).toEqual({
			type: 'history_too_long',
			message: 'only its latest 50000 requests were read',
			retryable: false,
		});
	});

	it('that was reached exactly is no trouble', async () => {
		const { failure, ids } = await read({ requests: requests(50_000) });
		expect(ids).toHaveLength(50_000);
		expect(failure).toBeUndefined();
	});

	it('of empty pages ends, too', async () => {
		const { failure } = await read({ page: endless(0) });
		expect(failure).toMatchObject({ type: 'history_too_long' });
	});

	// Each of them is within its own bounds: without one for all of them it would take a day.
	it('of which each page takes minutes is given up after ten of them', async () => {
		const { failure, elapsed, ids } = await read({
			latency: 30 * SECOND,
			page: (call) => (call % 3 === 0 ? endless(100)() : lost),
		});
		expect(failure).toMatchObject({ type: 'history_too_long' });
		expect(elapsed).toBeLessThan(11 * MINUTE);
		expect(ids.length).toBeGreaterThan(0);
	});
});

describe('a stop', () => {
	it('while it waits ends the reading at once, and is no trouble', async () => {
		const { elapsed, failure, waits } = await read({
			page: () => rejected(429, undefined, { 'retry-after': '30' }),
			stopAfter: 1_000,
		});
		expect({ elapsed, failure, waits }).toEqual({
			elapsed: 1_000,
			failure: undefined,
			waits: [0],
		});
	});

	it('between two pages leaves it at the first', async () => {
		const { ids, failure } = await read({
			requests: requests(250),
			latency: 1_000,
			stopAfter: 500,
		});
		expect(ids).toHaveLength(100);
		expect(failure).toBeUndefined();
	});

	it('before it asks nothing', async () => {
		const history = new ScriptedHistory(new VirtualClock());
		const reader = {
			history,
			clock: new VirtualClock(),
			random: () => 0,
			signal: AbortSignal.abort(),
		};
		expect(await readHistory(MODEL, 0, reader, () => true)).toBeUndefined();
		expect(history.questions).toEqual([]);
	});
});

it('no history at all can’t be read, and knows no input', async () => {
	const clock = new VirtualClock();
	const reader = {
		history: NO_HISTORY,
		clock,
		random: () => 0,
		signal: new AbortController().signal,
	};
	const failure = await clock.runUntil(readHistory(MODEL, 0, reader, () => true));
	expect(failure).toMatchObject({ message: 'it is not known where it is' });
	expect(NO_HISTORY.identityOf({ prompt: 'a' })).toBe('');
});
