/**
 * A submit whose fate is unknown: it may be a paid job by now. Here fal's own history is searched for it;
 * nothing is ever sent again from here.
 */
import { type Clock, MINUTE, SECOND } from '../clock';
import { endSentence, type Failure } from '../failure';
import type { Unsuccessful } from '../job';
import type { PastRequest } from '../remembering/history';
import type { LostSubmits, SentSubmit } from '../remembering/lostSubmits';

export type Found =
	| { readonly kind: 'found'; readonly request: PastRequest }
	| {
			readonly kind: 'not_found';
			readonly ending: Unsuccessful;
			/** Why fal's history could not be read. */
			readonly trouble?: Failure;
	  };

/** @param patience milliseconds to look for it; asked anew at each look */
export async function lookUp(
	sent: SentSubmit,
	failure: Failure,
	patience: () => number,
	{ lostSubmits, clock }: { readonly lostSubmits: LostSubmits; readonly clock: Clock },
): Promise<Found> {
	const lostAt = clock.now();
	const until = () => lostAt + patience();
	const search = await lostSubmits.find({ ...sent, lostAt, until });
	switch (search.kind) {
		case 'found':
			return search;
		case 'not_found': {
			const seconds = Math.round((clock.now() - lostAt) / SECOND);
			const looked = `It was looked for in fal’s request history for ${seconds} seconds, and did not appear there.`;
			return { kind: 'not_found', ending: unknownEnding(failure, looked) };
		}
		case 'unreadable': {
			const why = `fal’s request history could not be read: ${endSentence(search.failure.message)}`;
			const ending = unknownEnding(failure, `${why} ${LOOK_FOR_IT}`);
			return { kind: 'not_found', ending, trouble: search.failure };
		}
		case 'stopped':
			return { kind: 'not_found', ending: unknownEnding(failure) };
	}
}

/** @param addition what was done about it, or should be done */
export function unknownEnding(failure: Failure, addition = LOOK_FOR_IT): Unsuccessful {
	const message = `${endSentence(failure.message)} ${addition}`;
	return { outcome: 'unknown', failure: { ...failure, message } };
}

/**
 * Milliseconds after which a lost job must have ended, and so must have appeared: it takes no longer than the
 * others.
 *
 * @param longestJob milliseconds
 */
export function lookUpPatience(longestJob: number): number {
	return LOOK_UP_AT_LEAST + 3 * longestJob;
}

const LOOK_FOR_IT = 'Look for it in fal’s request history before you do.';

/**
 * How late an ended request appears in fal's history is not known; after this time even a late one should
 * have.
 */
const LOOK_UP_AT_LEAST = 2 * MINUTE;
