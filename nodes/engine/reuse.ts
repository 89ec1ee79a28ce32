/**
 * Pairing the jobs of a batch with requests that were made for the very same input before, by a run that
 * crashed, was stopped, or is being repeated: what was paid for then is not paid for again.
 */
import { MINUTE } from './clock';
import type { Failure } from './failure';
import { type HistoryReader, type PastRequest, readHistory } from './history';
import type { Job } from './job';

export interface Reuse {
	/** One request for each job, and one job for each request. */
	readonly found: ReadonlyMap<Job, PastRequest>;
	/** Why the history could not be read, or not to its end. */
	readonly failure?: Failure;
}

/**
 * Looks for requests that succeeded, or are open. One that failed is no use, and is tried again.
 *
 * @param since milliseconds since the epoch
 */
export async function findReusable(
	jobs: readonly Job[],
	since: number,
	reader: HistoryReader,
): Promise<Reuse> {
	const pairing = new Pairing(jobs, reader);
	const failure = await pairing.read(since);
	const pause = failure ? undefined : pairing.timeForOpenOnes(reader.clock.now());
	if (pause === undefined) return { found: pairing.found, ...(failure && { failure }) };
	const now = reader.clock.now();
	await reader.clock.sleep(pause, reader.signal);
	const later = await pairing.read(Math.max(since, now - 2 * pause));
	return { found: pairing.found, ...(later && { failure: later }) };
}

/** A film may take long; a batch that waits longer than this before it begins looks dead. */
const LONGEST_PAUSE = 10 * MINUTE;

class Pairing {
	readonly found = new Map<Job, PastRequest>();
	readonly #wanted = new Map<string, Map<string, Job[]>>();
	readonly #taken = new Set<string>();
	#showsOpenOnes = false;
	/** Of the requests found: the longest time from submit to end, and the latest end. */
	#longest = 0;
	#latestEnd = 0;

	constructor(
		private readonly jobs: readonly Job[],
		private readonly reader: HistoryReader,
	) {
		for (const job of jobs) {
			const { model, input } = job.submission;
			const ofModel = this.#wanted.get(model) ?? new Map<string, Job[]>();
			const identity = reader.history.identityOf(input);
			this.#wanted.set(model, ofModel);
			ofModel.set(identity, [...(ofModel.get(identity) ?? []), job]);
		}
	}

	/** @returns why the history of a model could not be read, if one could not */
	async read(since: number): Promise<Failure | undefined> {
		let failure: Failure | undefined;
		for (const [model, ofModel] of this.#wanted) {
			failure ??= await readHistory(model, since, this.reader, (requests) => {
				for (const request of requests) this.#pair(request, ofModel);
				return ofModel.size > 0;
			});
		}
		return failure;
	}

	/**
	 * Whether fal's history shows requests before they have ended is not documented. If it does not, what
	 * was open when the earlier run died is still missing in it, and would be paid for again.
	 *
	 * As long as that run lived it submitted: whatever it left open was sent within one job's time before
	 * now, and others of it ended not long before that. If none did, nothing can be open any more.
	 *
	 * @returns milliseconds until all of them must have ended; nothing when none can be open
	 */
	timeForOpenOnes(now: number): number | undefined {
		const complete = this.found.size === this.jobs.length;
		if (complete || this.#showsOpenOnes || this.#latestEnd === 0) return undefined;
		const pause = Math.min(this.#longest, LONGEST_PAUSE);
		return now - this.#latestEnd < 2 * pause ? pause : undefined;
	}

	#pair(request: PastRequest, wanted: Map<string, Job[]>): void {
		const { handle, identity, sentAt, end } = request;
		if (!end) this.#showsOpenOnes = true;
		if (identity === undefined || end?.succeeded === false) return;
		const jobs = wanted.get(identity);
		if (!jobs || this.#taken.has(handle.requestId)) return;
		this.#taken.add(handle.requestId);
		this.found.set(jobs.shift()!, request);
		if (jobs.length === 0) wanted.delete(identity);
		if (!end) return;
		this.#longest = Math.max(this.#longest, end.at - sentAt);
		this.#latestEnd = Math.max(this.#latestEnd, end.at);
	}
}
