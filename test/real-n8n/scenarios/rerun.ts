/**
 * n8n killed in the middle of a batch of 200, at a random moment, started again, and the workflow run again
 * with Reuse Recent Requests: 200 results, and nothing paid for twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
	demoNodes,
	demoResults,
	demoWorkflow,
	LOCAL_KEY,
	saveFalCredential,
	withCredential,
} from '../demo';
import { outputsOf, type Workflow } from '../n8n-api';
import { withParameters } from '../queue-status';
import type { Stage } from '../stage';

const JOBS = 200;
const CONCURRENCY = 20;
const RUN_WITHIN_MS = 120_000;

/** What the jobs are like, and what fal's history shows, which is not documented: by turns. */
const CIRCUMSTANCES = [
	{ name: 'jobs of a second', jobMs: [500, 1500], killAfterMs: [0, 9000], historyShows: 'ended' },
	{
		name: 'jobs longer than the restart, which the history shows',
		jobMs: [14_000, 15_000],
		killAfterMs: [0, 30_000],
		historyShows: 'all',
	},
	// When no job at all has ended before the crash, nothing tells of those that are open.
	{
		name: 'jobs longer than the restart, which the history shows when they have ended',
		jobMs: [14_000, 15_000],
		killAfterMs: [16_000, 30_000],
		historyShows: 'ended',
	},
] as const;

/** Each costs a start of n8n. `CRASHES=20 npm run test:n8n -- "run again"` for the figure in docs/reliability.md. */
const CRASHES = Number(process.env.CRASHES ?? CIRCUMSTANCES.length);

export function rerunScenario(stage: Stage) {
	for (let crash = 1; crash <= CRASHES; crash++) {
		const circumstances = CIRCUMSTANCES[crash % CIRCUMSTANCES.length]!;
		const number = `crash ${crash} of ${CRASHES}`;
		test(`${number}, ${circumstances.name}: 200 of 200 results, each generated once`, async (t) => {
			const { killedAfter, taken, done, execution } = await crashAndRunAgain(stage, crash);
			const { jobs } = stage.fal;
			const items = outputsOf(execution, demoNodes.batch).flat();
			const reused = items.filter(({ json }) => json.found_in_history).length;
			const completed = demoResults(execution).filter(({ picture }) => picture);
			t.diagnostic(
				`${number}: killed after ${(killedAfter / 1000).toFixed(1)} s, ${taken} jobs taken, ${done} of them done; run again: ${completed.length} of ${JOBS} results, ${reused} reused, ${jobs.size} generated in all`,
			);
			assert.equal(execution.status, 'success');
			assert.equal(completed.length, JOBS);
			assert.equal(new Set(completed.map(({ request_id }) => request_id)).size, JOBS);
			for (const { prompt, request_id } of completed) {
				assert.deepEqual(jobs.get(request_id)?.input, { prompt });
			}
			assert.equal(jobs.size, JOBS);
		});
	}
}

async function crashAndRunAgain(stage: Stage, crash: number) {
	const { fal } = stage;
	const { jobMs, killAfterMs, historyShows } = CIRCUMSTANCES[crash % CIRCUMSTANCES.length]!;
	fal.reset();
	fal.options.accountConcurrency = CONCURRENCY;
	fal.options.historyShows = historyShows;
	fal.options.jobTime = () => between(jobMs);
	const workflow = batchOf(crash);
	const account = { apiKey: LOCAL_KEY, baseUrl: fal.baseUrl };
	const credentialId = await saveFalCredential(stage.n8n.api, account);
	await stage.n8n.api.saveWorkflow(withCredential(workflow, credentialId));
	await stage.n8n.api.runWorkflow(workflow.id, demoNodes.trigger);
	while (fal.counts().jobs.accepted === 0) await sleep(5);
	const killedAfter = between(killAfterMs);
	await sleep(killedAfter);
	const startAgain = await stage.crash();
	const { accepted: taken, completed: done } = fal.counts().jobs;
	// What was begun goes on as it was; the rest need not take as long.
	fal.options.jobTime = () => 500;
	await startAgain();
	const again = await stage.n8n.api.runWorkflow(workflow.id, demoNodes.trigger);
	const execution = await stage.n8n.api.executionEnd(again, RUN_WITHIN_MS);
	return { killedAfter, taken, done, execution };
}

function between([least, most]: readonly [number, number]): number {
	return least + Math.random() * (most - least);
}

function batchOf(number: number): Workflow {
	const prompts = Array.from(
		{ length: JOBS },
		(_, index) => `Crash ${number}, picture ${index + 1}`,
	);
	const workflow = withParameters(demoWorkflow, {
		[demoNodes.source]: { mode: 'raw', jsonOutput: JSON.stringify({ prompts }), options: {} },
		[demoNodes.batch]: { concurrency: CONCURRENCY, options: { reuseRecentRequests: 1 } },
	});
	return { ...workflow, id: 'falBatchRerun001', name: 'Fal Batch, killed and run again' };
}
