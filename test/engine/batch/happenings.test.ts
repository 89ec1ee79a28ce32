/** What a report draws over time: only what went wrong between fal and a submit, and not without end. */
import { type Happening, noteHappening } from '../../../nodes/engine/batch/happenings';
import type { SubmitVerdict } from '../../../nodes/engine/submitting/submit';

const failure = { type: 'x', message: 'No', retryable: true };
const unknown: SubmitVerdict = { kind: 'unknown', failure };
const refused = (pushback: boolean): SubmitVerdict => ({
	kind: 'refused',
	failure,
	pushback,
	retryAfter: 0,
});

it('a submit that went wrong is noted with its moment', () => {
	const happenings: Happening[] = [];
	noteHappening(happenings, refused(true), 1);
	noteHappening(happenings, refused(false), 2);
	noteHappening(happenings, unknown, 3);
	expect(happenings).toEqual([
		{ at: 1, kind: 'pushback' },
		{ at: 2, kind: 'unreached' },
		{ at: 3, kind: 'unknown' },
	]);
});

it('one that fal took, or refused for what it is, is not', () => {
	const happenings: Happening[] = [];
	noteHappening(happenings, { kind: 'accepted', accepted: { requestId: 'a' } }, 1);
	noteHappening(happenings, { kind: 'final', failure, reach: 'job' }, 2);
	expect(happenings).toEqual([]);
});

it('after five thousand nothing is noted', () => {
	const happenings: Happening[] = [];
	for (let at = 0; at < 6_000; at++) noteHappening(happenings, unknown, at);
	expect(happenings).toHaveLength(5_000);
	expect(happenings.at(-1)!.at).toBe(4_999);
});
