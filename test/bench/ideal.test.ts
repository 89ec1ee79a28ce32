import { idealTime } from './ideal';
import { GRID, type Scenario } from './scenarios';

const [usual] = GRID as [Scenario];

/** @param times seconds */
function ideal(times: number[], scenario: Partial<Scenario>): number {
	const ms = times.map((time) => time * 1_000);
	return idealTime({ ...usual, accountLimit: Infinity, ...scenario }, ms) / 1_000;
}

it('jobs that take the same pass in rounds', () => {
	expect(ideal(Array<number>(25).fill(2), { concurrency: 10 })).toBe(6);
});

it('a place that is free is taken by the next job, whoever else still works', () => {
	expect(ideal([5, 1, 1, 1, 1], { concurrency: 2 })).toBe(5);
	expect(ideal([1, 1, 1, 1, 5], { concurrency: 2 })).toBe(7);
});

it.each([
	['the concurrency', { concurrency: 2 }],
	['the account’s limit', { concurrency: 9, accountLimit: 2 }],
	['the server’s limit', { concurrency: 9, submitLimit: 2 }],
])('%s bounds how many work at once', (_, scenario) => {
	expect(ideal([1, 1, 1, 1], scenario)).toBe(2);
});

it('a limit that changes in the middle counts from then on; what has started goes on', () => {
	const changes = [
		{ at: 1_500, accountLimit: 1 },
		{ at: 6_500, accountLimit: 4 },
	];
	// Four until 2 s; one at a time from 2, 4 and 6 s on; three more beside it from 6.5 s on.
	const times = Array<number>(10).fill(2);
	expect(ideal(times, { concurrency: 4, accountLimit: 4, changes })).toBe(8.5);
});
