import { n8nClock } from '../../nodes/n8n/n8nClock';

/** @returns milliseconds that it took; the tests leave a busy machine plenty of room */
async function timed(work: () => Promise<void>): Promise<number> {
	const start = performance.now();
	await work();
	return performance.now() - start;
}

describe('the clock on n8n’s sleep', () => {
	it('tells the time', () => {
		expect(Math.abs(n8nClock.now() - Date.now())).toBeLessThan(1_000);
	});

	it('sleeps', async () => {
		expect(await timed(() => n8nClock.sleep(60))).toBeGreaterThanOrEqual(50);
	});

	it.each([0, -5])('does not sleep for %i ms', async (ms) => {
		let hasTimePassed = false;
		setImmediate(() => (hasTimePassed = true));
		await n8nClock.sleep(ms);
		expect(hasTimePassed).toBe(false);
	});

	it('wakes when the signal aborts, and does not reject', async () => {
		const stop = new AbortController();
		const asleep = timed(() => n8nClock.sleep(60_000, stop.signal));
		setTimeout(() => stop.abort(), 20);
		expect(await asleep).toBeLessThan(30_000);
	});

	it('does not fall asleep when the signal has aborted', async () => {
		expect(await timed(() => n8nClock.sleep(60_000, AbortSignal.abort()))).toBeLessThan(30_000);
	});

	it('wakes when its time is over although a signal goes on', async () => {
		const { signal } = new AbortController();
		expect(await timed(() => n8nClock.sleep(20, signal))).toBeLessThan(30_000);
	});

	it('wakes many sleepers with one signal', async () => {
		const stop = new AbortController();
		const asleep = Array.from({ length: 500 }, () => n8nClock.sleep(60_000, stop.signal));
		setTimeout(() => stop.abort(), 5);
		expect(await timed(() => Promise.all(asleep).then(() => {}))).toBeLessThan(30_000);
	});
});
