/**
 * kill -9 of the worker that runs a batch, at a random moment, where n8n runs the execution again from its
 * start, as n8n 1.x does: 100 results, each generated once, with no option set.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INodeParameters } from 'n8n-workflow';
import { demoNodes, demoResults } from '../../demo';
import { outputsOf, type Execution } from '../../n8n-api';
import {
	numberedPrompts,
	publishBatch,
	type PublishedBatch,
	untilBegun,
	untilExecutionEnds,
	untilSubmitted,
} from '../batch';
import type { QueueStage } from '../stage';

const JOBS = 100;
const CONCURRENCY = 10;
/** Noticed within 20 s, and then half a minute for what fal's history may not show yet. */
const END_WITHIN_MS = 200_000;
/** From the first submit; two seconds before, and a batch of 100 jobs of a second, ten at once, takes ten. */
const KILL_WITHIN_MS = 7000;

const LIKE_N8N_1 = {
	NODE_OPTIONS: `--require ${fileURLToPath(new URL('../rerun-like-n8n-1.cjs', import.meta.url))}`,
};

/** What fal's history shows is not documented: by turns. */
const HISTORIES = ['ended', 'all'] as const;

/** `KILLS=20 npm run test:queue -- "run again"` for the figure in docs/queue-mode. */
const KILLS = Number(process.env.KILLS ?? 3);

export function rerunScenario(stage: QueueStage) {
	before(async () => await restartWorkers(stage, LIKE_N8N_1), { timeout: 400_000 });
	after(async () => await restartWorkers(stage), { timeout: 400_000 });

	describe('with nothing set', () => {
		let batch: PublishedBatch;
		before(async () => {
			batch = await publishBatch(stage, 'rerun', parameters());
		});

		for (let kill = 1; kill <= KILLS; kill++) {
			const historyShows = HISTORIES[kill % HISTORIES.length]!;
			const name = `kill ${kill} of ${KILLS}, fal’s history shows ${historyShows} requests`;
			test(`${name}: 100 results, each generated once`, async (t) => {
				const { execution, taken } = await killAndWait(stage, batch, kill, historyShows);
				const items = outputsOf(execution, demoNodes.batch).flat();
				const found = items.filter(({ json }) => json.found_in_history).length;
				const { jobs } = stage.fal;
				t.diagnostic(
					`${name}: ${taken} jobs taken before, ${found} taken over, ${jobs.size} generated in all, ${execution.status}`,
				);
				assert.equal(execution.status, 'success');
				const completed = demoResults(execution).filter(({ picture }) => picture);
				assert.equal(completed.length, JOBS);
				assert.equal(new Set(completed.map(({ request_id }) => request_id)).size, JOBS);
				for (const { prompt, request_id } of completed) {
					assert.deepEqual(jobs.get(request_id)?.input, { prompt });
				}
				assert.equal(jobs.size, JOBS);
				const [hint] = execution.data.resultData.runData[demoNodes.batch]?.at(-1)?.hints ?? [];
				assert.match(hint?.message ?? '', /n8n started this execution before/);
			});
		}

		test('a batch that nobody disturbs asks fal’s history nothing', async () => {
			begin(stage, 'all');
			const id = await batch.start(numberedPrompts(20, 'undisturbed'));
			assert.equal(await untilExecutionEnds(stage, id, 120_000), 'success');
			const { calls, jobs } = stage.fal.counts();
			assert.deepEqual([jobs.accepted, calls.history], [20, 0]);
		});
	});

	test('with the option off, what was taken before is generated again', async (t) => {
		const off = await publishBatch(stage, 'rerunoff', parameters({ takeOverAfterCrash: false }));
		const { execution, taken } = await killAndWait(stage, off, 0, 'all');
		t.diagnostic(`${taken} jobs taken before, ${stage.fal.jobs.size} generated in all`);
		assert.equal(execution.status, 'success');
		assert.equal(stage.fal.jobs.size, JOBS + taken);
		assert.equal(stage.fal.counts().calls.history, 0);
	});
}

const parameters = (options: INodeParameters = {}): INodeParameters => ({
	concurrency: CONCURRENCY,
	options,
});

function begin({ fal }: QueueStage, historyShows: 'ended' | 'all') {
	fal.reset();
	fal.options.accountConcurrency = CONCURRENCY;
	fal.options.historyShows = historyShows;
	fal.options.jobTime = () => 500 + Math.random() * 1000;
}

async function killAndWait(
	stage: QueueStage,
	batch: PublishedBatch,
	number: number,
	historyShows: 'ended' | 'all',
): Promise<{ execution: Execution; taken: number }> {
	begin(stage, historyShows);
	const id = await batch.start(numberedPrompts(JOBS, `Kill ${number}`));
	const place = await untilBegun(stage, id);
	// Before any job has ended, a history of ended ones shows nothing.
	await untilSubmitted(stage, historyShows === 'ended' ? 2 * CONCURRENCY : 1);
	await sleep(Math.random() * KILL_WITHIN_MS);
	await stage.killWorker(place);
	// What was on its way arrives yet.
	await sleep(500);
	const taken = stage.fal.jobs.size;
	await untilExecutionEnds(stage, id, END_WITHIN_MS);
	const execution = await stage.main.api.execution(id);
	await stage.startWorker(place, LIKE_N8N_1);
	return { execution, taken };
}

async function restartWorkers(stage: QueueStage, env?: NodeJS.ProcessEnv) {
	for (let place = 0; place < stage.workers.length; place++) {
		await stage.stopWorker(place, 10_000);
		await stage.startWorker(place, env);
	}
}
