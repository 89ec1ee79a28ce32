/**
 * One attempt at a job, from the moment fal has it until its outcome is known:
 *
 *     followed until fal is done with it, or nobody waits any more -> its slot is free -> the result is read
 */
import type { Failure } from '../failure';
import { collect } from '../following/collect';
import { endingOf, unreadableEnding } from '../following/ending';
import { type Followed, followUntilDone, type Watch } from '../following/follow';
import type { Ending } from '../job';
import type { PastRequest } from '../remembering/history';
import type { Accepted, Handle } from '../transport';
import { abandon, type Abandonment, abandonment, isCancellation } from './abandonment';
import type { BatchSettings } from './settings';

/** How the following ended. */
export type Departure =
	/** fal is done with it: there is a result to read. */
	| {
			readonly kind: 'done';
			/** Seconds. */
			readonly inferenceTime?: number;
			/** Why the job failed, if the status said so. */
			readonly told?: Failure;
			/** Why fal was asked to cancel it, when that came too late. */
			readonly abandonedFor?: 'stopped' | 'deadline';
	  }
	| {
			readonly kind: 'ended';
			readonly ending: Ending;
			/** Why fal does not allow a look at the job, if that is how it ended. */
			readonly barredFor?: Failure;
	  };

export class Attempt {
	private constructor(
		readonly followed: Followed,
		private readonly by: Follower,
		private readonly end?: PastRequest['end'],
	) {}

	/** fal has just taken the job. */
	static of(model: string, { requestId, queuePosition }: Accepted, by: Follower): Attempt {
		const known = queuePosition === undefined ? {} : { queuePosition };
		return new Attempt(followed({ requestId, model }, known, by), by);
	}

	/** The request was made before, and found again. */
	static at({ handle, end }: PastRequest, by: Follower): Attempt {
		return new Attempt(followed(handle, { mayBeDone: true }, by), by, end);
	}

	get handle(): Handle {
		return this.followed.handle;
	}

	/** Whether it is known to be over, so that a look would tell nothing new. */
	get isOver(): boolean {
		return this.#knownEnd !== undefined;
	}

	get #knownEnd(): PastRequest['end'] {
		return this.by.watch.includeLogs ? undefined : this.end;
	}

	/** Ends when the slot is free: fal is done with the job, or was asked to cancel it. */
	async follow(): Promise<Departure> {
		if (this.#knownEnd) return doneBefore(this.#knownEnd);
		const sight = await followUntilDone(this.followed, this.by.watch);
		switch (sight.kind) {
			case 'done':
				return sight;
			case 'barred':
				return barred(sight.failure);
			case 'deadline':
			case 'stopped': {
				const departure = await this.#abandon(sight.kind);
				const standing = sight.kind === 'deadline' && sight.standing;
				return standing && departure.kind === 'ended' ? barred(standing.failure) : departure;
			}
		}
	}

	/** Reads the result of a job that fal is done with. */
	async conclude(departure: Departure): Promise<Ending> {
		if (departure.kind === 'ended') return departure.ending;
		const { inferenceTime, abandonedFor, told } = departure;
		const collected = await collect(this.followed, this.by.watch, told);
		// The answer to the first cancel was lost, and the second found the job ended by it.
		if (abandonedFor && collected.kind === 'error' && isCancellation(collected.failure)) {
			return abandonment(abandonedFor, 'requested', this.by.settings);
		}
		const { logs } = this.followed;
		return endingOf(collected, { logs, ...(inferenceTime !== undefined && { inferenceTime }) });
	}

	async #abandon(reason: Abandonment): Promise<Departure> {
		const fate = await abandon(this.followed.handle, this.by.settings, this.by.watch);
		if (fate === 'finished') return { kind: 'done', abandonedFor: reason };
		return { kind: 'ended', ending: abandonment(reason, fate, this.by.settings) };
	}
}

/** Who follows it, and how. */
export interface Follower {
	readonly settings: BatchSettings;
	readonly watch: Watch;
}

function followed(
	handle: Handle,
	known: Partial<Followed>,
	{ settings, watch }: Follower,
): Followed {
	const since = watch.clock.now();
	const patience = settings.itemTimeout;
	const deadline = since + patience;
	return { handle, since, lastWaiting: since, deadline, patience, logs: [], ...known };
}

/** A job that can't be read may be running or done: this is no time-out. */
function barred(failure: Failure): Departure {
	return { kind: 'ended', ending: unreadableEnding(failure), barredFor: failure };
}

function doneBefore({ succeeded, inferenceTime }: NonNullable<PastRequest['end']>): Departure {
	return {
		kind: 'done',
		...(inferenceTime !== undefined && { inferenceTime }),
		...(!succeeded && { told: FAILED_BEFORE }),
	};
}

const FAILED_BEFORE: Failure = {
	type: 'job_failed',
	message: 'fal’s request history says that it failed',
	retryable: false,
};
