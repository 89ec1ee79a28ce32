/**
 * How long to wait before asking again: full jitter, exponential, capped.
 *
 * Full jitter (anything between nothing and the ceiling) spreads callers that failed together best;
 * see the AWS builders' library on exponential backoff and jitter. `Retry-After` is a floor: what
 * the server asks for is never undercut.
 */
import { SECOND } from './clock';

export interface Backoff {
	/** Ceiling of the first wait, in milliseconds. */
	readonly base: number;
	/** Ceiling of every wait, in milliseconds. */
	readonly cap: number;
}

/** Reading costs nothing, but hammering a struggling server does not help it. */
export const READ_BACKOFF: Backoff = { base: SECOND, cap: 30 * SECOND };

/** After a submit that fal did not take: short at first, for the usual blip; long in an outage. */
export const SUBMIT_BACKOFF: Backoff = { base: SECOND / 2, cap: 30 * SECOND };

/**
 * @param failures how many times in a row it went wrong, 1 or more
 * @param random a number from 0 to below 1
 * @param retryAfter the server's own figure in milliseconds, if it gave one
 * @returns milliseconds to wait
 */
export function backoffDelay(
	failures: number,
	{ base, cap }: Backoff,
	random: number,
	retryAfter = 0,
): number {
	const ceiling = Math.min(cap, base * 2 ** Math.min(failures - 1, 30));
	return Math.max(retryAfter, random * ceiling);
}

/** No server may park a batch for longer than this with one header. */
const LONGEST_RETRY_AFTER = 15 * 60 * SECOND;

/**
 * Reads a `Retry-After` header: seconds, or an HTTP date (RFC 9110, 10.2.3).
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds to wait, 0 when the header is absent, past or unreadable
 */
export function parseRetryAfter(header: string | undefined, now: number): number {
	const value = header?.trim();
	if (!value) return 0;
	const wait = /^\d+(\.\d+)?$/.test(value) ? Number(value) * SECOND : Date.parse(value) - now;
	return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER) : 0;
}
