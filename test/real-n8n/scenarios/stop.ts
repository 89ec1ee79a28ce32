/** Stop, pressed in the middle of a batch: what nobody waits for any more must not be started, nor paid for. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalFal } from '../../local-fal';
import { demoNodes, demoWorkflow, saveFalCredential, withCredential, LOCAL_KEY } from '../demo';
import type { Execution, Workflow } from '../n8n-api';
import type { Stage } from '../stage';

const ITEMS = 40;
const CONCURRENCY = 6;
/** The first jobs end quickly, so that the batch is under way; the next ones stay open until somebody cancels them. */
const FIRST_JOBS_MS = 500;
const NEXT_JOBS_MS = 600_000;
/** Within a second, says the design (chapter 9); on a busy machine n8n itself needs longer to hear of it. */
const CANCEL_WITHIN_MS = 5000;
/** Long enough for a submit that should not have been to show. */
const WATCH_MS = 3000;
const MIDDLE_WITHIN_MS = 60_000;

export function stopScenario({ fal, n8n }: Stage) {
	let pressedAt: number;
	let answeredAt: number;
	let execution: Execution;

	before(
		async () => {
			fal.reset();
			fal.options.jobTime = ({ requestId }) =>
				[...fal.jobs.keys()].indexOf(requestId) < CONCURRENCY ? FIRST_JOBS_MS : NEXT_JOBS_MS;
			const executionId = await startLongBatch({ fal, n8n });
			await untilSubmitted(fal, 2 * CONCURRENCY);
			pressedAt = Date.now();
			await n8n.api.stopExecution(executionId);
			answeredAt = Date.now();
			const cancelledBy = Date.now() + MIDDLE_WITHIN_MS;
			while (fal.counts().jobs.cancelled < CONCURRENCY && Date.now() < cancelledBy) await sleep(50);
			await sleep(WATCH_MS);
			execution = await n8n.api.execution(executionId);
		},
		{ timeout: 2 * MIDDLE_WITHIN_MS + 30_000 },
	);

	test('n8n shows the execution as canceled', () => {
		assert.equal(execution.status, 'canceled');
	});

	test('no job is submitted any more', () => {
		const late = fal.calls.filter(({ kind, at }) => kind === 'submit' && at > answeredAt);
		assert.deepEqual(late, []);
		assert.equal(fal.counts().jobs.accepted, 2 * CONCURRENCY);
	});

	test('every open job is cancelled at fal at once', (t) => {
		const open = [...fal.jobs.keys()].slice(CONCURRENCY);
		const cancels = fal.calls.filter(({ kind }) => kind === 'cancel');
		for (const requestId of open) {
			const cancel = cancels.find((call) => call.requestId === requestId);
			assert.ok(cancel, `${requestId} was left running`);
			assert.ok(cancel.at - pressedAt <= CANCEL_WITHIN_MS, `${requestId} was cancelled late`);
		}
		const last = Math.max(...cancels.map(({ at }) => at));
		t.diagnostic(`the last one was cancelled ${last - pressedAt} ms after Stop was pressed`);
	});

	test('nothing is left open at fal', () => {
		const { accepted, completed, cancelled } = fal.counts().jobs;
		assert.deepEqual([accepted, completed, cancelled], [12, 6, 6]);
	});
}

async function startLongBatch({ fal, n8n }: Pick<Stage, 'fal' | 'n8n'>): Promise<string> {
	const account = { apiKey: LOCAL_KEY, baseUrl: fal.baseUrl };
	const credentialId = await saveFalCredential(n8n.api, account);
	await n8n.api.saveWorkflow(withCredential(longBatch, credentialId));
	return await n8n.api.runWorkflow(longBatch.id, demoNodes.trigger);
}

/** The demo workflow with more prompts. */
const longBatch: Workflow = {
	...demoWorkflow,
	id: 'falBatchStop0001',
	name: 'Fal Batch, to be stopped',
	nodes: demoWorkflow.nodes.map((node) =>
		node.name === demoNodes.source
			? {
					...node,
					parameters: {
						mode: 'raw',
						jsonOutput: JSON.stringify({
							prompts: Array.from({ length: ITEMS }, (_, index) => `Picture ${index + 1}`),
						}),
						options: {},
					},
				}
			: node,
	),
};

async function untilSubmitted(fal: LocalFal, count: number) {
	const deadline = Date.now() + MIDDLE_WITHIN_MS;
	while (fal.counts().jobs.accepted < count) {
		assert.ok(Date.now() < deadline, `only ${fal.counts().jobs.accepted} jobs were submitted`);
		await sleep(50);
	}
}
