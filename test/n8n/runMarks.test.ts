import { type Beginning, type Marks, recordBeginning } from '../../nodes/n8n/runMarks';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 10, 24, 12);

/** As n8n keeps them: a list, the oldest of which go when there are too many. */
class MarksInMemory implements Marks {
	list: string[] = [];
	writes = 0;

	async set(marks: readonly string[], keep?: number) {
		this.writes++;
		const standing = marks.filter((mark) => this.list.includes(mark));
		this.list.push(...marks.filter((mark) => !standing.includes(mark)));
		if (keep !== undefined) this.list.splice(0, this.list.length - keep);
		return standing;
	}

	async remove(marks: readonly string[]) {
		this.list = this.list.filter((mark) => !marks.includes(mark));
	}
}

let marks: MarksInMemory;
beforeEach(() => {
	marks = new MarksInMemory();
});

const begin = (changes: Partial<Beginning> = {}) =>
	recordBeginning(marks, {
		executionId: '7',
		runIndex: 0,
		content: 'ten foxes',
		isRetry: false,
		now: NOON,
		...changes,
	});

describe('an execution', () => {
	it('is begun for the first time, for one write and one look', async () => {
		expect(await begin()).toEqual({ kind: 'first' });
		expect(marks.writes).toBe(2);
	});

	it('is known when n8n runs it again, and since when', async () => {
		await begin({ now: NOON + 7 * MINUTE });
		const again = await begin({ now: NOON + 3 * HOUR });
		expect(again).toEqual({ kind: 'again', since: NOON });
	});

	it('is known by its first beginning, however often its worker dies', async () => {
		await begin();
		await begin({ now: NOON + HOUR });
		expect(await begin({ now: NOON + 2 * HOUR })).toEqual({ kind: 'again', since: NOON });
	});

	it('is another one with another ID, or in another run of the node', async () => {
		await begin();
		expect(await begin({ executionId: '8' })).toEqual({ kind: 'first' });
		expect(await begin({ runIndex: 1 })).toEqual({ kind: 'first' });
	});

	it('leaves no more than three marks, whether it was looked for or not', async () => {
		await begin();
		await begin({ now: NOON + HOUR });
		await begin({ now: NOON + HOUR, isRetry: true, executionId: '9' });
		expect(marks.list.filter((mark) => mark.includes('ten foxes'))).toHaveLength(1);
		expect(marks.list.length).toBeLessThanOrEqual(4);
	});
});

describe('a Retry, which has an ID of its own', () => {
	it('finds the last execution that did the same work', async () => {
		await begin({ executionId: '5', now: NOON - 5 * HOUR });
		await begin({ executionId: '7', now: NOON });
		const retry = { executionId: '9', isRetry: true };
		expect(await begin({ ...retry, now: NOON + HOUR })).toEqual({ kind: 'again', since: NOON });
		// The same for a Retry of the Retry.
		expect(await begin({ ...retry, executionId: '10', now: NOON + 2 * HOUR })).toEqual({
			kind: 'again',
			since: NOON,
		});
	});

	it('finds the first beginning of one that n8n had run again', async () => {
		await begin();
		await begin({ now: NOON + HOUR });
		const retry = await begin({ executionId: '9', isRetry: true, now: NOON + 2 * HOUR });
		expect(retry).toEqual({ kind: 'again', since: NOON });
	});

	it('takes nothing over of other work, nor of the day before yesterday', async () => {
		await begin();
		const retry = { executionId: '9', isRetry: true };
		expect(await begin({ ...retry, content: 'ten bears' })).toEqual({ kind: 'first' });
		expect(await begin({ ...retry, now: NOON + 25 * HOUR })).toEqual({ kind: 'first' });
	});
});

describe('n8n’s list', () => {
	it('keeps the last 500 beginnings', async () => {
		for (let id = 1; id <= 600; id++) {
			await begin({ executionId: String(id), content: `work ${id}` });
		}
		expect((await begin({ executionId: '101' })).kind).toBe('again');
		expect((await begin({ executionId: '100' })).kind).toBe('first');
	});

	it('is written again when another execution has written over the mark', async () => {
		const set = marks.set.bind(marks);
		let calls = 0;
		marks.set = async (all, keep) => {
			const standing = await set(all, keep);
			if (++calls === 1) marks.list = ['of the other one'];
			return standing;
		};
		expect(await begin()).toEqual({ kind: 'first' });
		expect((await begin()).kind).toBe('again');
	});

	it.each([
		['can’t be had', () => Promise.reject(new Error('No workflow ID'))],
		['does not keep anything', async () => []],
	])('nothing is known, and nothing breaks, when it %s', async (_case, set) => {
		marks.set = set;
		expect(await begin()).toEqual({ kind: 'not_known' });
	});

	it('may be made by two executions at once, of which n8n refuses one', async () => {
		const set = marks.set.bind(marks);
		let calls = 0;
		marks.set = async (all, keep) => {
			if (++calls === 1) throw new Error('duplicate key value violates unique constraint');
			return await set(all, keep);
		};
		expect(await begin()).toEqual({ kind: 'first' });
	});
});
