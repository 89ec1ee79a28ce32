/**
 * What following by fal's status stream would be at its best: one request for each job, answered the
 * moment the job is done, over a connection that never breaks. Not built; here to be weighed.
 */
import type { StatusReport, Transport } from '../../../nodes/engine/transport';
import type { Outcome, Work } from '../work';
import { runFalBatch } from './falBatch';
import type { VirtualWorld } from './world';

export async function followByStream(world: VirtualWorld, work: Work): Promise<Outcome[]> {
	const { fal, clock, scenario } = world;
	const travel = () => clock.sleep(scenario.latency / 2);
	const transport: Transport = {
		submit: (submission) => world.transport.submit(submission),
		result: (handle) => fal.result(handle),
		cancel: (handle) => fal.cancel(handle),
		status: async ({ requestId }) => {
			fal.calls.status++;
			const job = fal.jobs.find(({ id }) => id === requestId)!;
			await travel();
			while (job.endsAt === undefined) await clock.sleep(LOOK);
			await clock.sleep(job.endsAt - clock.now());
			await travel();
			const inferenceTime = job.workTime / 1_000;
			const body: StatusReport = { status: 'COMPLETED', logs: [], inferenceTime };
			return { kind: 'answered', status: 200, headers: {}, body };
		},
	};
	return await runFalBatch({ ...world, transport }, work, { pollBounds: { min: 1, max: 1 } });
}

/** Milliseconds between two looks of the stream itself at a job that waits; fine enough to be no delay. */
const LOOK = 25;
