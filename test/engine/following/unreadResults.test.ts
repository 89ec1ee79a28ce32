import { UnreadResults } from '../../../nodes/engine/following/unreadResults';

const MOST = 3;

function unreadResults({ missed = 0, givenUp = 0 } = {}) {
	const hear = jest.fn();
	const unread = new UnreadResults(MOST, hear);
	const jobs = Array.from({ length: missed + givenUp }, () => ({}));
	for (const job of jobs) unread.missed(job);
	for (const job of jobs.slice(missed)) unread.giveUp(job);
	return { unread, jobs, hear };
}

it('a result counts once, however often it is asked for in vain', () => {
	const { unread, jobs } = unreadResults({ missed: 1 });
	unread.missed(jobs[0]!);
	expect(unread.count).toBe(1);
	unread.giveUp(jobs[0]!);
	expect(unread.count).toBe(1);
	unread.missed({});
	expect(unread.count).toBe(2);
});

it.each([
	{ missed: 0, givenUp: 0, open: 5, may: true },
	{ missed: 2, givenUp: 0, open: 5, may: true },
	{ missed: 0, givenUp: 2, open: 5, may: true },
	{ missed: 3, givenUp: 0, open: 5, may: false },
	{ missed: 1, givenUp: 2, open: 0, may: false },
	{ missed: 0, givenUp: 3, open: 1, may: false },
	// One to find out.
	{ missed: 0, givenUp: 3, open: 0, may: true },
	{ missed: 0, givenUp: 4, open: 0, may: false },
])(
	'$missed asked for, $givenUp given up, $open open: one more may be paid for: $may',
	({ missed, givenUp, open, may }) => {
		expect(unreadResults({ missed, givenUp }).unread.allowOneMore(open)).toBe(may);
	},
);

it.each([
	{ missed: 0, givenUp: 0, open: 0, are: false },
	{ missed: 0, givenUp: 3, open: 0, are: false },
	{ missed: 0, givenUp: 4, open: 0, are: true },
	{ missed: 0, givenUp: 4, open: 1, are: false },
	{ missed: 1, givenUp: 4, open: 0, are: false },
])(
	'$missed asked for, $givenUp given up, $open open: hopeless: $are',
	({ missed, givenUp, open, are }) => {
		expect(unreadResults({ missed, givenUp }).unread.areHopeless(open)).toBe(are);
	},
);

it('one that can be read makes up for all before', () => {
	const { unread, hear } = unreadResults({ missed: 2, givenUp: 2 });
	hear.mockClear();
	unread.read();
	expect(unread.count).toBe(0);
	expect(hear).toHaveBeenCalledTimes(1);
	expect(unread.allowOneMore(5)).toBe(true);
});

it('of a change is told, and of none is not', () => {
	const { unread, jobs, hear } = unreadResults({ missed: 2 });
	expect(hear).not.toHaveBeenCalled();
	unread.giveUp(jobs[0]!);
	expect(hear).toHaveBeenCalledTimes(1);
	unread.leave(jobs[1]!);
	expect(hear).toHaveBeenCalledTimes(1);
	expect(unread.count).toBe(1);
	const fresh = unreadResults();
	fresh.unread.read();
	expect(fresh.hear).not.toHaveBeenCalled();
});
