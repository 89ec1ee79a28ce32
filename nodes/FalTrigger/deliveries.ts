/**
 * Which completions have been taken before. fal delivers at least once: it repeats what it has no answer
 * to, and an answer can be lost.
 *
 * Two memories. This process's own is exact: of two deliveries that come at the same moment, one is
 * taken. The workflow's static data is what other n8n processes, and the one after a restart, know; n8n
 * writes it whole, the last writer wins, so there it can happen that a repetition gets through.
 */
import type { IDataObject } from 'n8n-workflow';

/** fal repeats for an hour at the most, and n8n takes about a dozen callbacks a second. */
const REMEMBERED = 50_000;
/** n8n writes all of them to its database with each callback, so not more than a burst. */
const SHARED = 200;

export class Deliveries {
	/** In the order in which they came. */
	readonly #taken = new Set<string>();

	/**
	 * @param shared the node's static data, which n8n keeps when it has started an execution
	 * @returns whether this completion is new; it counts as taken from now on
	 */
	take(completion: string, shared: IDataObject): boolean {
		if (this.#taken.has(completion)) return false;
		this.#taken.add(completion);
		for (const oldest of this.#taken) {
			if (this.#taken.size <= REMEMBERED) break;
			this.#taken.delete(oldest);
		}
		const elsewhere = readTaken(shared);
		if (elsewhere.includes(completion)) return false;
		shared[TAKEN] = [...elsewhere, completion].slice(-SHARED);
		return true;
	}

	/** No execution came of it after all, so its repetition shall be taken. */
	giveBack(completion: string): void {
		this.#taken.delete(completion);
	}
}

const TAKEN = 'takenCompletions';

function readTaken(shared: IDataObject): string[] {
	const taken = shared[TAKEN];
	return Array.isArray(taken) ? taken.filter((entry) => typeof entry === 'string') : [];
}
