/** Whom the Item Timeout ends, and whom it must not: jobs that hang, and jobs that wait their turn. */
import { howMany } from '../../long';
import { runSimulated, type Scenario } from '../runSimulated';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A new account, with the node's default settings. */
async function run({ fal, ...rest }: Scenario) {
	const { ended, ...story } = await runSimulated({ ...rest, fal: { accountLimit: 2, ...fal } });
	const outcomes = ended.map(({ ending }) => ending.outcome);
	const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
	return { ...story, ended, completed: count('completed'), timedOut: count('timed_out') };
}

const films = { items: 20, fal: { jobTime: () => 15 * MINUTE } };
/** Those that wait longest wait for all before them. */
const CLIPS = howMany('CLIPS', { quick: 50, long: 100 });
const clips = { items: CLIPS, settings: { concurrency: 40 }, fal: { jobTime: () => 5 * MINUTE } };

describe.each([
	{ fal: 'a fal that tells the places in its queue', tellsPlaces: true },
	{ fal: 'a fal that does not', tellsPlaces: false },
])('at an account limit of 2, with $fal', ({ tellsPlaces }) => {
	it.each([
		{ jobs: '20 jobs of 15 minutes', work: films },
		{ jobs: `${CLIPS} jobs of 5 minutes, at a concurrency of 40`, work: clips },
	])('none of $jobs is cancelled', async ({ work }) => {
		const { completed, fal } = await run({ ...work, fal: { ...work.fal, tellsPlaces } });
		expect(completed).toBe(work.items);
		expect(fal.calls.cancel).toBe(0);
	});

	it('a job that hangs in the queue ends by it, and no other does', async () => {
		const stuckInQueue = (item: number) => item === 7;
		const { ended, fal, ...story } = await run({
			...films,
			fal: { ...films.fal, tellsPlaces, stuckInQueue },
		});
		const { ending, endedAt, submittedAt } = ended[7]!;
		expect(ending).toMatchObject({ outcome: 'timed_out', failure: { retryable: false } });
		// Where no place is told, the ends of those taken with it, nine at the most, are steps ahead.
		const steps = tellsPlaces ? 0 : 5 * 15 * MINUTE;
		expect(endedAt - submittedAt!).toBeGreaterThanOrEqual(HOUR);
		expect(endedAt - submittedAt!).toBeLessThan(HOUR + steps + MINUTE);
		expect(story).toMatchObject({ completed: 19, timedOut: 1 });
		expect(fal.calls.cancel).toBe(1);
	});

	it('a job that hangs at work ends an hour after it began, and no other does', async () => {
		const jobTime = (_: unknown, item: number) => (item === 7 ? 1_000 * HOUR : 15 * MINUTE);
		const { ended, fal, ...story } = await run({ ...films, fal: { jobTime, tellsPlaces } });
		const { endedAt } = ended[7]!;
		const { startedAt } = fal.jobs.find(({ item }) => item === 7)!;
		expect(ended[7]).toMatchObject({ ending: { outcome: 'timed_out' } });
		expect(endedAt - startedAt!).toBeGreaterThanOrEqual(HOUR);
		expect(endedAt - startedAt!).toBeLessThan(HOUR + MINUTE);
		expect(story).toMatchObject({ completed: 19, timedOut: 1 });
	});
});
