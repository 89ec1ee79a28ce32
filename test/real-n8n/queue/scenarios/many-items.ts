/**
 * docs/workflows/many-items.json: a long list, split into chunks that n8n's queue gives to whichever worker is
 * free, and summed up when all are done.
 */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { demoNodes } from '../../demo';
import type { Workflow } from '../../n8n-api';
import { forgetPeak, peakMemory } from '../../peak-memory';
import { itemsOf, readWorkflow, saveForLocalFal, withParameters } from '../../queue-status';
import { untilExecutionEnds } from '../batch';
import type { QueueStage } from '../stage';

/** `ITEMS=10000 CHUNK=500 npm run test:queue -- many` for the figures in docs/queue-mode. */
const ITEMS = Number(process.env.ITEMS ?? 400);
const CHUNK = Number(process.env.CHUNK ?? 40);
const CHUNKS = Math.ceil(ITEMS / CHUNK);
/** What fal works on at a time: as much as two workers ask for. */
const ACCOUNT_CONCURRENCY = 40;
const JOB_MS = 1000;
/** One in a hundred has the word that a content checker refuses. */
const FORBIDDEN_EVERY = 100;
const END_WITHIN_MS = 180_000 + ITEMS * 100;

const names = {
	trigger: demoNodes.trigger,
	prompts: 'The Prompts',
	chunks: 'Chunks of 500',
	hand: 'Hand It to a Worker',
	pause: 'Wait',
	summary: 'Summary',
	comes: 'A Chunk Comes',
	results: 'fal pictures of many',
} as const;

/** What the person at the editor is asked to paste over. */
const PLACEHOLDER = 'PASTE THE PRODUCTION URL HERE';

export function manyItemsScenario(stage: QueueStage) {
	describe(`${ITEMS} items in chunks of ${CHUNK}`, () => {
		test(
			'every item comes out once, from both workers',
			{ timeout: END_WITHIN_MS + 60_000 },
			async (t) => {
				const { fal } = stage;
				fal.reset();
				fal.options.accountConcurrency = ACCOUNT_CONCURRENCY;
				fal.options.jobTime = () => JOB_MS;
				const { api } = stage.main;
				const workflow = manyItems(stage.balancer.baseUrl);
				await saveForLocalFal(api, workflow, fal);
				await api.activateWorkflow(workflow.id);
				const processes = [stage.main, ...stage.workers, ...stage.webhookProcessors];
				await Promise.all(processes.map(async ({ pid }) => await forgetPeak(pid)));

				const begunBy = new Set<number>();
				const forget = stage.workers.map(({ onLogLine }, place) =>
					onLogLine((line) => line.includes('started execution') && begunBy.add(place)),
				);
				t.after(() => forget.forEach((end) => end()));
				const startedAt = Date.now();
				const id = await api.runWorkflow(workflow.id, names.trigger);
				const end = await untilExecutionEnds(stage, id, END_WITHIN_MS).catch(String);
				assert.equal(end, 'success', await troubles(stage, workflow.id));
				const seconds = (Date.now() - startedAt) / 1000;

				await tellMemory(t, stage);
				const executions = await sizes(stage, workflow.id);
				const [parent, ...chunks] = executions;
				t.diagnostic(`${seconds.toFixed(0)} s; the execution that splits: ${megabytes(parent)} MB`);
				t.diagnostic(
					`the largest of ${chunks.length} chunks: ${megabytes(Math.max(...chunks))} MB`,
				);

				const refused = Math.floor(ITEMS / FORBIDDEN_EVERY);
				const [summary] = itemsOf(await api.execution(id), names.summary);
				assert.deepEqual(summary?.json, {
					items: ITEMS,
					completed: ITEMS - refused,
					failed: refused,
					chunks_missing: 0,
				});
				const { rows, prompts, requestIds } = await resultRows(stage, id);
				assert.deepEqual([rows, prompts, requestIds], [ITEMS, ITEMS, ITEMS]);
				assert.equal(fal.jobs.size, ITEMS);
				assert.deepEqual([...begunBy].sort(), [0, 1]);
				assert.equal(chunks.length, CHUNKS);
			},
		);
	});
}

/** As it is shipped, with another list, other chunks, and a shorter pause. */
function manyItems(baseUrl: string): Workflow {
	const shipped = readWorkflow('many-items');
	const path = String(shipped.nodes.find(({ name }) => name === names.comes)?.parameters.path);
	const text = JSON.stringify(shipped);
	if (!text.includes(PLACEHOLDER)) throw new Error('The workflow has lost its placeholder');
	const pasted = JSON.parse(
		text
			.replace(PLACEHOLDER, `${baseUrl}/webhook/${path}`)
			.replaceAll('length / 500)', `length / ${CHUNK})`),
	) as Workflow;
	const list = `Array.from({ length: ${ITEMS} }, (_, index) => (index + 1) % ${FORBIDDEN_EVERY} ? 'Island ' + index : 'A forbidden island ' + index)`;
	return withParameters(pasted, {
		[names.prompts]: { jsonOutput: `={{ { "prompts": ${list} } }}` },
		[names.chunks]: { batchSize: CHUNK },
		[names.pause]: { amount: 5 },
	});
}

async function tellMemory(t: TestContext, { main, workers, webhookProcessors }: QueueStage) {
	const of = async (processes: ReadonlyArray<{ pid: number }>) =>
		(await Promise.all(processes.map(async ({ pid }) => await peakMemory(pid)))).join(' and ');
	t.diagnostic(
		`peak memory in MB: main ${await of([main])}, workers ${await of(workers)}, webhook processors ${await of(webhookProcessors)}`,
	);
}

/** What the executions say that did not end well. */
async function troubles(stage: QueueStage, workflowId: string): Promise<string> {
	const { api } = stage.main;
	const all = await api.allExecutions(workflowId);
	const lines = all.map(async ({ id, status }) => {
		const { error, lastNodeExecuted } = (await api.execution(id)).data.resultData;
		return `${id}: ${status} at ${lastNodeExecuted}: ${error?.message}`;
	});
	return (await Promise.all(lines)).join('\n');
}

/** @returns bytes of each execution's data in PostgreSQL, in the order in which they began */
async function sizes({ services }: QueueStage, workflowId: string): Promise<number[]> {
	const rows = await services.query<{ bytes: number }>(
		`SELECT octet_length(data) AS bytes FROM execution_data
		JOIN execution_entity ON execution_entity.id = "executionId"
		WHERE execution_entity."workflowId" = $1 ORDER BY execution_entity.id`,
		[workflowId],
	);
	return rows.map(({ bytes }) => bytes);
}

const megabytes = (bytes = 0) => (bytes / 1e6).toFixed(1);

/** What is in the data table of this run. */
async function resultRows({ main }: QueueStage, run: string) {
	const rows = (await main.api.tableRows(names.results)).filter((row) => row.run === run);
	const distinct = (field: string) => new Set(rows.map((row) => row[field])).size;
	return { rows: rows.length, prompts: distinct('prompt'), requestIds: distinct('request_id') };
}
