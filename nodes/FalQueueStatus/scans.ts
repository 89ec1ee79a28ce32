/**
 * Asking fal about the requests of parked executions, once on behalf of all callbacks that come meanwhile, and
 * letting each execution go on once.
 */
import { type Clock, MINUTE } from '../engine/clock';
import type { Handle } from '../engine/transport';

interface Scan {
	/** Requests that have called back since it began. */
	readonly calledBack: Set<string>;
	/** Whether one did after the current round had begun. */
	again: boolean;
	/** Since when, in milliseconds since the epoch, the execution goes on, because these were all done. */
	resumed?: { readonly at: number; readonly requests: ReadonlySet<string> };
}

/**
 * Until n8n has written into its database that an execution goes on, callbacks still reach its node, and
 * n8n 1.x lets the execution go on again for each: what is behind the node would run twice, and be paid for
 * twice. n8n 2 refuses the second one by itself. n8n needs seconds at most; the rest is room.
 */
const REMEMBERED = MINUTE;

/** Of all executions that are parked in this n8n process. */
export class Scans {
	/**
	 * The last one of each execution. Callbacks come in bursts, most of all after a restart of n8n: if each
	 * asked about all the others at the same time, N of them would ask N squared times.
	 */
	readonly #scans = new Map<string, Scan>();

	constructor(private readonly clock: Pick<Clock, 'now'>) {}

	/** @returns whether nothing is left to do: a scan is under way, and will look once more, or it was the last */
	join(execution: string, requestId: string): boolean {
		const scan = this.#scans.get(execution);
		if (!scan) return false;
		if (scan.resumed) return this.#isRecent(scan) && scan.resumed.requests.has(requestId);
		scan.calledBack.add(requestId);
		scan.again = true;
		return true;
	}

	/**
	 * To be called when {@link Scans.join} has said no.
	 *
	 * @param areDone asks fal about requests that have not called back
	 * @returns whether all requests are done; true once for the same requests of an execution
	 */
	async areAllDone(
		execution: string,
		requestId: string,
		handles: readonly Handle[],
		areDone: (silent: readonly Handle[]) => Promise<boolean>,
	): Promise<boolean> {
		this.#forgetOld();
		const own: Scan = { calledBack: new Set([requestId]), again: true };
		this.#scans.set(execution, own);
		try {
			while (own.again) {
				own.again = false;
				const silent = handles.filter((handle) => !own.calledBack.has(handle.requestId));
				if (!(await areDone(silent))) continue;
				const requests = new Set(handles.map((handle) => handle.requestId));
				own.resumed = { at: this.clock.now(), requests };
				return true;
			}
			return false;
		} finally {
			if (!own.resumed) this.#scans.delete(execution);
		}
	}

	#isRecent({ resumed }: Scan): boolean {
		return !resumed || this.clock.now() - resumed.at < REMEMBERED;
	}

	#forgetOld(): void {
		for (const [execution, scan] of this.#scans) {
			if (!this.#isRecent(scan)) this.#scans.delete(execution);
		}
	}
}
