import { Lanes } from '../../../nodes/engine/batch/lanes';
import { Restraint } from '../../../nodes/engine/batch/restraint';
import type { Failure } from '../../../nodes/engine/failure';
import { newJob } from '../../../nodes/engine/job';
import { VirtualClock } from '../virtualClock';

const failure: Failure = { type: 'forbidden', message: 'No', statusCode: 403, retryable: false };

/** Two results that could not be read, which is as many as may be, while one job is open. */
function restrained({ waiting = 1 } = {}) {
	const lanes = new Lanes(2, 10, new VirtualClock(), () => 0.5);
	for (let index = 0; index < waiting; index++) {
		lanes.add(newJob({ model: 'a/b', input: {}, conditions: {} }, index));
	}
	const restraint = new Restraint(
		2,
		lanes,
		() => 1,
		undefined,
		() => {},
	);
	for (const job of [{}, {}]) restraint.unread.missed(job);
	return { lanes, restraint };
}

it('nothing more is offered while results can’t be read, and the progress says so', () => {
	const { restraint } = restrained();
	expect(restraint.allows).toBe(false);
	expect(restraint.holdUp).toMatch(/^No result can be read \(2 tried\)/);
});

it('with nothing left to offer, nothing is held up', () => {
	expect(restrained({ waiting: 0 }).restraint.holdUp).toBeUndefined();
});

// What is still waiting then are requests to be taken over: held back, the batch would never end.
it('a batch that submits nothing more holds nothing back', () => {
	const { lanes, restraint } = restrained();
	lanes.close(failure);
	expect(restraint.allows).toBe(true);
});

it('a result that can be read ends it', () => {
	const { restraint } = restrained();
	restraint.unread.read();
	expect(restraint.allows).toBe(true);
	expect(restraint.holdUp).toBeUndefined();
});

it('when even one more result can’t be read nothing is submitted any more, which may change', () => {
	const lanes = new Lanes(2, 10, new VirtualClock(), () => 0.5);
	const { unread } = new Restraint(
		2,
		lanes,
		() => 0,
		undefined,
		() => {},
	);
	for (const job of [{}, {}]) unread.giveUp(job);
	expect(lanes.closedFor).toBeUndefined();
	unread.giveUp({});
	expect(lanes.closedFor).toMatchObject({ type: 'results_unreadable', retryable: true });
});
