import { type Followed, followUntilDone, type Watch } from '../../../nodes/engine/following/follow';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import { MOST_STREAMS, Streams } from '../../../nodes/engine/following/streams';
import type { Holding, StatusSource } from '../../../nodes/engine/statusSource';
import type { Handle, StatusReport } from '../../../nodes/engine/transport';
import { completed, inProgress, inQueue, rejected } from '../replies';
import { inTurn, type Script, ScriptedFal } from '../scriptedFal';
import { VirtualClock } from '../virtualClock';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const QUEUED: StatusReport = { status: 'IN_QUEUE', queuePosition: 3, logs: [] };
const WORKING: StatusReport = { status: 'IN_PROGRESS', logs: [] };
const DONE: StatusReport = { status: 'COMPLETED', inferenceTime: 2, logs: [] };

/** What happens on a stream, and when: milliseconds after it was opened. */
type Event = readonly [
	at: number,
	what: StatusReport | 'alive' | 'ends' | { readonly nameless: StatusReport },
];

/** Streams that do what a script says; one that has nothing more to say stays open. */
class ScriptedStreams implements StatusSource {
	readonly sent = { stream: 0 };
	open = 0;
	peakOpen = 0;
	readonly closedAt: number[] = [];

	constructor(
		private readonly clock: VirtualClock,
		private readonly eventsOf: (place: number) => readonly Event[],
		/** Milliseconds that closing takes. */
		private readonly closing = 0,
	) {}

	async hold(_handle: Handle, { signal, hear }: Holding): Promise<string> {
		const openedAt = this.clock.now();
		this.open++;
		this.peakOpen = Math.max(this.peakOpen, this.open);
		const events = this.eventsOf(this.sent.stream++);
		for (const [at, what] of events) {
			await this.clock.sleep(openedAt + at - this.clock.now(), signal);
			if (signal.aborted || what === 'ends') break;
			if (what === 'alive') hear();
			else if ('nameless' in what) hear({ report: what.nameless, isNamed: false });
			else hear({ report: what, isNamed: true });
			if (typeof what === 'object' && !('nameless' in what) && what.status === 'COMPLETED') break;
		}
		if (events.at(-1)?.[1] !== 'ends') await this.clock.sleep(10 * HOUR, signal);
		await this.clock.sleep(this.closing);
		this.open--;
		this.closedAt.push(this.clock.now());
		return 'it ended';
	}
}

interface Setting {
	/** Of each stream, in the order in which they are opened. */
	readonly streams: ReadonlyArray<readonly Event[]>;
	readonly looks?: Script['status'];
	readonly itemTimeout?: number;
	/** Milliseconds that a sign of life buys. */
	readonly patience?: number;
	readonly stopAfter?: number;
	readonly mayBeDone?: boolean;
	readonly closing?: number;
	/** Milliseconds that a look takes. */
	readonly latency?: number;
	readonly most?: number;
	readonly jobs?: number;
}

function follow({ streams: scripts, looks = () => inProgress(), ...rest }: Setting) {
	const { itemTimeout = HOUR, stopAfter, closing, most, jobs: count = 1, latency, ...known } = rest;
	const clock = new VirtualClock();
	const start = clock.now();
	const fal = new ScriptedFal(clock, { status: looks, ...(latency !== undefined && { latency }) });
	const source = new ScriptedStreams(clock, (place) => scripts[place] ?? [], closing);
	const stop = new AbortController();
	const streams = new Streams(source, clock, most);
	const schedule = new PollSchedule(DEFAULT_POLL_BOUNDS);
	const watch: Watch = {
		transport: fal,
		clock,
		random: () => 0.999,
		signal: stop.signal,
		schedule,
		includeLogs: false,
		streams,
	};
	const jobs = Array.from(
		{ length: count },
		(_, place): Followed => ({
			handle: { requestId: `job-${place}`, model: 'fal-ai/flux/dev' },
			since: start,
			lastWaiting: start,
			deadline: start + itemTimeout,
			logs: [],
			...known,
		}),
	);
	if (stopAfter !== undefined) clock.at(start + stopAfter, () => stop.abort());
	const elapsed = () => clock.now() - start;
	return {
		job: jobs[0]!,
		clock,
		fal,
		schedule,
		source,
		streams,
		elapsed,
		looks: () => fal.sent('status').length,
		lookedAt: () => fal.sent('status').map(({ at }) => at - start),
		untilDone: async () => {
			const sights = jobs.map((job) => followUntilDone(job, watch));
			const [first] = await clock.runUntil(Promise.all(sights));
			return first;
		},
	};
}

describe('a stream that works', () => {
	it('tells of the end at once, and no look is needed', async () => {
		const { untilDone, looks, elapsed, source } = follow({
			streams: [
				[
					[100, QUEUED],
					[900, WORKING],
					[7_300, DONE],
				],
			],
		});
		expect(await untilDone()).toEqual({ kind: 'done', inferenceTime: 2 });
		expect([looks(), elapsed(), source.open]).toEqual([0, 7_300, 0]);
	});

	it('tells of queue positions, of the start and of logs as they come', async () => {
		const seen: unknown[] = [];
		const line = { message: 'Loading', timestamp: '1' };
		const { untilDone, clock, job } = follow({
			streams: [
				[
					[100, QUEUED],
					[5_000, { ...QUEUED, queuePosition: 1 }],
					[9_000, { ...WORKING, logs: [line] }],
					[9_500, { ...WORKING, logs: [line, { message: 'Working', timestamp: '2' }] }],
					[12_000, DONE],
				],
			],
		});
		for (const at of [101, 5_001, 9_001, 9_501]) {
			clock.at(clock.now() + at, () =>
				seen.push([job.seen, job.queuePosition, job.logs.map(({ message }) => message)]),
			);
		}
		const start = clock.now();
		await untilDone();
		expect(seen).toEqual([
			['IN_QUEUE', 3, []],
			['IN_QUEUE', 1, []],
			['IN_PROGRESS', undefined, ['Loading']],
			['IN_PROGRESS', undefined, ['Loading', 'Working']],
		]);
		expect(job.workingSince).toBe(start + 9_000);
	});

	it('shows signs of life, and a job is given up when there are none, after a last look', async () => {
		const { untilDone, elapsed, lookedAt } = follow({
			itemTimeout: MINUTE,
			patience: MINUTE,
			streams: [
				[
					[100, QUEUED],
					[30_000, { ...QUEUED, queuePosition: 2 }],
					[50_000, 'alive'],
					[70_000, WORKING],
					...[85, 100, 115, 130].map((second): Event => [1_000 * second, 'alive']),
				],
			],
		});
		expect(await untilDone()).toEqual({ kind: 'deadline' });
		expect(elapsed()).toBe(70_000 + MINUTE);
		// The moment that would have been its end, had it not moved up, needs no look: it was told.
		expect(lookedAt()).toEqual([70_000 + MINUTE]);
	});

	it('may tell of the end while a look is under way, which knows no better', async () => {
		const { untilDone, elapsed, looks } = follow({ latency: 300, streams: [[[600, DONE]]] });
		expect(await untilDone()).toEqual({ kind: 'done', inferenceTime: 2 });
		expect([elapsed(), looks()]).toEqual([800, 1]);
	});

	it('is closed when the execution is stopped', async () => {
		const { untilDone, elapsed, source } = follow({
			stopAfter: 1_234,
			streams: [[[100, WORKING]]],
		});
		expect(await untilDone()).toEqual({ kind: 'stopped' });
		expect([elapsed(), source.open, ...source.closedAt.map(() => elapsed())]).toEqual([
			1_234, 0, 1_234,
		]);
	});

	it('is opened only behind a look, for a job that may be done already', async () => {
		const done = follow({ mayBeDone: true, looks: () => completed(1), streams: [] });
		await done.untilDone();
		expect([done.looks(), done.source.sent.stream]).toEqual([1, 0]);
		const open = follow({ mayBeDone: true, streams: [[[10_000, DONE]]] });
		await open.untilDone();
		expect(open.source.sent.stream).toBe(1);
	});
});

describe('a stream that does not', () => {
	it('delays no look as long as it has said nothing', async () => {
		const lookedAt = async (streams: Event[][]) => {
			const following = follow({
				streams,
				looks: inTurn(inQueue(1), inProgress(), inProgress(), completed(1)),
			});
			await following.untilDone();
			return following.lookedAt();
		};
		const withStream = await lookedAt([[[20_000, WORKING]]]);
		expect(withStream).toEqual(await lookedAt([]));
		expect(withStream).toHaveLength(4);
	});

	it('and ends before it has said anything: looks come as they were planned', async () => {
		const { untilDone, lookedAt } = follow({
			looks: () => completed(1),
			streams: [[[200, 'ends']]],
		});
		await untilDone();
		expect(lookedAt()).toEqual([500]);
	});

	it('and ends early: there is a look at once, and then as without it', async () => {
		const { untilDone, lookedAt, source } = follow({
			looks: inTurn(inProgress(), completed(10)),
			streams: [
				[
					[100, WORKING],
					[4_000, 'ends'],
				],
			],
		});
		expect(await untilDone()).toMatchObject({ kind: 'done' });
		expect(lookedAt()).toEqual([4_000, expect.any(Number)]);
		expect(lookedAt()[1]).toBeLessThan(6_000);
		expect(source.sent.stream).toBe(1);
	});

	it('and falls silent: there is a look after 40 s', async () => {
		const { untilDone, lookedAt, streams } = follow({
			looks: () => completed(20),
			streams: [[[100, WORKING]]],
		});
		await untilDone();
		expect(lookedAt()).toEqual([40_100]);
		expect(streams.givenUpFor).toBeUndefined();
	});

	it('and lives, but tells nothing: there is a look each two minutes', async () => {
		const alive = Array.from({ length: 40 }, (_, n): Event => [100 + 15_000 * n, 'alive']);
		const { untilDone, lookedAt } = follow({
			looks: inTurn(inProgress(), inProgress(), completed(20)),
			streams: [[[100, WORKING], ...alive]],
		});
		await untilDone();
		expect(lookedAt()).toEqual([100 + 2 * MINUTE, 100 + 4 * MINUTE, 100 + 6 * MINUTE]);
	});

	it('and names no job in its COMPLETED: a look makes sure', async () => {
		const { untilDone, lookedAt } = follow({
			looks: () => completed(3),
			streams: [
				[
					[100, WORKING],
					[5_000, { nameless: DONE }],
				],
			],
		});
		expect(await untilDone()).toEqual({ kind: 'done', inferenceTime: 3 });
		expect(lookedAt()).toEqual([5_000]);
	});

	// fal's word on a failure may make us pay again.
	it.each([
		{ error: 'Runner disconnected', errorType: 'x' },
		{ error: 'Runner disconnected' },
		{ errorType: 'x' },
	])(
		'and tells of a failure that is none, %j: a look makes sure, and the job is followed on',
		async (told) => {
			const failed: StatusReport = { ...DONE, ...told };
			const { untilDone, lookedAt } = follow({
				looks: inTurn(inProgress(), completed(20)),
				streams: [
					[
						[100, WORKING],
						[5_000, failed],
					],
				],
			});
			expect(await untilDone()).toEqual({ kind: 'done', inferenceTime: 20 });
			expect(lookedAt()[0]).toBe(5_000);
			expect(lookedAt()).toHaveLength(2);
		},
	);

	it('and breaks while fal asks for a pause between looks: the pause is kept', async () => {
		const { untilDone, lookedAt } = follow({
			looks: inTurn(rejected(429, undefined, { 'retry-after': '90' }), completed(1)),
			streams: [
				[
					[100, WORKING],
					// The look each two minutes meets the 429 at 2:00.1.
					...Array.from({ length: 9 }, (_, n): Event => [15_000 * (n + 1), 'alive']),
					[140_000, 'ends'],
				],
			],
		});
		await untilDone();
		expect(lookedAt()[0]).toBe(120_100);
		expect(lookedAt()[1]).toBeGreaterThanOrEqual(120_100 + 90_000);
	});
});

describe('words of a stream, while looks go wrong,', () => {
	it('show that the request can be read', async () => {
		const { untilDone, looks } = follow({
			looks: () => rejected(404, { status: 'NOT_FOUND' }),
			streams: [
				[
					...Array.from({ length: 19 }, (_, n): Event => [30_000 * (n + 1), WORKING]),
					[600_000, DONE],
				],
			],
		});
		expect(await untilDone()).toMatchObject({ kind: 'done' });
		expect(looks()).toBeGreaterThan(0);
	});

	it('do not cut short the pause that fal asks for', async () => {
		const { untilDone, lookedAt } = follow({
			looks: inTurn(rejected(429, undefined, { 'retry-after': '90' }), completed(1)),
			streams: [
				[
					[2_000, QUEUED],
					[30_000, WORKING],
				],
			],
		});
		await untilDone();
		expect(lookedAt()).toEqual([500, 90_500]);
	});
});

it('what a stream tells of the start of a job, those behind it may expect its end from', async () => {
	const { untilDone, clock, schedule } = follow({
		streams: [
			[
				[100, QUEUED],
				[5_000, WORKING],
				[30_000, DONE],
			],
		],
	});
	schedule.learn(10_000, 0, undefined);
	const start = clock.now();
	let freeAt: number | undefined;
	clock.at(start + 6_000, () => (freeAt = schedule.ownQueue.startOf(clock.now(), 0, 10_000)));
	await untilDone();
	expect(freeAt).toBe(start + 15_000);
});

describe('streams of a batch', () => {
	it('are at most twenty, one that is being closed included; other jobs are looked at', async () => {
		const { untilDone, source, looks } = follow({
			jobs: 50,
			closing: 3_000,
			looks: () => completed(1),
			streams: Array.from({ length: 50 }, (): Event[] => [
				[100, WORKING],
				[2_000, DONE],
			]),
		});
		await untilDone();
		expect(source.peakOpen).toBe(MOST_STREAMS);
		expect(looks()).toBeGreaterThan(0);
	});

	it('are given up after three troubles: those that are open are closed, and their jobs looked at', async () => {
		const ends: Event[] = [
			[100, WORKING],
			[5_000, 'ends'],
		];
		const { untilDone, source, streams, lookedAt } = follow({
			jobs: 5,
			looks: () => completed(1),
			streams: [ends, ends, ends, [[100, WORKING]], [[100, WORKING]]],
		});
		await untilDone();
		expect(lookedAt()).toEqual([5_000, 5_000, 5_000, 5_000, 5_000]);
		expect([source.open, source.sent.stream]).toEqual([0, 5]);
		expect(streams.givenUpFor).toMatch(/after 3 troubles, the last of which was: it ended/);
		expect(streams.open({ requestId: 'x', model: 'x' }, false, { hear() {}, miss() {} })).toBe(
			undefined,
		);
	});

	it('that tell less than looks do are given up, too', async () => {
		const { untilDone, streams } = follow({
			jobs: 3,
			looks: () => completed(1),
			// Nothing is said, so looks begin. The first comes so soon that the word may be on its way.
			streams: [],
		});
		await untilDone();
		expect(streams.givenUpFor).toBeUndefined();
		const late = follow({ jobs: 3, looks: inSecondRound(3), streams: [] });
		await late.untilDone();
		expect(late.streams.givenUpFor).toMatch(/had not told of a job’s end/);
	});

	it('that call jobs done that are not are given up, too', async () => {
		const { untilDone, streams } = follow({
			jobs: 3,
			looks: inSecondRound(1),
			streams: Array.from({ length: 3 }, (): Event[] => [[400, { nameless: DONE }]]),
		});
		await untilDone();
		expect(streams.givenUpFor).toMatch(/it called a job done that was not/);
	});

	it('that are silent are given up, too', async () => {
		const { untilDone, streams } = follow({
			jobs: 3,
			looks: () => inProgress(),
			itemTimeout: 2 * MINUTE,
			streams: [],
		});
		await untilDone();
		expect(streams.givenUpFor).toMatch(/nothing came for 40 seconds/);
	});

	it('take turns, where there are fewer than jobs', async () => {
		const { untilDone, source, lookedAt } = follow({
			jobs: 2,
			most: 1,
			looks: () => inProgress(),
			streams: [[[2_000, DONE]], [[2_000, DONE]]],
		});
		await untilDone();
		expect([source.sent.stream, source.peakOpen]).toEqual([2, 1]);
		expect(lookedAt().length).toBeGreaterThan(0);
	});

	it('that were given up for one reason are not blamed for another', () => {
		const { streams } = follow({ streams: [] });
		for (const reason of ['one', 'two', 'three', 'four']) streams.noteTrouble(reason);
		expect(streams.givenUpFor).toMatch(/after 3 troubles, the last of which was: three/);
	});

	it('tell nothing to nobody once they are closed, and that is no trouble', async () => {
		const clock = new VirtualClock();
		const source: StatusSource = {
			sent: { stream: 1 },
			async hold(_handle, { hear }) {
				await clock.sleep(1_000);
				hear({ report: DONE, isNamed: true });
				return 'it ended';
			},
		};
		const streams = new Streams(source, clock);
		const listener = { hear: jest.fn(), miss: jest.fn() };
		const handle = { requestId: 'job-1', model: 'a/b' };
		for (let time = 0; time < 5; time++) streams.open(handle, false, listener)!.close();
		await clock.runUntil(clock.sleep(2_000));
		expect(listener.hear).not.toHaveBeenCalled();
		expect(listener.miss).not.toHaveBeenCalled();
		expect([streams.givenUpFor, streams.sent]).toEqual([undefined, { stream: 1 }]);
	});

	it('are not given up for troubles of which there are two', async () => {
		const { untilDone, streams, source } = follow({
			jobs: 3,
			looks: () => completed(1),
			streams: [
				[[1_000, 'ends']],
				[[1_000, 'ends']],
				[
					[100, WORKING],
					[9_000, DONE],
				],
			],
		});
		await untilDone();
		expect([streams.givenUpFor, source.sent.stream]).toEqual([undefined, 3]);
	});
});

/** Each job is in progress at its first `rounds` looks. */
function inSecondRound(rounds: number): NonNullable<Script['status']> {
	const looks = new Map<string, number>();
	return (_call, { requestId }) => {
		const count = (looks.get(requestId) ?? 0) + 1;
		looks.set(requestId, count);
		return count <= rounds ? inProgress() : completed(1);
	};
}
