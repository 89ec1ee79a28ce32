import { OutageBound } from '../../../nodes/engine/submitting/outageBound';

function boundOf(bound: number, untakenAt: readonly number[] = []) {
	const outage = new OutageBound(bound);
	for (const moment of untakenAt) outage.countUntaken(moment);
	return outage;
}

it('is reached by as many submits in a row as the bound, and by no fewer', () => {
	expect(boundOf(2, [1]).isReached).toBe(false);
	expect(boundOf(2, [1, 2]).isReached).toBe(true);
});

it('is committed while submits in the air could use up what is left', () => {
	const outage = boundOf(3, [1]);
	outage.sent();
	expect(outage.isCommitted).toBe(false);
	outage.sent();
	expect(outage.isCommitted).toBe(true);
	outage.cameBack();
	expect(outage.isCommitted).toBe(false);
});

// Whoever waits for a submit to come back would wait for ever.
it('is not committed with nothing in the air, even when it is reached', () => {
	expect(boundOf(1, [1]).isCommitted).toBe(false);
});

it('is over with a submit that was sent after the last one that was not taken, or that very moment', () => {
	for (const sentAt of [5, 6]) {
		const outage = boundOf(1, [5]);
		expect(outage.hearThatItWorks(sentAt)).toBe(true);
		expect(outage.isReached).toBe(false);
	}
});

it('goes on when a submit is taken that was sent before', () => {
	const outage = boundOf(1, [5]);
	expect(outage.hearThatItWorks(4)).toBe(false);
	expect(outage.isReached).toBe(true);
});
