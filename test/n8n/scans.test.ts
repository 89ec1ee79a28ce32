/** Callbacks come in bursts; an execution that was parked goes on once. */
import { MINUTE } from '../../nodes/engine/clock';
import type { Handle } from '../../nodes/engine/transport';
import { Scans } from '../../nodes/FalQueueStatus/scans';

const handles = ['a', 'b', 'c'].map((requestId): Handle => ({ requestId, model: 'fal-ai/flux' }));
const yes = async () => true;
const no = async () => false;

let now = 0;
let scans: Scans;

beforeEach(() => {
	now = 1_000_000;
	scans = new Scans({ now: () => now });
});

it('only those that have not called back are asked about', async () => {
	const asked: string[][] = [];
	await scans.areAllDone('1', 'b', handles, async (silent) => {
		asked.push(silent.map(({ requestId }) => requestId));
		return false;
	});
	expect(asked).toEqual([['a', 'c']]);
});

it('a callback that comes during a scan makes it look once more, without asking about its own', async () => {
	const asked: string[][] = [];
	const done = await scans.areAllDone('1', 'a', handles, async (silent) => {
		asked.push(silent.map(({ requestId }) => requestId));
		return asked.length === 1 ? !scans.join('1', 'b') : true;
	});
	expect(done).toBe(true);
	expect(asked).toEqual([['b', 'c'], ['c']]);
});

it('a scan that found one open leaves the next callback to a scan of its own', async () => {
	expect(await scans.areAllDone('1', 'a', handles, no)).toBe(false);
	expect(scans.join('1', 'b')).toBe(false);
});

it('a scan that fails does, too', async () => {
	const failing = scans.areAllDone(
		'1',
		'a',
		handles,
		async () => await Promise.reject(new Error('x')),
	);
	await expect(failing).rejects.toThrow('x');
	expect(scans.join('1', 'b')).toBe(false);
});

describe('when all are done', () => {
	beforeEach(async () => {
		await scans.areAllDone('1', 'a', handles, yes);
	});

	// n8n 1.x would let the execution go on a second time.
	it('a callback about one of them, at the same moment, starts no scan', () => {
		expect(scans.join('1', 'b')).toBe(true);
		now += MINUTE - 1;
		expect(scans.join('1', 'a')).toBe(true);
	});

	it('another execution is not concerned', () => {
		expect(scans.join('2', 'b')).toBe(false);
	});

	// A loop may park an execution again, with other requests.
	it('a callback about another request of the same execution is looked into', async () => {
		expect(scans.join('1', 'd')).toBe(false);
		const next = [{ requestId: 'd', model: 'fal-ai/flux' }];
		expect(await scans.areAllDone('1', 'd', next, no)).toBe(false);
		expect(scans.join('1', 'd')).toBe(false);
	});

	it('after a minute it is forgotten', async () => {
		now += MINUTE;
		expect(scans.join('1', 'b')).toBe(false);
		expect(await scans.areAllDone('1', 'b', handles, yes)).toBe(true);
	});
});
