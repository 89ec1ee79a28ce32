/** Redis and PostgreSQL restarted, and the main one killed, while a worker runs a batch of 100. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoNodes } from '../../demo';
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
/** Below the ten seconds after which n8n's processes give Redis up, and end. */
const AWAY_MS = 4000;
const END_WITHIN_MS = 240_000;

export function outagesScenario(stage: QueueStage) {
	let batch: PublishedBatch;

	before(async () => {
		batch = await publishBatch(stage, 'outages', { concurrency: CONCURRENCY, options: {} });
	});

	const outages: Array<readonly [string, () => Promise<void>]> = [
		['Redis is restarted', async () => await restart(stage.redisGate)],
		[
			'Redis is restarted, and has kept nothing',
			async () => await restart(stage.redisGate, stage.services.forgetRedis),
		],
		[
			'PostgreSQL is restarted',
			async () => {
				await stage.services.endConnections();
				await restart(stage.postgresGate);
			},
		],
		[
			'the main one is killed, and started again',
			async () => {
				await stage.killMain();
				await stage.startMain();
			},
		],
	];

	for (const [name, happen] of outages) {
		test(`${name}: 100 results, each generated once`, { timeout: 500_000 }, async (t) => {
			const { fal } = stage;
			fal.reset();
			fal.options.accountConcurrency = CONCURRENCY;
			fal.options.jobTime = () => 500 + Math.random() * 1000;
			const id = await batch.start(numberedPrompts(JOBS, name));
			await untilBegun(stage, id);
			await untilSubmitted(stage, 2 * CONCURRENCY);
			const startedAt = Date.now();
			await happen();
			const status = await untilExecutionEnds(stage, id, END_WITHIN_MS);
			const seconds = (Date.now() - startedAt) / 1000;
			const [completed = [], failed = []] = outputsOf(
				await stage.main.api.execution(id),
				demoNodes.batch,
			);
			t.diagnostic(
				`${name}: ${status} ${seconds.toFixed(0)} s later, ${completed.length} completed, ${failed.length} failed, ${fal.jobs.size} generated`,
			);
			assert.equal(status, 'success');
			assert.deepEqual([completed.length, failed.length, fal.jobs.size], [JOBS, 0, JOBS]);
		});
	}
}

async function restart(
	gate: { close(): Promise<void>; open(): Promise<void> },
	meanwhile: () => Promise<unknown> = async () => {},
) {
	await gate.close();
	await meanwhile();
	await sleep(AWAY_MS);
	await gate.open();
}
