/**
 * Pairs the jobs of a batch with earlier requests for the very same input, made by a run that crashed, was
 * stopped, or is being repeated: what was paid for then is not paid for again.
 */
import { MINUTE, SECOND } from '../clock';
import type { Failure } from '../failure';
import { type HistoryReader, type PastRequest, readHistory } from './history';
import type { Job } from '../job';

export interface Reuse {
	/** One request for each job, and one job for each request. */
	readonly found: ReadonlyMap<Job, PastRequest>;
	/** Why the history could not be read, or not to its end. */
	readonly failure?: Failure;
}

/**
 * Looks for requests that succeeded or are open. A failed one is of no use; its job is submitted again.
 *
 * @param since milliseconds since the epoch
 */
export async function findReusable(
	jobs: readonly Job[],
	since: number,
	reader: HistoryReader,
): Promise<Reuse> {
	const { clock, signal } = reader;
	const pairing = new Pairing(jobs, reader);
	let failure = await pairing.read(since);
	for (let left = LONGEST_PAUSE; left > 0; ) {
		const foundBefore = pairing.found.size;
		const now = clock.now();
		const time = pairing.timeForOpenOnes(now);
		if (time === undefined) break;
		const pause = Math.min(time, left);
		left -= pause;
		await clock.sleep(pause, signal);
		// What was open then had been submitted not much longer ago than a job takes.
		const later = await pairing.read(Math.max(since, now - 2 * time));
		failure ??= later;
		// As long as new ones show up there may be more: those that waited in fal's queue take longer.
		if (pairing.found.size === foundBefore) break;
	}
	return { found: pairing.found, ...(failure && { failure }) };
}

/** A film may take long, but a batch that waits longer than this before it begins looks dead. */
const LONGEST_PAUSE = 10 * MINUTE;
/** How late fal's history may be, and how far fal's clock may differ from ours: neither is known. */
const LATE = 30 * SECOND;

class Pairing {
	readonly found = new Map<Job, PastRequest>();
	readonly #wanted = new Map<string, Map<string, Job[]>>();
	readonly #taken = new Set<string>();
	#showsOpenOnes = false;
	/** Of the requests found: the longest time from submit to end, and the latest sign of life. */
	#longest = 0;
	#alive = Number.NEGATIVE_INFINITY;

	constructor(
		private readonly jobs: readonly Job[],
		private readonly reader: HistoryReader,
	) {
		for (const job of jobs) {
			const { model, input } = job.submission;
			const ofModel = this.#wanted.get(model) ?? new Map<string, Job[]>();
			const identity = reader.history.identityOf(input);
			const alike = ofModel.get(identity) ?? [];
			alike.push(job);
			ofModel.set(identity, alike);
			this.#wanted.set(model, ofModel);
		}
	}

	/** @returns why the history of a model could not be read, if one could not */
	async read(since: number): Promise<Failure | undefined> {
		let failure: Failure | undefined;
		for (const [model, ofModel] of this.#wanted) {
			if (ofModel.size === 0) continue;
			const trouble = await readHistory(model, since, this.reader, (requests) => {
				for (const request of requests) this.#pair(request, ofModel);
				return ofModel.size > 0;
			});
			// The other models are read all the same: what is not found is paid for again.
			failure ??= trouble;
		}
		return failure;
	}

	/**
	 * Whether fal's history shows requests before they have ended is not documented. If it does not, what
	 * was open when the earlier run died is still missing in it, and would be paid for again.
	 *
	 * That run submitted until it died: whatever it left open was sent within one job's time before its death,
	 * and others of it ended shortly before that. If none did, nothing can still be open. If fal's history does
	 * show open requests, only the last ones sent may still be missing.
	 *
	 * @returns milliseconds after which all of them must have appeared; nothing when none can be missing
	 */
	timeForOpenOnes(now: number): number | undefined {
		if (this.found.size === this.jobs.length) return undefined;
		const time = (this.#showsOpenOnes ? 0 : this.#longest) + LATE;
		return now - this.#alive < 2 * time ? time : undefined;
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
		this.#alive = Math.max(this.#alive, end?.at ?? this.reader.clock.now());
		if (end) this.#longest = Math.max(this.#longest, end.at - sentAt);
	}
}
