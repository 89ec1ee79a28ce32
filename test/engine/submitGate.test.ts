import type { Failure } from '../../nodes/engine/failure';
import { type Passage, SubmitGate } from '../../nodes/engine/submitGate';
import { VirtualClock } from './virtualClock';

const failure: Failure = { type: 'not_reached', message: 'fal is gone', retryable: true };
const works: Passage = { kind: 'works' };
const full = (retryAfter = 0): Passage => ({ kind: 'full', retryAfter, failure });
const trouble = (retryAfter = 0): Passage => ({ kind: 'trouble', retryAfter, failure });

const never = new AbortController().signal;

/** A gate whose pauses are as long as they can be: the dice always show (almost) 1. */
function gateOf(bound: number) {
	const clock = new VirtualClock();
	const gate = new SubmitGate(bound, clock, () => 1 - Number.EPSILON);
	const start = clock.now();
	const passed: number[] = [];
	const turnedAway: number[] = [];
	/** Someone comes to the gate; `passed` or `turnedAway` tells when it was let go. */
	const come = (signal: AbortSignal = never) =>
		void gate.pass(signal).then((ok) => (ok ? passed : turnedAway).push(clock.now() - start));
	/** Time passes, in milliseconds. */
	const wait = async (ms: number) => await clock.runUntil(clock.sleep(ms));
	/** The submit that came through comes back; it was sent just now unless told. */
	const back = (passage: Passage, sentAt = clock.now()) => gate.report(passage, sentAt);
	return { gate, clock, come, wait, back, passed, turnedAway };
}

describe('while fal works', () => {
	it('all pass at once', async () => {
		const { gate, come, wait, passed } = gateOf(10);
		for (let comer = 0; comer < 5; comer++) come();
		await wait(1);
		expect(passed).toEqual([0, 0, 0, 0, 0]);
		expect(gate.inAir).toBe(5);
	});

	it('who passed and had nothing to submit is not in the air', async () => {
		const { gate, come, wait } = gateOf(10);
		come();
		await wait(1);
		gate.leave();
		expect(gate.inAir).toBe(0);
		expect(gate.closedFor).toBeUndefined();
	});

	it('fal being full holds nobody up', async () => {
		const { come, wait, back, passed } = gateOf(10);
		come();
		await wait(1);
		back(full());
		come();
		come();
		await wait(1);
		expect(passed).toEqual([0, 1, 1]);
	});

	it('but its Retry-After holds up everybody', async () => {
		const { come, wait, back, passed } = gateOf(10);
		come();
		await wait(1);
		back(full(7_000));
		come();
		come();
		await wait(10_000);
		expect(passed).toEqual([0, 7_001, 7_001]);
	});
});

describe('in trouble', () => {
	it('one passes after a pause, and the others wait for what becomes of it', async () => {
		const { come, wait, back, passed } = gateOf(10);
		come();
		await wait(1);
		back(trouble());
		for (let comer = 0; comer < 3; comer++) come();
		await wait(4_000);
		expect(passed).toHaveLength(2);
		expect(passed[1]).toBeCloseTo(501, 0);
		back(works);
		await wait(1);
		expect(passed).toHaveLength(4);
	});

	// It may be that very call that hangs: a whole batch once stood still for two minutes behind it.
	it('one without an answer holds the next back for five seconds', async () => {
		const { come, wait, back, passed } = gateOf(10);
		come();
		await wait(1);
		back(trouble());
		for (let comer = 0; comer < 3; comer++) come();
		await wait(60_000);
		expect(passed.map(Math.round)).toEqual([0, 501, 5_501, 10_501]);
	});

	it('what was in the air before holds nothing back', async () => {
		const { clock, come, wait, back, passed } = gateOf(10);
		const early = clock.now();
		come();
		come();
		await wait(100);
		back(trouble(), early);
		come();
		await wait(2_000);
		expect(passed).toHaveLength(3);
	});

	it('the pauses double, up to half a minute', async () => {
		const { come, wait, back, passed } = gateOf(100);
		const pauses: number[] = [];
		come();
		await wait(60_000);
		for (let probe = 1; probe <= 8; probe++) {
			const reportedAt = probe * 60_000;
			back(trouble());
			come();
			await wait(60_000);
			pauses.push(Math.round((passed[probe] ?? 0) - reportedAt));
		}
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
	});

	it('Retry-After is a floor under the pause', async () => {
		const { come, wait, back, passed } = gateOf(10);
		come();
		await wait(1);
		back(trouble(20_000));
		come();
		await wait(60_000);
		expect(passed[1]).toBe(20_001);
	});

	// Ten submits that were under way together when fal went away are one piece of bad news.
	it('submits that were in the air together lengthen the pause once', async () => {
		const { clock, come, wait, back, passed } = gateOf(100);
		for (let comer = 0; comer < 10; comer++) come();
		const sentAt = clock.now();
		await wait(100);
		for (let comer = 0; comer < 10; comer++) back(trouble(), sentAt);
		come();
		await wait(60_000);
		expect(passed.at(-1)).toBeCloseTo(600, 0);
	});

	it('one that was sent before the trouble does not end it, one sent after does', async () => {
		const { clock, come, wait, back, passed } = gateOf(10);
		come();
		come();
		const early = clock.now();
		await wait(100);
		back(trouble(), early);
		await wait(100);
		back(works, early);
		come();
		come();
		await wait(4_000);
		expect(passed).toHaveLength(3);
		back(works);
		await wait(1);
		expect(passed).toHaveLength(4);
	});
});

describe('an outage', () => {
	it('costs as many submits as the bound, then nothing passes any more', async () => {
		const { gate, come, wait, back, passed, turnedAway } = gateOf(3);
		for (let comer = 0; comer < 8; comer++) come();
		await wait(60_000);
		expect(passed).toHaveLength(3);
		for (let submit = 0; submit < 3; submit++) back(trouble(), 0);
		await wait(60_000);
		expect(passed).toHaveLength(3);
		expect(turnedAway).toHaveLength(5);
		expect(gate.closedFor).toBe(failure);
	});

	it('never has more in the air than the bound has left', async () => {
		const { come, wait, back, passed } = gateOf(3);
		come();
		await wait(1);
		back(full());
		come();
		await wait(1);
		back(full());
		for (let comer = 0; comer < 5; comer++) come();
		await wait(60_000);
		expect(passed).toHaveLength(3);
		back(works);
		await wait(1);
		// Its answer paid everything back: three may be under way again.
		expect(passed).toHaveLength(6);
	});

	it('is forgotten with the first submit that fal takes', async () => {
		const { gate, come, wait, back } = gateOf(2);
		for (let round = 0; round < 10; round++) {
			come();
			await wait(60_000);
			back(trouble());
			come();
			await wait(60_000);
			back(works);
		}
		expect(gate.closedFor).toBeUndefined();
	});
});

describe('closed', () => {
	it('lets nobody pass, and sends away who waits for others', async () => {
		const { gate, come, wait, passed, turnedAway } = gateOf(1);
		come();
		come();
		await wait(1);
		expect(passed).toHaveLength(1);
		gate.close(failure);
		come();
		await wait(1);
		expect(passed).toHaveLength(1);
		expect(turnedAway).toEqual([1, 1]);
	});

	// Known defect: they sleep their pause out, up to a quarter of an hour with Retry-After.
	it('sends away who waits out a pause', async () => {
		const { gate, come, wait, back, turnedAway } = gateOf(5);
		come();
		await wait(1);
		back(full(900_000));
		come();
		await wait(1);
		gate.close(failure);
		await wait(1_000);
		expect(turnedAway).toHaveLength(1);
	});

	it('the first reason stays', () => {
		const { gate } = gateOf(1);
		gate.close(failure);
		gate.close({ ...failure, message: 'another reason' });
		expect(gate.closedFor).toBe(failure);
	});

	it('no later success opens it', async () => {
		const { gate, come, wait, back, turnedAway } = gateOf(5);
		come();
		await wait(1);
		gate.close(failure);
		back(works);
		come();
		await wait(1);
		expect(turnedAway).toHaveLength(1);
	});
});

describe('when the execution is stopped', () => {
	it('who comes later is turned away', async () => {
		const { come, wait, turnedAway } = gateOf(5);
		come(AbortSignal.abort());
		await wait(1);
		expect(turnedAway).toEqual([0]);
	});

	it('who waits out a pause is turned away at once', async () => {
		const { clock, come, wait, back, turnedAway } = gateOf(5);
		const stop = new AbortController();
		come();
		await wait(1);
		back(trouble(900_000));
		come(stop.signal);
		clock.at(clock.now() + 500, () => stop.abort());
		await wait(2_000);
		expect(turnedAway).toEqual([501]);
	});

	it('who waits for the probe of another is turned away when that comes back', async () => {
		const { come, wait, back, passed, turnedAway } = gateOf(1);
		const stop = new AbortController();
		come();
		come(stop.signal);
		await wait(1);
		stop.abort();
		back(works);
		await wait(1);
		expect(passed).toHaveLength(1);
		expect(turnedAway).toHaveLength(1);
	});
});
