/** The rows of the fault matrix: everything that can go wrong with one call. */
import type { FaultyAnswer } from '../../local-fal';

/** How long the two rows with a `Retry-After` ask to wait. */
const RETRY_AFTER = { seconds: 2, dateIn: 5_000 };

const tooMany = (headers: Record<string, string> = {}): FaultyAnswer => ({
	status: 429,
	headers,
	body: { detail: 'Too many requests' },
});

const page = (title: string): string =>
	`<html><head><title>${title}</title></head><body><center><h1>${title}</h1></center></body></html>`;

/**
 * Where a submit may have been taken in spite of the answer, it was: `taken`. The date of a `Retry-After`
 * depends on when it is given.
 */
export const FAULTS = {
	'HTTP 429': () => tooMany(),
	'HTTP 429, Retry-After in seconds': () => tooMany({ 'retry-after': String(RETRY_AFTER.seconds) }),
	'HTTP 429, Retry-After as a date': () =>
		tooMany({ 'retry-after': new Date(Date.now() + RETRY_AFTER.dateIn).toUTCString() }),
	'HTTP 500': () => ({ status: 500, body: { detail: 'Internal Server Error' }, taken: true }),
	'HTTP 502, a page of HTML': () => ({ status: 502, body: page('502 Bad Gateway'), taken: true }),
	'HTTP 503': () => ({ status: 503, taken: true }),
	'HTTP 503, a gateway’s JSON': () => ({
		status: 503,
		body: { message: 'no healthy upstream' },
		taken: true,
	}),
	'HTTP 504': () => ({ status: 504, taken: true }),
	'HTTP 504, fal’s user timeout': () => ({
		status: 504,
		headers: { 'x-fal-request-timeout-type': 'user' },
		taken: true,
	}),
	'HTTP 408': () => ({ status: 408, taken: true }),
	'connection refused': () => 'refused',
	'reset before the request was taken': () => 'reset_before',
	'reset after the request was taken': () => 'reset_after',
	'hang before the request is taken': () => 'hang_before',
	'hang after the request was taken': () => 'hang',
	'slow trickle': () => 'trickle',
	'trickle without an end': () => 'endless_trickle',
	'empty body': () => 'empty',
	'half a JSON': () => 'half_json',
	'HTML instead of JSON': () => 'html',
	'wrong content type': () => 'wrong_content_type',
	'50 MB body': () => ({ size: 50_000_000 }),
} satisfies Record<string, () => FaultyAnswer | 'refused'>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** Passing: the first call of its kind. Staying: every one. */
export type Lasting = 'passing' | 'staying';
export const LASTINGS = ['passing', 'staying'] as const satisfies Lasting[];

/** A job may have been taken, and its id did not come along: neither in the body nor in the headers. */
export const WITHOUT_ID: ReadonlySet<FaultName> = new Set<FaultName>([
	'HTTP 500',
	'HTTP 502, a page of HTML',
	'HTTP 503',
	'HTTP 503, a gateway’s JSON',
	'HTTP 504',
	'HTTP 504, fal’s user timeout',
	'HTTP 408',
	'reset after the request was taken',
	'hang after the request was taken',
	'HTML instead of JSON',
]);

/** Each of these holds a job up for as long as a call may take, which is minutes. */
export const HANGING: ReadonlySet<FaultName> = new Set<FaultName>([
	'hang before the request is taken',
	'hang after the request was taken',
	'trickle without an end',
]);
