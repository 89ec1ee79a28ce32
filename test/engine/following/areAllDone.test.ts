/** What it costs to find out that a parked batch is done, when its jobs call back one by one. */
import { areAllDone } from '../../../nodes/engine/following/allDone';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../../../nodes/engine/following/pollSchedule';
import type { Handle, Transport } from '../../../nodes/engine/transport';
import { answered } from '../replies';
import { seeded } from '../simulatedFal';
import { VirtualClock } from '../virtualClock';

it.each([
	{ jobs: 10, atOnce: 1 },
	{ jobs: 100, atOnce: 1 },
	{ jobs: 1_000, atOnce: 1 },
	{ jobs: 10, atOnce: 20 },
	{ jobs: 100, atOnce: 20 },
	{ jobs: 1_000, atOnce: 20 },
])(
	'$jobs callbacks ask in the order of N log N times, $atOnce at once',
	async ({ jobs, atOnce }) => {
		const random = seeded(jobs);
		const handles: Handle[] = Array.from({ length: jobs }, (_, i) => ({
			requestId: `job-${i}`,
			model: 'fal-ai/flux/dev',
		}));
		const done = new Set<string>();
		let asked = 0;
		const never = async () => {
			throw new Error('Only the status is asked for');
		};
		const transport: Transport = {
			submit: never,
			result: never,
			cancel: never,
			status: async ({ requestId }) => {
				asked++;
				const status = done.has(requestId) ? 'COMPLETED' : 'IN_PROGRESS';
				return answered({ status, logs: [] });
			},
		};
		const watch = {
			transport,
			clock: new VirtualClock(),
			random,
			signal: new AbortController().signal,
			schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
			includeLogs: false,
		};
		const ends = [...handles].sort(() => random() - 0.5);
		const resumed: boolean[] = [];
		for (const ended of ends) {
			done.add(ended.requestId);
			const others = handles.filter((handle) => handle !== ended);
			resumed.push(await areAllDone(others, watch, { atOnce }));
		}
		process.stdout.write(
			`status requests of a parked batch of ${jobs}, ${atOnce} at once: ${asked}\n`,
		);
		expect(resumed.indexOf(true)).toBe(jobs - 1);
		expect(asked).toBeLessThanOrEqual(2 * jobs * (Math.log(jobs) + 1));
	},
);
