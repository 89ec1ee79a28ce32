import type { Failure } from '../../../nodes/engine/failure';
import { type Access, isLocked, Refusals } from '../../../nodes/engine/submitting/refusal';
import { VirtualClock } from '../virtualClock';

const refused: Failure = {
	type: 'forbidden',
	message: 'Forbidden',
	statusCode: 403,
	retryable: false,
};
const locked: Failure = {
	...refused,
	detail: 'User is locked. Reason: Exhausted balance.',
};

/** Refusals with a check that gives one answer after the other, the last one for good. */
function refusalsWith(...answers: Access[]) {
	const clock = new VirtualClock();
	const asked: number[] = [];
	const start = clock.now();
	const refusals = new Refusals(clock, async () => {
		asked.push(clock.now() - start);
		return (answers.length > 1 ? answers.shift() : answers[0])!;
	});
	const wait = async (ms: number) => await clock.runUntil(clock.sleep(ms));
	return { refusals, asked, wait };
}

describe('whom a refusal concerns', () => {
	it.each([
		{ access: 'granted', reach: 'model', certain: false },
		{ access: 'refused', reach: 'account', certain: true },
		{ access: 'unknown', reach: 'account', certain: false },
	] as const)('when the check says $access: the $reach', async ({ access, reach, certain }) => {
		const { refusals } = refusalsWith(access);
		expect(await refusals.judge('account', refused)).toEqual({ reach, certain });
	});

	it('one that is about the model is asked again, without a check', async () => {
		const { refusals, asked } = refusalsWith('refused');
		expect(await refusals.judge('model', refused)).toEqual({ reach: 'model', certain: false });
		expect(asked).toEqual([]);
	});

	it('an exhausted balance needs no check', async () => {
		const { refusals, asked } = refusalsWith('granted');
		expect(await refusals.judge('account', locked)).toEqual({ reach: 'account', certain: true });
		expect(asked).toEqual([]);
	});

	it('where nothing can be asked it is the account, and not certain', async () => {
		const refusals = new Refusals(new VirtualClock(), undefined);
		expect(await refusals.judge('account', refused)).toEqual({ reach: 'account', certain: false });
	});
});

describe('the check', () => {
	it('serves a whole burst', async () => {
		const { refusals, asked, wait } = refusalsWith('granted', 'refused');
		await Promise.all([refusals.judge('account', refused), refusals.judge('account', refused)]);
		await wait(9_999);
		expect(await refusals.judge('account', refused)).toMatchObject({ reach: 'model' });
		expect(asked).toEqual([0]);
	});

	// A key that is withdrawn in the middle of a batch is noticed.
	it('is made anew ten seconds later', async () => {
		const { refusals, asked, wait } = refusalsWith('granted', 'refused');
		await refusals.judge('account', refused);
		await wait(10_000);
		expect(await refusals.judge('account', refused)).toMatchObject({ reach: 'account' });
		expect(asked).toEqual([0, 10_000]);
	});
});

describe('an account without credit', () => {
	it.each([
		{ statusCode: 403, detail: 'User is locked.', is: true },
		{ statusCode: 402, detail: 'Not enough credit', is: true },
		{ statusCode: 403, detail: 'Exhausted BALANCE', is: true },
		{ statusCode: 401, detail: 'User is locked.', is: false },
		{ statusCode: 403, detail: 'This model is private', is: false },
		{ statusCode: 403, detail: ['User is locked.'], is: false },
	])('$statusCode, $detail: $is', ({ statusCode, detail, is }) => {
		expect(isLocked({ ...refused, statusCode, detail })).toBe(is);
	});
});
