/** Assertions about what the editor shows a moment later. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** An editor takes a tenth of a second for most things, on a busy machine some hundred times as long. */
export const PATIENCE_MS = 60_000;
const AGAIN_AFTER_MS = 100;

/** Repeats the assertion until it holds. @throws its last error */
export async function eventually(assertion: () => Promise<void>, withinMs = PATIENCE_MS) {
	const deadline = Date.now() + withinMs;
	for (;;) {
		try {
			return await assertion();
		} catch (error) {
			if (Date.now() > deadline) throw error;
		}
		await sleep(AGAIN_AFTER_MS);
	}
}

export const becomes = <T>(read: () => Promise<T>, expected: T) =>
	eventually(async () => assert.deepEqual(await read(), expected));

export const comesToMatch = (read: () => Promise<string>, pattern: RegExp) =>
	eventually(async () => assert.match(await read(), pattern));

export const comesToInclude = (read: () => Promise<readonly string[]>, one: string) =>
	eventually(async () => {
		const all = await read();
		assert.ok(all.includes(one), `"${one}" is not among ${all.join(', ') || 'nothing'}`);
	});
