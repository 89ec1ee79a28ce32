/** When fal pushed back, or was not there: what a report draws over time. */
import type { SubmitVerdict } from '../submitting/submit';

export interface Happening {
	/** Milliseconds since the epoch. */
	readonly at: number;
	readonly kind: 'pushback' | 'unreached' | 'unknown';
}

/** An outage of hours has thousands of them, and a picture shows no more. */
const MOST = 5_000;

export function noteHappening(happenings: Happening[], verdict: SubmitVerdict, at: number): void {
	if (happenings.length >= MOST) return;
	if (verdict.kind === 'unknown') happenings.push({ at, kind: 'unknown' });
	if (verdict.kind !== 'refused') return;
	happenings.push({ at, kind: verdict.pushback ? 'pushback' : 'unreached' });
}
