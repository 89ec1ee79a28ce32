/**
 * When a job that waits at fal will start, judged by our own jobs there. fal works through an account's jobs in
 * the order in which it took them, so a job starts when one more of those at work has ended than are ahead of
 * it. That holds where the account has no other jobs; where it has, it is a guess like any other.
 */

/** Milliseconds since the epoch; known or likely. */
export interface Stay {
	/** When its work began, or will. */
	readonly start: number;
	/** Absent while no work time is known. */
	readonly end?: number | undefined;
}

interface PastStay extends Required<Stay> {
	readonly end: number;
	/** Jobs of ours that were at work in the middle of its own work, itself included. */
	beside: number;
}

export class OwnQueue {
	/** Of jobs that are followed. */
	readonly #stays = new Map<object, Stay>();
	/** The latest ones. */
	readonly #past: PastStay[] = [];

	expect(job: object, stay: Stay): void {
		this.#stays.set(job, stay);
	}

	/** The job is not followed any more. */
	leave(job: object): void {
		this.#stays.delete(job);
	}

	/** The job was done at that moment; milliseconds since the epoch. */
	noteEnd(job: object, end: number): void {
		const start = this.#stays.get(job)?.start;
		this.leave(job);
		if (start === undefined) return;
		const stay = { start, end, beside: 1 };
		for (const other of this.#past) {
			if (isWithin(middleOf(other), stay)) other.beside++;
			if (isWithin(middleOf(stay), other)) stay.beside++;
		}
		this.#past.push(stay);
		if (this.#past.length > MEMORY) this.#past.shift();
	}

	/**
	 * @param at when it was seen to wait; milliseconds since the epoch
	 * @param place jobs that waited ahead of it then
	 * @param work milliseconds that each of those will likely work
	 * @returns milliseconds since the epoch; nothing if none of ours is at work
	 */
	startOf(at: number, place: number, work: number): number | undefined {
		const ends: number[] = [];
		for (const stay of this.#past) if (isWithin(at, stay)) ends.push(stay.end);
		for (const stay of this.#stays.values()) {
			const { start, end = Math.max(at, start + work) } = stay;
			if (start <= at && end > at) ends.push(end);
		}
		ends.sort((one, other) => one - other);
		// A job whose end was not seen yet, and the one that took its place, would be counted both.
		const atWork = ends.slice(-this.#mostAtWork);
		const end = atWork[place % atWork.length];
		// Each that ends makes room for one of those ahead, which makes room for the next when it ends.
		return end === undefined ? undefined : end + Math.floor(place / atWork.length) * work;
	}

	get #mostAtWork(): number {
		return Math.max(1, ...this.#past.slice(-RECENT).map(({ beside }) => beside));
	}
}

function isWithin(
	moment: number,
	{ start, end }: Required<Stay> & { readonly end: number },
): boolean {
	return start <= moment && moment < end;
}

function middleOf({ start, end }: PastStay): number {
	return (start + end) / 2;
}

/** As many as an account may have at work at once, and more. */
const MEMORY = 200;
/** How many work at once changes with the account's limit. */
const RECENT = 50;
