/** How much memory is in use, after everything that is not was collected. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** @returns megabytes of heap that are in use */
export function heapInUse(): number {
	collectGarbage();
	return process.memoryUsage().heapUsed / 1_000_000;
}

/**
 * Lets go of what is in the lists.
 *
 * @returns megabytes that it had held, with everything that hung on it
 */
export function weightOf(lists: unknown[][]): number {
	const before = heapInUse();
	for (const list of lists) list.length = 0;
	return before - heapInUse();
}
