/**
 * Marks in n8n's own database that tell a node that what it is about to do was begun before: n8n 1.x in queue
 * mode runs an execution again, under the same ID, when its worker died, and Retry runs a failed one again
 * under a new ID.
 *
 * n8n keeps them the way Remove Duplicates keeps what it has seen: a list of hashes for each workflow and
 * node, read, changed and written as a whole. If two executions write at once, one may lose its mark; so a
 * new mark is read back.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { MINUTE } from '../engine/clock';

export type Attempt =
	| { readonly kind: 'first' }
	/** `since` is when it was begun, or up to ten minutes before that, in milliseconds since the epoch. */
	| { readonly kind: 'again'; readonly since: number }
	/**
	 * n8n keeps no marks here: an old version, a workflow that was never saved, a database that is not
	 * reachable.
	 */
	| { readonly kind: 'not_known' };

export interface Beginning {
	readonly executionId: string;
	readonly runIndex: number;
	/** The same text for the same work, whichever execution does it. */
	readonly content: string;
	/** Whether n8n says that a failed execution is run again. */
	readonly isRetry: boolean;
	/** Milliseconds since the epoch. */
	readonly now: number;
}

export interface Marks {
	/** @param keep the most marks to keep, newest first; absent for all. @returns those that stood already */
	set(marks: readonly string[], keep?: number): Promise<readonly string[]>;
	remove(marks: readonly string[]): Promise<void>;
}

/** Never throws. To be called before anything is submitted. */
export async function recordBeginning(marks: Marks, beginning: Beginning): Promise<Attempt> {
	try {
		return beginning.isRetry
			? await findBeginning(marks, beginning.now, (slot) => ofContent(beginning, slot), 'latest')
			: await markBeginning(marks, beginning);
	} catch {
		return { kind: 'not_known' };
	}
}

async function markBeginning(marks: Marks, beginning: Beginning): Promise<Attempt> {
	const { now } = beginning;
	const begun = ofExecution(beginning);
	const content = ofContent(beginning, slotOf(now));
	const all = [begun, ofExecution(beginning, slotOf(now)), content];
	// If two executions create a node's list at once, n8n refuses one of them.
	const standing = await marks.set(all, KEPT).catch(() => marks.set(all, KEPT));
	if (standing.includes(begun)) {
		// A Retry of this one must find when it was begun first.
		if (!standing.includes(content)) await marks.remove([content]);
		const found = await findBeginning(
			marks,
			now,
			(slot) => ofExecution(beginning, slot),
			'earliest',
		);
		return found.kind === 'again' ? found : { kind: 'again', since: now - LOOK_BACK };
	}
	for (let look = 0; look < LOOKS; look++) {
		if ((await marks.set(all, KEPT)).includes(begun)) return { kind: 'first' };
	}
	return { kind: 'not_known' };
}

/** Asking for a mark sets it, so those that were not there before are removed again. */
async function findBeginning(
	marks: Marks,
	now: number,
	markOf: (slot: number) => string,
	which: 'earliest' | 'latest',
): Promise<Attempt> {
	const slots = Array.from({ length: LOOK_BACK / SLOT + 1 }, (_, back) => slotOf(now) - back);
	const standing = new Set(await marks.set(slots.map(markOf)));
	await marks.remove(slots.map(markOf).filter((mark) => !standing.has(mark)));
	const begun = slots.filter((slot) => standing.has(markOf(slot)));
	const slot = which === 'earliest' ? begun.at(-1) : begun[0];
	return slot === undefined ? { kind: 'first' } : { kind: 'again', since: slot * SLOT };
}

/** Finer slots would mean a longer list to ask for; coarser ones would include more of other executions. */
const SLOT = 10 * MINUTE;
/** Whoever retries an execution from the day before yesterday wants it done anew. */
const LOOK_BACK = 24 * 60 * MINUTE;
/**
 * Three for each beginning, so those of the last 500. An execution during which 500 others begin is not
 * covered.
 */
const KEPT = 1500;
/** n8n needs a few milliseconds to write; three losses in a row are no coincidence. */
const LOOKS = 3;

const slotOf = (time: number) => Math.floor(time / SLOT);

const ofExecution = ({ executionId, runIndex }: Beginning, slot?: number) =>
	`begun ${executionId} ${runIndex}${slot === undefined ? '' : ` at ${slot}`}`;

const ofContent = ({ content }: Beginning, slot: number) => `begun ${content} at ${slot}`;

/** The marks of this node. All of it throws where n8n has no such helper. */
export function marksOf({ helpers }: IExecuteFunctions): Marks {
	return {
		async set(marks, keep) {
			const { processed } = await helpers.checkProcessedAndRecord([...marks], 'node', {
				mode: 'entries',
				...(keep !== undefined && { maxEntries: keep }),
			});
			return processed.map(String);
		},
		async remove(marks) {
			await helpers.removeProcessed([...marks], 'node', { mode: 'entries' });
		},
	};
}
