/** Who gets a slot, when it is offered again, and that nothing is waited for without end. */
import pLimit from 'p-limit';
import { Lanes } from '../../../nodes/engine/batch/lanes';
import { Slots } from '../../../nodes/engine/batch/slots';
import { newJob } from '../../../nodes/engine/job';
import { VirtualClock } from '../virtualClock';

function slotsOf(concurrency: number, items: number, accountSlots?: ReturnType<typeof pLimit>) {
	const clock = new VirtualClock();
	const start = clock.now();
	const lanes = new Lanes(100, 100, clock, () => 0.5);
	const jobs = Array.from({ length: items }, (_, index) =>
		newJob({ model: `a/${index % 2}`, input: {}, conditions: {} }, index),
	);
	for (const job of jobs) lanes.add(job);
	const carried: Array<{ item: number; at: number }> = [];
	const state = { isHeld: false };
	const slots = new Slots(
		concurrency,
		lanes,
		clock,
		{
			isHeld: () => state.isHeld,
			carry: async (lane) => {
				const taken = lane.take()!;
				carried.push({ item: taken.job.index, at: clock.now() - start });
				await clock.sleep(1_000);
				lane.leave(taken);
			},
		},
		accountSlots,
	);
	const pass = async (ms: number) => await clock.runUntil(clock.sleep(ms));
	return { clock, lanes, jobs, slots, carried, state, pass };
}

const second = (at: number) => at / 1_000;

it('so many jobs have one at once, and each free one goes to the next', async () => {
	const { slots, carried, pass } = slotsOf(2, 5);
	slots.offer();
	// However often it is told to look.
	slots.offer();
	await pass(10_000);
	expect(carried.map(({ item, at }) => [item, second(at)])).toEqual([
		[0, 0],
		[1, 0],
		[2, 1],
		[3, 1],
		[4, 2],
	]);
});

it('nobody gets one while all is held', async () => {
	const { slots, carried, state, pass } = slotsOf(2, 2);
	state.isHeld = true;
	slots.offer();
	await pass(5_000);
	expect(carried).toEqual([]);
	state.isHeld = false;
	slots.offer();
	expect(carried).toHaveLength(2);
});

it('a lane that pauses gets one when its time has come', async () => {
	const { lanes, jobs, slots, carried, pass } = slotsOf(2, 1);
	lanes.of(jobs[0]!).pauseFor(3_000);
	slots.offer();
	expect(carried).toEqual([]);
	await pass(10_000);
	expect(carried).toEqual([{ item: 0, at: 3_000 }]);
});

it('only the latest wait counts', async () => {
	const { lanes, jobs, slots, carried, state, pass } = slotsOf(2, 2);
	for (const job of jobs) lanes.of(job).pauseFor(3_000);
	slots.offer();
	lanes.of(jobs[0]!).pauseFor(5_000);
	lanes.of(jobs[1]!).pauseFor(5_000);
	slots.offer();
	let looks = 0;
	const isHeld = () => ++looks === 0;
	Object.defineProperty(state, 'isHeld', { get: isHeld });
	await pass(4_000);
	expect(looks).toBe(0);
	await pass(4_000);
	expect(carried.map(({ at }) => at)).toEqual([5_000, 5_000]);
});

it('what time alone does not change is not waited for', async () => {
	const { clock, slots } = slotsOf(2, 0);
	slots.offer();
	const forEver = clock.runUntil(new Promise<never>(() => {}));
	await expect(forEver).rejects.toThrow('Nothing is left to wait for');
});

it('after the end nothing is waited for', async () => {
	const { lanes, jobs, slots, carried, pass } = slotsOf(2, 1);
	lanes.of(jobs[0]!).pauseFor(3_000);
	slots.offer();
	slots.close();
	await pass(10_000);
	expect(carried).toEqual([]);
	// Nor is there anything to end where nothing was ever waited for.
	slotsOf(2, 1).slots.close();
});

describe('a slot of the account', () => {
	it('is shared with others', async () => {
		const accountSlots = pLimit(1);
		const { slots, carried, pass } = slotsOf(2, 3, accountSlots);
		slots.offer();
		await pass(10_000);
		expect(carried.map(({ item, at }) => [item, second(at)])).toEqual([
			[0, 0],
			[1, 1],
			[2, 2],
		]);
	});

	it('that comes late goes to the lane whose turn it is by then', async () => {
		const accountSlots = pLimit(1);
		const { clock, lanes, jobs, slots, carried, pass } = slotsOf(1, 2, accountSlots);
		void accountSlots(async () => await clock.sleep(2_000));
		slots.offer();
		lanes.of(jobs[0]!).pauseFor(60_000);
		await pass(3_000);
		expect(carried).toEqual([{ item: 1, at: 2_000 }]);
	});

	it('that comes when all is held goes to nobody', async () => {
		const accountSlots = pLimit(1);
		const { clock, slots, carried, state, pass } = slotsOf(1, 1, accountSlots);
		void accountSlots(async () => await clock.sleep(2_000));
		slots.offer();
		state.isHeld = true;
		await pass(3_000);
		expect(carried).toEqual([]);
		state.isHeld = false;
		slots.offer();
		await pass(1);
		expect(carried).toHaveLength(1);
	});

	it('that comes when nobody waits any more goes to nobody', async () => {
		const accountSlots = pLimit(1);
		const { clock, lanes, slots, carried, pass } = slotsOf(1, 1, accountSlots);
		void accountSlots(async () => await clock.sleep(2_000));
		slots.offer();
		lanes.clear();
		await pass(3_000);
		expect(carried).toEqual([]);
	});
});
