import type { Failure } from '../../../nodes/engine/failure';
import { OutageBound } from '../../../nodes/engine/submitting/outageBound';
import { type Passage, SubmitGate } from '../../../nodes/engine/submitting/submitGate';
import { VirtualClock } from '../virtualClock';

const failure: Failure = { type: 'not_reached', message: 'fal is gone', retryable: true };
const works: Passage = { kind: 'works' };
const full = (retryAfter = 0): Passage => ({ kind: 'full', retryAfter, failure });
const trouble = (retryAfter = 0): Passage => ({ kind: 'trouble', retryAfter, failure });
const busy = (retryAfter = 0): Passage => ({ kind: 'busy', retryAfter, failure });
const unreached: Passage = { kind: 'unreached', failure };

const MINUTE = 60_000;

/** A gate whose pauses are as long as they can be: the dice always show (almost) 1. */
function gateOf(bound: number) {
	const clock = new VirtualClock();
	const gate = new SubmitGate(new OutageBound(bound), clock, () => 1 - Number.EPSILON);
	const start = clock.now();
	let waiting = 0;
	const passed: number[] = [];
	const turnedAway: number[] = [];
	/** Whoever waits tries again, as a batch does whenever something has happened. */
	const knock = (): void => {
		while (waiting > 0) {
			const { opening } = gate;
			if (opening.kind === 'later') clock.at(clock.now() + opening.wait, knock);
			if (opening.kind === 'later' || opening.kind === 'occupied') return;
			waiting--;
			if (opening.kind === 'open') gate.enter(clock.now());
			(opening.kind === 'open' ? passed : turnedAway).push(clock.now() - start);
		}
	};
	/** Someone comes to the gate; `passed` or `turnedAway` tells when it was let go. */
	const come = () => {
		waiting++;
		knock();
	};
	/** Time passes, in milliseconds. */
	const wait = async (ms: number) => await clock.runUntil(clock.sleep(ms));
	/** The submit that came through comes back; it was sent just now unless told. */
	const back = (passage: Passage, sentAt = clock.now()) => {
		gate.report(passage, sentAt);
		knock();
	};
	const close = (reason: Failure) => {
		gate.close(reason);
		knock();
	};
	return { gate, clock, come, wait, back, close, passed, turnedAway };
}

describe('while fal works', () => {
	it('all pass at once', async () => {
		const { gate, come, wait, passed } = gateOf(10);
		for (let comer = 0; comer < 5; comer++) come();
		await wait(1);
		expect(passed).toEqual([0, 0, 0, 0, 0]);
		expect(gate.inAir).toBe(5);
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

/** A gate whose pauses are none: only probes hold anybody back. */
function gateWithoutPauses() {
	const clock = new VirtualClock();
	const gate = new SubmitGate(new OutageBound(10), clock, () => 0);
	const wait = async (ms: number) => await clock.runUntil(clock.sleep(ms));
	/** @returns when it was sent */
	const enter = () => {
		gate.enter(clock.now());
		return clock.now();
	};
	return { gate, wait, enter };
}

describe('a probe', () => {
	it('holds the next one back until it is answered', () => {
		const { gate, enter } = gateWithoutPauses();
		gate.report(trouble(), enter());
		const probe = enter();
		expect(gate.opening).toEqual({ kind: 'later', wait: 5_000 });
		gate.report(trouble(), probe);
		expect(gate.opening).toEqual({ kind: 'open' });
	});

	it('is not answered by one that was sent before it', async () => {
		const { gate, wait, enter } = gateWithoutPauses();
		gate.report(trouble(), enter());
		const first = enter();
		await wait(5_000);
		enter();
		gate.report(trouble(), first);
		expect(gate.opening).toEqual({ kind: 'later', wait: 5_000 });
	});

	it('holds nobody back once fal works again', async () => {
		const { gate, wait, enter } = gateWithoutPauses();
		gate.report(trouble(), enter());
		const first = enter();
		await wait(5_000);
		enter();
		gate.report(works, first);
		expect(gate.opening).toEqual({ kind: 'open' });
	});

	it('is only what was sent in trouble', async () => {
		const { gate, wait, enter } = gateWithoutPauses();
		const early = enter();
		await wait(10);
		enter();
		gate.report(trouble(), early);
		expect(gate.opening).toEqual({ kind: 'open' });
	});
});

it('one sent at the very moment of the trouble is another trouble when it goes wrong', () => {
	const { gate, clock } = gateOf(10);
	for (let submit = 0; submit < 2; submit++) {
		gate.enter(clock.now());
		gate.report(trouble(), clock.now());
	}
	const { opening } = gate;
	expect(Math.round('wait' in opening ? opening.wait : 0)).toBe(1_000);
});

describe('a fal that has enough of jobs that nobody follows', () => {
	it('is asked again after growing pauses, up to eight seconds', async () => {
		const { gate, clock, wait } = gateOf(100);
		const pauses: number[] = [];
		for (let refusal = 0; refusal < 6; refusal++) {
			gate.enter(clock.now());
			gate.report(busy(), clock.now());
			const { opening } = gate;
			pauses.push(Math.round('wait' in opening ? opening.wait : 0));
			await wait(10_000);
		}
		expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
	});

	it('is given up when it has taken nothing for an hour, and not sooner', async () => {
		const { gate, clock, wait } = gateOf(2);
		const ask = () => {
			gate.enter(clock.now());
			gate.report(busy(), clock.now());
		};
		await wait(60 * MINUTE - 1);
		for (let times = 0; times < 10; times++) ask();
		expect(gate.closedFor).toBeUndefined();
		await wait(1);
		ask();
		expect(gate.closedFor).toBe(failure);
		expect(gate.opening).toEqual({ kind: 'closed' });
	});

	it('is not given up an hour after the beginning, if it has taken one since', async () => {
		const { gate, clock, wait } = gateOf(2);
		await wait(30 * MINUTE);
		gate.enter(clock.now());
		gate.report(works, clock.now());
		await wait(30 * MINUTE);
		gate.enter(clock.now());
		gate.report(busy(), clock.now());
		expect(gate.closedFor).toBeUndefined();
	});
});

describe('a fal that can’t be reached', () => {
	it('is tried for two minutes, and not given up sooner', async () => {
		const { gate, clock, wait } = gateOf(1);
		gate.report(unreached, clock.now());
		await wait(2 * MINUTE - 1);
		gate.report(unreached, clock.now());
		expect(gate.closedFor).toBeUndefined();
		await wait(1);
		gate.report(unreached, clock.now());
		expect(gate.closedFor).toBe(failure);
	});

	it('is told of while it lasts, and not after', () => {
		const { gate, clock } = gateOf(10);
		expect(gate.holdUp).toBeUndefined();
		gate.report(unreached, clock.now());
		expect(gate.holdUp).toBe('fal is gone. Nothing was sent; it is tried again.');
		gate.report(works, clock.now());
		expect(gate.holdUp).toBeUndefined();
		gate.report(unreached, clock.now());
		gate.close(failure);
		expect(gate.holdUp).toBeUndefined();
	});
});

describe('an outage', () => {
	// While another model works, the count of the whole batch starts anew again and again.
	it('of one model alone costs as many submits as the bound, too', () => {
		const clock = new VirtualClock();
		const whole = new OutageBound(3);
		const [out, fine] = [0, 1].map(() => new SubmitGate(whole, clock, () => 0));
		for (let submit = 0; submit < 3; submit++) {
			expect(out!.closedFor).toBeUndefined();
			out!.enter(clock.now());
			out!.report(trouble(), clock.now());
			fine!.enter(clock.now());
			fine!.report(works, clock.now());
		}
		expect(out!.closedFor).toBe(failure);
		expect(fine!.closedFor).toBeUndefined();
	});

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

	// They used to sleep their pause out, up to a quarter of an hour with Retry-After.
	it('sends away who waits out a pause', async () => {
		const { close, come, wait, back, turnedAway } = gateOf(5);
		come();
		await wait(1);
		back(full(900_000));
		come();
		await wait(1);
		close(failure);
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
