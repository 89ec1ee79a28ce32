/** A clock that jumps from one event to the next, so that hours of waiting take milliseconds. */
import { onAbort } from '../../nodes/engine/abort';
import type { Clock } from '../../nodes/engine/clock';

interface Alarm {
	readonly at: number;
	/** Alarms of the same moment ring in the order in which they were set. */
	readonly order: number;
	readonly ring: () => void;
}

export class VirtualClock implements Clock {
	#now = 1_700_000_000_000;
	#orders = 0;
	/** Sorted, next one last, so that taking it is cheap. */
	readonly #alarms: Alarm[] = [];

	/** @param mostEvents after which work is taken to go on without end */
	constructor(private readonly mostEvents = MOST_EVENTS) {}

	now(): number {
		return this.#now;
	}

	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		if (ms <= 0 || signal?.aborted) return;
		await new Promise<void>((resolve) => {
			this.at(this.#now + ms, resolve);
			onAbort(signal, resolve);
		});
	}

	/** Calls `ring` at a moment, in milliseconds since the epoch. */
	at(moment: number, ring: () => void): void {
		const alarm = { at: moment, order: this.#orders++, ring };
		let from = 0;
		let to = this.#alarms.length;
		while (from < to) {
			const middle = (from + to) >> 1;
			if (isLater(alarm, this.#alarms[middle]!)) to = middle;
			else from = middle + 1;
		}
		this.#alarms.splice(from, 0, alarm);
	}

	/**
	 * Lets time pass until the work is done.
	 *
	 * @throws if nothing is left that could ever end it, or if it goes on without end
	 */
	async runUntil<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
		let settled = false;
		const done = work.finally(() => (settled = true));
		done.catch(() => {});
		for (let events = 0; events < this.mostEvents; events++) {
			await allPromisesMoved();
			if (settled) return await done;
			const next = this.#alarms.pop();
			if (!next) throw new Error('Nothing is left to wait for, and the work is not done');
			this.#now = Math.max(this.#now, next.at);
			next.ring();
		}
		throw new Error(`Still going on after ${this.mostEvents} events`);
	}
}

/** A batch of a hundred jobs makes a few thousand. */
const MOST_EVENTS = 300_000;

function isLater(a: Alarm, b: Alarm): boolean {
	return a.at > b.at || (a.at === b.at && a.order > b.order);
}

function allPromisesMoved(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
