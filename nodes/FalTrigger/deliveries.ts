/**
 * Which completions have been taken before. fal delivers at least once: it repeats a callback that got no
 * answer, and an answer can be lost.
 *
 * There are two memories. This process's own is exact: of two deliveries at the same moment, one is taken.
 * The workflow's static data is what other n8n processes know, and this one after a restart. n8n writes it as
 * a whole and the last writer wins, so there a repetition can get through.
 */
import type { IDataObject } from 'n8n-workflow';

/** fal repeats for an hour at most, and n8n takes about a dozen callbacks a second. */
const REMEMBERED = 50_000;
/** n8n writes all of them to its database with each callback, so no more than one burst. */
const SHARED = 200;

export type Taken =
	| 'new'
	/** Another delivery of it is being taken right now; its outcome is not known yet. */
	| 'under_way'
	| 'taken_before';

export class Deliveries {
	readonly #underWay = new Set<string>();
	/** In the order in which they came. */
	readonly #taken = new Set<string>();
	/** Of which no execution came, though n8n 1.x may have written down that they were taken. */
	readonly #untaken = new Set<string>();

	/**
	 * @param shared the node's static data, as other processes have left it
	 * @returns 'new' if it is to be taken now; then `share` tells other processes, and `settle` gives the
	 *   outcome
	 */
	take(completion: string, shared: IDataObject): Taken {
		if (this.#underWay.has(completion)) return 'under_way';
		const isShared = readTaken(shared).includes(completion) && !this.#untaken.has(completion);
		if (this.#taken.has(completion) || isShared) return 'taken_before';
		this.#underWay.add(completion);
		return 'new';
	}

	/**
	 * May be called again for the same one: each time n8n sees the data as changed.
	 *
	 * @param shared the node's static data, which n8n keeps when it has made an execution
	 */
	share(completion: string, shared: IDataObject): void {
		const others = readTaken(shared).filter((taken) => taken !== completion);
		shared[TAKEN] = [...others, completion].slice(-SHARED);
	}

	/** @param isTaken false when no execution came of it after all: then a repetition counts as new */
	settle(completion: string, isTaken: boolean): void {
		this.#underWay.delete(completion);
		this.#untaken.delete(completion);
		remember(completion, isTaken ? this.#taken : this.#untaken);
	}
}

function remember(completion: string, memory: Set<string>): void {
	memory.add(completion);
	for (const oldest of memory) {
		if (memory.size <= REMEMBERED) break;
		memory.delete(oldest);
	}
}

const TAKEN = 'takenCompletions';

function readTaken(shared: IDataObject): string[] {
	const taken = shared[TAKEN];
	return Array.isArray(taken) ? taken.filter((entry) => typeof entry === 'string') : [];
}
