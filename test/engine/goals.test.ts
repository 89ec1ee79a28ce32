/**
 * The engine's goals in figures, on the virtual clock, where they depend on no machine: 100 jobs, 100 ms
 * of latency, jobs of 2 s unless said.
 */
import { runSimulated, type Scenario } from './runSimulated';

const SECOND = 1_000;

interface Goal {
	readonly name: string;
	readonly scenario: Omit<Scenario, 'items'>;
	/** Seconds that the jobs alone take, at the concurrency and the limits of the scenario. */
	readonly ideal: number;
	/** Wall time over the ideal, at the most. */
	readonly wall: number;
	/** Requests per job, at the most. */
	readonly requests: number;
}

// A strict cap can't do better than (2 s of work + 100 ms to hear of the end and to submit the next) per
// job, which is 1.05, and then the first jobs of the batch teach how long jobs take.
const goals: Goal[] = [
	{
		name: 'account limit 10, concurrency 10',
		scenario: { fal: { accountLimit: 10 }, settings: { concurrency: 10 } },
		ideal: 20,
		wall: 1.1,
		requests: 3.5,
	},
	{
		name: 'jobs of a minute, concurrency 20',
		scenario: { fal: { jobTime: () => 60 * SECOND }, settings: { concurrency: 20 } },
		ideal: 300,
		wall: 1.1,
		requests: 8,
	},
	{
		name: 'account limit 2, concurrency 20',
		scenario: { fal: { accountLimit: 2 }, settings: { concurrency: 20 } },
		ideal: 100,
		wall: 1.1,
		requests: 6,
	},
	{
		name: 'a server that answers 429 above 10 jobs, concurrency 20',
		scenario: { fal: { submitLimit: 10 }, settings: { concurrency: 20 } },
		ideal: 20,
		wall: 1 / 0.9,
		requests: 4,
	},
	{
		name: 'a server that answers 429 above 2 jobs, concurrency 20',
		scenario: { fal: { submitLimit: 2 }, settings: { concurrency: 20 } },
		ideal: 100,
		wall: 1 / 0.9,
		requests: 4,
	},
];

it.each(goals)('$name: quick, and with few requests', async ({ name, scenario, ...goal }) => {
	const { ended, fal, wallTime } = await runSimulated({ items: 100, ...scenario });
	const wall = wallTime / SECOND / goal.ideal;
	const requests = Object.values(fal.calls).reduce((sum, calls) => sum + calls) / 100;
	const figures = `${wall.toFixed(2)} of the ideal time, ${requests.toFixed(1)} requests per job`;
	process.stdout.write(`${name}: ${figures}\n`);
	expect(ended.filter(({ ending }) => ending.outcome === 'completed')).toHaveLength(100);
	expect(wall).toBeLessThanOrEqual(goal.wall);
	expect(requests).toBeLessThanOrEqual(goal.requests);
});

it('5 % of submits without an answer: no job is generated twice', async () => {
	const { fal } = await runSimulated({
		items: 1_000,
		fal: { submitFaults: 0.05, submitFaultKinds: ['lost after', '503 after', 'unreadable after'] },
	});
	expect(fal.jobs).toHaveLength(1_000);
});
