/**
 * Whether fal lets a request be read at all, as far as the answers to looks tell. A single 4xx may come from
 * a proxy, or from a part of fal that has not heard of the job yet: it counts only if it persists.
 */
import { endSentence, type Failure, readFailure } from '../failure';
import { isRecord } from '../isRecord';
import type { FailedReply } from '../transport';
import { ODD_ANSWER_PATIENCE, SECOND_OPINION } from './patience';

/** How long an answer has to persist until it counts; milliseconds. */
export interface BarrierPatience {
	/** For answers that fal itself may have given. */
	readonly withFal: number;
	/** For HTML pages, and answers that say nothing. */
	readonly withOthers: number;
}

/** fal gave us the request ID: the request exists, whatever an answer says for some minutes. */
export const FOR_OWN_JOBS: BarrierPatience = {
	withFal: ODD_ANSWER_PATIENCE,
	withOthers: ODD_ANSWER_PATIENCE,
};

/** Somebody gave us the request ID: it may be wrong, or fal may have dropped the request. */
export const FOR_GIVEN_IDS: BarrierPatience = {
	withFal: SECOND_OPINION,
	withOthers: ODD_ANSWER_PATIENCE,
};

export interface Barred {
	readonly failure: Failure;
	/** Whether fal itself said so, and not something on the way. */
	readonly byFal: boolean;
}

export class Barrier {
	/** Since when nothing was heard but that it can't be read; milliseconds since the epoch. */
	#since: number | undefined;
	#standing: Barred | undefined;

	constructor(private readonly patience: BarrierPatience) {}

	/** A look told something, or nothing was heard at all. */
	forget(): void {
		this.#since = this.#standing = undefined;
	}

	/** Why the latest look could not read it, for however short a time. */
	get standing(): Barred | undefined {
		return this.#standing;
	}

	/** @returns why the request can't be read; or how many milliseconds are left until that is believed */
	hear(reply: FailedReply, now: number): { barred?: Barred; left: number } {
		const read = readBarrier(reply);
		if (!read) {
			this.forget();
			return { left: Number.POSITIVE_INFINITY };
		}
		this.#since ??= now;
		this.#standing = read;
		const { withFal, withOthers } = this.patience;
		const left = this.#since + (read.byFal ? withFal : withOthers) - now;
		return left <= 0 ? { barred: read, left: 0 } : { left };
	}
}

/** What the answer means if it persists; nothing when it says only that something went wrong. */
function readBarrier(reply: FailedReply): Barred | undefined {
	if (reply.kind !== 'rejected') return undefined;
	const { status, headers, body } = reply;
	if (status >= 500 || status === 408 || status === 425 || status === 429) return undefined;
	const failure = readFailure(status, headers, body);
	const message =
		status === 404
			? 'fal does not know this request (any more).'
			: `fal does not let this request be read: ${endSentence(failure.message)}`;
	// fal's words may be plain text: "405: Method Not Allowed". An HTML page arrives here as no body at all.
	const byFal = isRecord(body) || (typeof body === 'string' && status === 405);
	return { failure: { ...failure, message, retryable: false }, byFal };
}

/** The key, or the account behind it, may not read this; the job goes on as it would. */
export function isRefusedKey({ statusCode }: Failure): boolean {
	return statusCode === 401 || statusCode === 403;
}
