/** Stop, pressed at the editor, while a worker runs the batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoNodes, demoWorkflow, LOCAL_KEY, saveFalCredential, withCredential } from '../../demo';
import { withParameters } from '../../queue-status';
import { numberedPrompts, publishBatch, untilBegun, untilSubmitted } from '../batch';
import type { QueueStage } from '../stage';

const CONCURRENCY = 10;
const JOB_MS = 600_000;
/** From the main one to the worker by Redis, and from there to fal; on a busy machine, too. */
const CANCEL_WITHIN_MS = 10_000;
const WATCH_MS = 4000;
const parameters = { concurrency: CONCURRENCY, options: {} };

export function stopScenario(stage: QueueStage) {
	test('an execution that the main one had put into the queue: every open job is cancelled', async (t) => {
		const { api } = stage.main;
		begin(stage);
		const account = { apiKey: LOCAL_KEY, baseUrl: stage.fal.baseUrl };
		const credentialId = await saveFalCredential(api, account);
		await api.saveWorkflow(withCredential(startedAtTheEditor, credentialId));
		const id = await api.runWorkflow(startedAtTheEditor.id, demoNodes.trigger);
		const { cancelled, last } = await stop(stage, id, CONCURRENCY);
		t.diagnostic(
			`${cancelled} of ${CONCURRENCY} open jobs cancelled, the last one after ${last} ms`,
		);
		assert.equal(cancelled, CONCURRENCY);
		assert.ok(last <= CANCEL_WITHIN_MS);
		assert.equal(stage.fal.jobs.size, CONCURRENCY);
	});

	// n8n 2.41: the main one knows of no job to abort, and the worker does not look for one by the command that
	// it is sent (scaling/execution-stop.service). When this test fails, n8n has learnt it: change docs/queue-mode.
	test('one that a webhook processor had put there: n8n calls it canceled, and does not tell the worker', async (t) => {
		const batch = await publishBatch(stage, 'stop', parameters);
		begin(stage);
		const id = await batch.start(numberedPrompts(2 * CONCURRENCY, 'stop'));
		const { cancelled, place } = await stop(stage, id, 0);
		t.diagnostic(`${cancelled} of ${CONCURRENCY} open jobs cancelled`);
		assert.equal((await stage.main.api.execution(id)).status, 'canceled');
		assert.equal(cancelled, 0);
		// It would go on for ten minutes, and into the next scenario.
		await stage.killWorker(place);
		await stage.startWorker(place);
	});
}

const startedAtTheEditor = {
	...withParameters(demoWorkflow, {
		[demoNodes.source]: {
			mode: 'raw',
			jsonOutput: JSON.stringify({ prompts: numberedPrompts(2 * CONCURRENCY, 'stop') }),
			options: {},
		},
		[demoNodes.batch]: parameters,
	}),
	id: 'falBatchStopEdit',
	name: 'Fal Batch, started at the editor and stopped',
};

function begin({ fal }: QueueStage) {
	fal.reset();
	fal.options.accountConcurrency = CONCURRENCY;
	fal.options.jobTime = JOB_MS;
}

/** @param expected so many cancels are waited for */
async function stop(stage: QueueStage, id: string, expected: number) {
	const { fal } = stage;
	const place = await untilBegun(stage, id);
	await untilSubmitted(stage, CONCURRENCY);
	const pressedAt = Date.now();
	await stage.main.api.stopExecution(id);
	const deadline = pressedAt + 3 * CANCEL_WITHIN_MS;
	while (fal.counts().jobs.cancelled < expected && Date.now() < deadline) await sleep(50);
	await sleep(WATCH_MS);
	const cancels = fal.calls.filter(({ kind }) => kind === 'cancel').map(({ at }) => at - pressedAt);
	return { place, cancelled: fal.counts().jobs.cancelled, last: Math.max(0, ...cancels) };
}
