/**
 * n8n 2 does not run an execution again whose worker is gone. What it does instead, what is left at fal, and
 * that running the workflow again costs nothing with Reuse Recent Requests.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoNodes, demoResults } from '../../demo';
import { outputsOf } from '../../n8n-api';
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
const NOTICED_WITHIN_MS = 180_000;
const RUN_WITHIN_MS = 240_000;
/** Longer than the rest of a batch of 100 jobs of a second, on a busy machine, too. */
const LONG_GRACE_S = 90;

export function workerGoneScenario(stage: QueueStage) {
	let batch: PublishedBatch;

	before(async () => {
		batch = await publishBatch(stage, 'gone', {
			concurrency: CONCURRENCY,
			options: { reuseRecentRequests: 1 },
		});
	});

	describe('killed with -9', () => {
		let id: string;
		let noticedAfter: number;
		let taken: number;

		before(
			async () => {
				const begun = await beginBatch(stage, batch, 'killed');
				id = begun.id;
				await stage.killWorker(begun.place);
				const killedAt = Date.now();
				// What was on its way arrives yet.
				await sleep(500);
				taken = stage.fal.jobs.size;
				await untilExecutionEnds(stage, id, NOTICED_WITHIN_MS);
				noticedAfter = (Date.now() - killedAt) / 1000;
				await stage.startWorker(begun.place);
			},
			{ timeout: NOTICED_WITHIN_MS + 400_000 },
		);

		test('n8n ends the execution with an error, and its Retry has nothing to run', async (t) => {
			const { status, data } = await stage.main.api.execution(id);
			t.diagnostic(
				`${status} after ${noticedAfter.toFixed(0)} s: ${data.resultData.error?.message}`,
			);
			assert.equal(status, 'error');
			assert.deepEqual(data.executionData?.nodeExecutionStack, []);
			assert.equal(stage.fal.jobs.size, taken);
			assert.equal(stage.fal.counts().calls.cancel, 0);
		});

		test('run again, all 100 come out, each generated once', async (t) => {
			await assertRunAgain(stage, batch, 'killed', (line) => t.diagnostic(line));
		});
	});

	describe('asked to end, with time enough', () => {
		before(async () => await restartWorkers(stage, String(LONG_GRACE_S)), { timeout: 400_000 });
		after(async () => await restartWorkers(stage), { timeout: 400_000 });

		test('it finishes what it runs, and takes nothing new', async (t) => {
			const { id, place } = await beginBatch(stage, batch, 'asked to end');
			const askedAt = Date.now();
			const worker = stage.workers[place]!;
			await stage.stopWorker(place, 2 * LONG_GRACE_S * 1000);
			t.diagnostic(`it ended after ${((Date.now() - askedAt) / 1000).toFixed(1)} s`);
			assert.equal(await worker.ended, 0);
			assert.equal(await untilExecutionEnds(stage, id, 60_000), 'success');
			assert.deepEqual([stage.fal.jobs.size, stage.fal.counts().jobs.completed], [JOBS, JOBS]);
			await stage.startWorker(place);
		});
	});

	describe('asked to end, with too little time', () => {
		let taken: number;

		test('n8n does not tell the node: it works on until it is killed, and cancels nothing', async (t) => {
			const { id, place } = await beginBatch(stage, batch, 'cut off');
			const askedAt = Date.now();
			await stage.stopWorker(place, 60_000);
			taken = stage.fal.jobs.size;
			t.diagnostic(
				`it ended after ${((Date.now() - askedAt) / 1000).toFixed(1)} s, with ${taken} of ${JOBS} jobs taken`,
			);
			await stage.startWorker(place);
			assert.notEqual(await untilExecutionEnds(stage, id, NOTICED_WITHIN_MS), 'success');
			assert.equal(stage.fal.counts().calls.cancel, 0);
		});

		test('run again, all 100 come out, each generated once', async (t) => {
			await assertRunAgain(stage, batch, 'cut off', (line) => t.diagnostic(line));
		});
	});
}

/** Slow enough to be cut off by the five seconds that the stage's workers have. */
async function beginBatch(stage: QueueStage, batch: PublishedBatch, name: string) {
	stage.fal.reset();
	stage.fal.options.accountConcurrency = CONCURRENCY;
	stage.fal.options.jobTime = () => 500 + Math.random() * 1000;
	const id = await batch.start(numberedPrompts(JOBS, name));
	const place = await untilBegun(stage, id);
	await untilSubmitted(stage, 2 * CONCURRENCY);
	return { id, place };
}

async function assertRunAgain(
	stage: QueueStage,
	batch: PublishedBatch,
	name: string,
	tell: (line: string) => void,
) {
	const { jobs } = stage.fal;
	const before = jobs.size;
	const id = await batch.start(numberedPrompts(JOBS, name));
	assert.equal(await untilExecutionEnds(stage, id, RUN_WITHIN_MS), 'success');
	const execution = await stage.main.api.execution(id);
	const items = outputsOf(execution, demoNodes.batch).flat();
	const reused = items.filter(({ json }) => json.found_in_history).length;
	const completed = demoResults(execution).filter(({ picture }) => picture);
	tell(`${before} taken before, ${reused} reused, ${jobs.size} generated in all`);
	assert.equal(new Set(completed.map(({ request_id }) => request_id)).size, JOBS);
	assert.equal(jobs.size, JOBS);
}

async function restartWorkers(stage: QueueStage, graceSeconds?: string) {
	for (let place = 0; place < stage.workers.length; place++) {
		await stage.stopWorker(place, 10_000);
		await stage.startWorker(
			place,
			graceSeconds === undefined ? {} : { N8N_GRACEFUL_SHUTDOWN_TIMEOUT: graceSeconds },
		);
	}
}
