/** Which request of fal's history is the one whose id never arrived, and how long it is looked for. */
import { MINUTE, SECOND } from '../../../nodes/engine/clock';
import type { PastRequest } from '../../../nodes/engine/remembering/history';
import {
	LostSubmits,
	type Search,
	type SentSubmit,
} from '../../../nodes/engine/remembering/lostSubmits';
import { lost, rejected } from '../replies';
import { type HistoryScript, MODEL, past, ScriptedHistory } from '../scriptedHistory';
import { VirtualClock } from '../virtualClock';

interface Lost {
	readonly prompt?: string;
	readonly model?: string;
	readonly sentAt?: number;
	readonly lostAt?: number;
	readonly until?: number | (() => number);
}

interface InTheAir {
	readonly prompt?: string;
	readonly model?: string;
	readonly sentAt: number;
	/** When its answer comes. */
	readonly until: number;
	/** What the answer tells; none when it is lost. */
	readonly id?: string;
}

interface Story extends Omit<HistoryScript, 'requests'> {
	/** Those that are lost, each at its own moment. All times are milliseconds after the start. */
	readonly lost: readonly Lost[];
	readonly requests?: (after: number) => readonly PastRequest[];
	readonly known?: readonly string[];
	readonly inTheAir?: readonly InTheAir[];
	readonly stopAfter?: number;
}

async function find(story: Story) {
	const { requests, known = [], inTheAir = [], stopAfter, ...script } = story;
	const clock = new VirtualClock();
	const start = clock.now();
	const history = new ScriptedHistory(clock, {
		...script,
		requests: (now) => (requests?.(now - start) ?? []).map((request) => shifted(request, start)),
	});
	const stop = new AbortController();
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const ids = new Set(known);
	const air = new Set<SentSubmit>();
	for (const { prompt = 'a', model = MODEL, sentAt, until, id } of inTheAir) {
		const sent = {
			submission: { model, input: { prompt }, conditions: {} },
			sentAt: start + sentAt,
		};
		clock.at(start + Math.max(0, sentAt), () => air.add(sent));
		if (sentAt <= 0) air.add(sent);
		clock.at(start + until, () => {
			air.delete(sent);
			if (id !== undefined) ids.add(id);
		});
	}
	const lostSubmits = new LostSubmits(
		{ history, clock, random: () => 0.5, signal: stop.signal },
		{ inTheAir: air, isKnown: (id) => ids.has(id) },
	);
	const endedAt: number[] = [];
	const searches = story.lost.map(async (one, index): Promise<Search> => {
		const { prompt = 'a', model = MODEL, sentAt = 0, lostAt = sentAt, until = 2 * MINUTE } = one;
		await clock.sleep(lostAt);
		const search = await lostSubmits.find({
			submission: { model, input: { prompt }, conditions: {} },
			sentAt: start + sentAt,
			lostAt: start + lostAt,
			until: () => start + (typeof until === 'number' ? until : until()),
		});
		endedAt[index] = clock.now() - start;
		return search;
	});
	const ended = await clock.runUntil(Promise.all(searches));
	return {
		ended,
		/** What each one came to: the id that was found, or why none was. */
		came: ended.map((search) =>
			search.kind === 'found' ? search.request.handle.requestId : search.kind,
		),
		endedAt,
		looks: history.questions.map(({ at }) => at - start),
		since: history.questions.map(({ since }) => since - start),
		models: history.questions.map(({ model }) => model),
	};
}

function shifted(request: PastRequest, by: number): PastRequest {
	const { end } = request;
	return {
		...request,
		sentAt: request.sentAt + by,
		...(end && { end: { ...end, at: end.at + by } }),
	};
}

/** One of the input `{ prompt: 'a' }` that ended after a second. */
const request = (id: string, sentAt: number, more: object = {}) =>
	past({ id, input: { prompt: 'a' }, sentAt, endedAt: sentAt + 1_000, ...more });

const SKEW = 10 * SECOND;

describe('a submit without an answer', () => {
	it('is the request with the same input that fal got at that time', async () => {
		const { ended } = await find({
			lost: [{ sentAt: 0 }],
			requests: () => [request('other', 0, { input: { prompt: 'b' } }), request('it', 50)],
		});
		expect(ended).toMatchObject([
			{ kind: 'found', request: { handle: { requestId: 'it', model: MODEL } } },
		]);
	});

	it('is found though the job failed: what became of it is for others to say', async () => {
		const { came } = await find({
			lost: [{}],
			requests: () => [request('failed', 0, { succeeded: false })],
		});
		expect(came).toEqual(['failed']);
	});

	it('is not a request whose input fal did not keep', async () => {
		const { came } = await find({
			lost: [{}],
			requests: () => [request('unknown', 0, { input: undefined })],
		});
		expect(came).toEqual(['not_found']);
	});

	it.each([
		{ what: 'just as much too early', sentAt: 100_000 - SKEW, is: true },
		{ what: 'too early', sentAt: 100_000 - SKEW - 1, is: false },
		{ what: 'just as much too late', sentAt: 130_000 + SKEW, is: true },
		{ what: 'too late', sentAt: 130_000 + SKEW + 1, is: false },
	])('may be one that is $what by fal’s clock ($sentAt): $is', async ({ sentAt, is }) => {
		const { came } = await find({
			lost: [{ sentAt: 100_000, lostAt: 130_000, until: 200_000 }],
			requests: () => [request('it', sentAt)],
		});
		expect(came).toEqual([is ? 'it' : 'not_found']);
	});

	it('is none that belongs to a job of the batch', async () => {
		const { came } = await find({
			lost: [{}],
			requests: () => [request('known', 0)],
			known: ['known'],
		});
		expect(came).toEqual(['not_found']);
	});

	it('is looked for from shortly before it on', async () => {
		const { since } = await find({
			lost: [{ sentAt: 5_000, lostAt: 9_000 }],
			requests: () => [request('it', 5_000)],
		});
		expect(since).toEqual([5_000 - SKEW]);
	});

	it('is found on any page', async () => {
		const others = Array.from({ length: 250 }, (_, i) =>
			request(`r${i}`, 0, { input: { prompt: `${i}` } }),
		);
		const { came } = await find({ lost: [{}], requests: () => [...others, request('it', 0)] });
		expect(came).toEqual(['it']);
	});
});

describe('two submits without an answer, of the same input', () => {
	it('get two requests, in order, and neither gets both', async () => {
		const { came } = await find({
			lost: [{ sentAt: 0 }, { sentAt: 500 }],
			// Latest first, as fal lists them.
			requests: () => [request('second', 500), request('first', 0)],
		});
		expect(came).toEqual(['first', 'second']);
	});

	it('of which fal took one are one found and one not', async () => {
		const { came } = await find({
			lost: [{ sentAt: 0, lostAt: 100 }, { sentAt: 250 }],
			requests: () => [request('one', 300)],
		});
		expect(came).toEqual(['not_found', 'one']);
	});

	it('do not get the same request at two looks', async () => {
		const { came } = await find({
			lost: [{ sentAt: 0 }, { sentAt: 4_500 }],
			requests: () => [request('one', 0)],
		});
		expect(came).toEqual(['one', 'not_found']);
	});

	// The one that could be either goes to the one that can't have another.
	it('get each the request that it can have', async () => {
		const { came } = await find({
			lost: [
				{ sentAt: 0, lostAt: 60_000, until: 200_000 },
				{ sentAt: 5_000, lostAt: 6_000, until: 200_000 },
			],
			requests: (after) =>
				after < 61_000 ? [] : [request('late', 40_000), request('early', 5_500)],
		});
		expect(came).toEqual(['late', 'early']);
	});

	// By the clocks alone, which may differ, it could be of both; the other one's appears only later.
	it('get the request that came while they were on their way', async () => {
		const { came } = await find({
			lost: [
				{ sentAt: 0, lostAt: 30_000, until: 200_000 },
				{ sentAt: 35_000, lostAt: 36_000, until: 200_000 },
			],
			requests: (after) => [
				...(after < 36_000 ? [] : [request('second', 35_500)]),
				...(after < 60_000 ? [] : [request('first', 500)]),
			],
		});
		expect(came).toEqual(['first', 'second']);
	});

	// Given to the first one, the later request would leave nothing to the second that it could have.
	it('get both requests, though either could have the later one', async () => {
		const { came } = await find({
			lost: [
				{ sentAt: 0, lostAt: 40_000, until: 200_000 },
				{ sentAt: 25_000, lostAt: 60_000, until: 200_000 },
			],
			requests: (after) =>
				after < 61_000 ? [] : [request('late', 30_000), request('early', 3_000)],
		});
		expect(came).toEqual(['early', 'late']);
	});

	it('leave the request to the one that was on its way when fal got it', async () => {
		const { came } = await find({
			lost: [
				{ sentAt: 9_000, lostAt: 9_500 },
				{ sentAt: 0, lostAt: 30_000 },
			],
			requests: (after) => (after < 31_000 ? [] : [request('it', 5_000)]),
		});
		expect(came).toEqual(['not_found', 'it']);
	});

	// For the sake of the first one the history is read from further back.
	it('do not get one that was there long before the second', async () => {
		const { came } = await find({
			lost: [
				{ sentAt: 0, until: 200_000 },
				{ sentAt: 60_000, until: 200_000 },
			],
			requests: () => [request('stranger', 40_000)],
		});
		expect(came).toEqual(['not_found', 'not_found']);
	});

	it('are looked for in one reading', async () => {
		const { looks } = await find({
			lost: [{ sentAt: 0 }, { sentAt: 500 }],
			requests: () => [request('second', 500), request('first', 0)],
		});
		expect(looks).toHaveLength(1);
	});
});

describe('a request that may be another submit’s, whose answer is on its way', () => {
	// Both would be given the same id.
	it('is left to that one', async () => {
		const { came } = await find({
			lost: [{ sentAt: 0 }],
			requests: () => [request('its', 100)],
			inTheAir: [{ sentAt: 50, until: 60_000, id: 'its' }],
		});
		expect(came).toEqual(['not_found']);
	});

	it('is taken when that one got another', async () => {
		const { came, endedAt } = await find({
			lost: [{ sentAt: 0 }],
			requests: () => [request('its', 100), request('mine', 0)],
			inTheAir: [{ sentAt: 50, until: 20_000, id: 'its' }],
		});
		expect(came).toEqual(['mine']);
		expect(endedAt[0]).toBeGreaterThanOrEqual(20_000);
	});

	it('is waited for, though the time is over', async () => {
		const { came } = await find({
			lost: [{ sentAt: 0, until: 5_000 }],
			requests: () => [request('its', 100), request('mine', 0)],
			inTheAir: [{ sentAt: 50, until: 40_000, id: 'its' }],
		});
		expect(came).toEqual(['mine']);
	});

	it('is taken when that one was sent later than fal got the request', async () => {
		const { came } = await find({
			lost: [{ sentAt: 0, lostAt: 12_000 }],
			requests: () => [request('mine', 0)],
			inTheAir: [{ sentAt: SKEW + 1, until: 3_600_000 }],
		});
		expect(came).toEqual(['mine']);
	});

	it('is not when their clocks differ', async () => {
		const { endedAt } = await find({
			lost: [{ sentAt: 0, lostAt: 12_000 }],
			requests: () => [request('mine', 0)],
			inTheAir: [{ sentAt: SKEW, until: 60_000 }],
		});
		expect(endedAt[0]).toBeGreaterThanOrEqual(60_000);
	});

	it.each([
		{ what: 'input', other: { prompt: 'b' } },
		{ what: 'model', other: { model: 'a/other' } },
	])('is taken when that one is of another $what', async ({ other }) => {
		const { came, looks } = await find({
			lost: [{ sentAt: 0 }],
			requests: () => [request('mine', 0)],
			inTheAir: [{ sentAt: 0, until: 60_000, ...other }],
		});
		expect(came).toEqual(['mine']);
		expect(looks).toEqual([2_000]);
	});

	// An endless line of the same input, each with an answer after ten seconds.
	it('does not keep the search from ending', async () => {
		const { came, endedAt } = await find({
			lost: [{ sentAt: 0 }],
			inTheAir: Array.from({ length: 100 }, (_, i) => ({
				sentAt: i * 5_000,
				until: (i + 2) * 5_000,
			})),
		});
		expect(came).toEqual(['not_found']);
		expect(endedAt[0]).toBeLessThan(3 * MINUTE);
	});

	it('is taken while it is open, as any other', async () => {
		const { came, endedAt } = await find({
			lost: [{ sentAt: 0 }],
			requests: () => [request('mine', 0, { endedAt: undefined })],
		});
		expect(came).toEqual(['mine']);
		expect(endedAt).toEqual([2_000]);
	});
});

describe('looking', () => {
	it('comes soon, and then more and more seldom', async () => {
		const { looks, came, endedAt } = await find({ lost: [{ until: 2 * MINUTE }] });
		expect(looks).toEqual([2_000, 6_000, 14_000, 30_000, 60_000, 90_000, 120_000]);
		expect(came).toEqual(['not_found']);
		expect(endedAt).toEqual([2 * MINUTE]);
	});

	it('finds what appears late', async () => {
		const { came, endedAt } = await find({
			lost: [{ until: 2 * MINUTE }],
			requests: (after) => (after < 70_000 ? [] : [request('it', 0)]),
		});
		expect(came).toEqual(['it']);
		expect(endedAt).toEqual([90_000]);
	});

	it('goes on for as long as it makes sense by what is known then', async () => {
		let asked = 0;
		const { endedAt } = await find({
			lost: [{ until: () => (++asked < 20 ? 10 * MINUTE : 5 * MINUTE) }],
			requests: () => [],
		});
		expect(endedAt[0]).toBeGreaterThan(7 * MINUTE);
		expect(endedAt[0]).toBeLessThanOrEqual(10 * MINUTE);
	});

	it('ends for each when its own time is over', async () => {
		const { came, endedAt } = await find({
			lost: [{ until: 20_000 }, { until: 3 * MINUTE }],
			requests: (after) => (after < 100_000 ? [] : [request('it', 0)]),
		});
		expect(came).toEqual(['not_found', 'it']);
		expect(endedAt).toEqual([30_000, 120_000]);
	});

	it('is done for each model apart', async () => {
		const { came, models } = await find({
			lost: [{ model: 'a/one' }, { model: 'a/two' }],
			requests: () => [request('of one', 0, { model: 'a/one' })],
		});
		expect(came).toEqual(['of one', 'not_found']);
		expect(models.filter((model) => model === 'a/one')).toHaveLength(1);
	});

	it('costs few requests, however many are lost', async () => {
		const { looks, came } = await find({
			lost: Array.from({ length: 60 }, (_, i) => ({
				prompt: `prompt ${i}`,
				sentAt: i * 1_000,
				until: i * 1_000 + 2 * MINUTE,
			})),
			requests: (after) =>
				Array.from({ length: 60 }, (_, i) =>
					request(`r${i}`, i * 1_000, { input: { prompt: `prompt ${i}` } }),
				).filter(({ end }) => end!.at <= after),
		});
		expect(came).toEqual(Array.from({ length: 60 }, (_, i) => `r${i}`));
		expect(looks.length).toBeLessThanOrEqual(10);
	});

	it('begins anew for one that is lost after the others were found', async () => {
		const { came, looks } = await find({
			lost: [{ sentAt: 0 }, { sentAt: 100_000 }],
			requests: (after) =>
				after < 100_000 ? [request('one', 0)] : [request('two', 100_000), request('one', 0)],
		});
		expect(came).toEqual(['one', 'two']);
		expect(looks).toEqual([2_000, 102_000]);
	});

	// What came to the first page after that had been read is not on the second.
	it('is done for each at least once, though the reading took longer than its time', async () => {
		const others = Array.from({ length: 150 }, (_, i) =>
			request(`r${i}`, 0, { input: { prompt: `${i}` } }),
		);
		const { came } = await find({
			lost: [
				{ sentAt: 0, prompt: 'b' },
				{ sentAt: 3_000, until: 4_000 },
			],
			requests: (after) => (after < 20_000 ? others : [request('it', 3_000), ...others]),
			page: (call) => (call === 2 ? rejected(503, undefined, { 'retry-after': '30' }) : undefined),
		});
		expect(came).toEqual(['not_found', 'it']);
	});
});

describe('a history that can’t be read', () => {
	it('says why when the time is over, and not before', async () => {
		const { ended, endedAt } = await find({ lost: [{ until: MINUTE }], page: () => lost });
		expect(ended).toMatchObject([
			{ kind: 'unreadable', failure: { message: 'the connection was reset' } },
		]);
		expect(endedAt[0]).toBeGreaterThanOrEqual(MINUTE);
	});

	it('and can be at last is as good as one that always could', async () => {
		const { came } = await find({
			lost: [{}],
			requests: () => [request('it', 0)],
			page: (call) => (call <= 10 ? lost : undefined),
		});
		expect(came).toEqual(['it']);
	});

	it('to its end gives what was read of it', async () => {
		const others = Array.from({ length: 250 }, (_, i) =>
			request(`r${i}`, 0, { input: { prompt: `${i}` } }),
		);
		const { came } = await find({
			lost: [{}],
			requests: () => [request('it', 0), ...others],
			page: (_, { cursor }) => (cursor === undefined ? undefined : lost),
		});
		expect(came).toEqual(['it']);
	});
});

describe('a stop', () => {
	it('ends the search at once', async () => {
		const { came, endedAt, looks } = await find({ lost: [{}, {}], stopAfter: 10_000 });
		expect(came).toEqual(['stopped', 'stopped']);
		expect(endedAt).toEqual([10_000, 10_000]);
		expect(looks).toEqual([2_000, 6_000]);
	});

	it('while the history is read leaves what was found until then', async () => {
		const others = Array.from({ length: 250 }, (_, i) =>
			request(`r${i}`, 0, { input: { prompt: `${i}` } }),
		);
		const { came } = await find({
			lost: [{}, { prompt: 'nowhere' }],
			requests: () => [request('it', 0), ...others],
			latency: 1_000,
			stopAfter: 2_500,
		});
		expect(came).toEqual(['it', 'stopped']);
	});

	it('before it asks nothing', async () => {
		const { came, looks } = await find({ lost: [{ sentAt: 5_000 }], stopAfter: 1_000 });
		expect({ came, looks }).toEqual({ came: ['stopped'], looks: [] });
	});
});
