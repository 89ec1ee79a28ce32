import {
	Barrier,
	FOR_GIVEN_IDS,
	FOR_OWN_JOBS,
	isRefusedKey,
} from '../../../nodes/engine/following/barrier';
import { lost, rejected, unreadable, unsent } from '../replies';

const patience = { withFal: 1_000, withOthers: 5_000 };
const notFound = rejected(404, { status: 'NOT_FOUND' });

it.each([
	lost,
	unsent,
	unreadable,
	rejected(408),
	rejected(425),
	rejected(429, { detail: 'Too many' }),
	rejected(500, { detail: 'No' }),
	rejected(503),
])('says nothing: %j', (reply) => {
	const barrier = new Barrier(patience);
	expect(barrier.hear(reply, 0)).toEqual({ left: Infinity });
	expect(barrier.hear(reply, 1_000_000)).toEqual({ left: Infinity });
	expect(barrier.standing).toBeUndefined();
});

it.each([
	['fal’s own words', notFound, 1_000],
	['fal’s 405, which is plain text', rejected(405, '405: Method Not Allowed'), 1_000],
	['another plain text', rejected(404, 'Not Found'), 5_000],
	['a page', rejected(405), 5_000],
	['499, fal’s word for a cancelled job', rejected(499, { detail: 'Cancelled' }), 1_000],
	['a redirect', rejected(302), 5_000],
])('%s are believed when they have stood for long enough', (_, reply, time) => {
	const barrier = new Barrier(patience);
	expect(barrier.hear(reply, 100)).toEqual({ left: time });
	expect(barrier.hear(reply, 100 + time - 1)).toEqual({ left: 1 });
	expect(barrier.hear(reply, 100 + time)).toMatchObject({
		left: 0,
		barred: { byFal: time === 1_000, failure: { statusCode: reply.status, retryable: false } },
	});
});

it('counts from the first of them, whatever it was', () => {
	const barrier = new Barrier(patience);
	barrier.hear(rejected(403), 0);
	expect(barrier.hear(notFound, 600)).toEqual({ left: 400 });
});

it('begins anew after trouble of another kind', () => {
	const barrier = new Barrier(patience);
	barrier.hear(notFound, 0);
	barrier.hear(lost, 500);
	expect(barrier.standing).toBeUndefined();
	expect(barrier.hear(notFound, 900)).toEqual({ left: 1_000 });
});

it('tells what stands, until it is forgotten', () => {
	const barrier = new Barrier(patience);
	barrier.hear(rejected(403, { detail: 'Exhausted balance' }), 0);
	expect(barrier.standing).toMatchObject({ byFal: true, failure: { statusCode: 403 } });
	expect(barrier.standing!.failure.message).toBe(
		'fal does not let this request be read: Exhausted balance.',
	);
	barrier.forget();
	expect(barrier.standing).toBeUndefined();
	expect(barrier.hear(notFound, 5_000)).toEqual({ left: 1_000 });
	expect(barrier.standing!.failure.message).toBe('fal does not know this request (any more).');
});

it('for a job of our own is patient with all, for an id that was given with pages only', () => {
	const left = (kind: typeof FOR_OWN_JOBS) =>
		[notFound, rejected(403)].map((reply) => new Barrier(kind).hear(reply, 0).left / 1_000);
	expect(left(FOR_OWN_JOBS)).toEqual([360, 360]);
	expect(left(FOR_GIVEN_IDS)).toEqual([10, 360]);
});

it.each([
	[401, true],
	[403, true],
	[404, false],
	[undefined, false],
])('HTTP status %s is a refused key: %s', (statusCode, is) => {
	const failure = { type: 'x', message: 'x', retryable: false };
	expect(isRefusedKey({ ...failure, ...(statusCode !== undefined && { statusCode }) })).toBe(is);
});
