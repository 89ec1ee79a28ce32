/** The demo's workflow in production: a batch that a webhook starts, on whichever worker is free. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionStatus, INodeParameters } from 'n8n-workflow';
import { postUntilTaken, startedByWebhook } from '../by-webhook';
import { demoNodes, demoWorkflow, LOCAL_KEY, saveFalCredential, withCredential } from '../demo';
import type { Workflow } from '../n8n-api';
import { withParameters } from '../queue-status';
import type { QueueStage } from './stage';

const LOOK_AGAIN_MS = 200;
const BEGINS_WITHIN_MS = 90_000;

export interface PublishedBatch {
	readonly workflowId: string;
	/** @returns the execution's id, when it is there */
	start(prompts: readonly string[]): Promise<string>;
}

/** @param parameters of the node Fal Batch */
export async function publishBatch(
	stage: QueueStage,
	path: string,
	parameters: INodeParameters,
	settings: Workflow['settings'] = {},
): Promise<PublishedBatch> {
	const { api } = stage.main;
	const account = { apiKey: LOCAL_KEY, baseUrl: stage.fal.baseUrl };
	const credentialId = await saveFalCredential(api, account);
	const workflow = batchWorkflow(path, parameters, settings);
	await api.saveWorkflow(withCredential(workflow, credentialId));
	await api.activateWorkflow(workflow.id);
	return {
		workflowId: workflow.id,
		async start(prompts) {
			const seen = new Set(await executionIds(stage, workflow.id));
			await postUntilTaken(`${stage.balancer.baseUrl}/webhook/${path}`, { prompts });
			const deadline = Date.now() + BEGINS_WITHIN_MS;
			for (;;) {
				const id = (await executionIds(stage, workflow.id)).find((one) => !seen.has(one));
				if (id) return id;
				if (Date.now() > deadline) throw new Error(`No execution of ${workflow.id} has begun`);
				await sleep(LOOK_AGAIN_MS);
			}
		},
	};
}

function batchWorkflow(path: string, parameters: INodeParameters, settings: Workflow['settings']) {
	const body = `$('${demoNodes.trigger}').first().json.body`;
	const workflow = withParameters(demoWorkflow, {
		[demoNodes.source]: {
			mode: 'raw',
			jsonOutput: `={{ { "prompts": ${body}.prompts } }}`,
			options: {},
		},
		[demoNodes.batch]: parameters,
	});
	return {
		...startedByWebhook(workflow, demoNodes.trigger, path),
		id: `falBatch${path}`.padEnd(16, '0').slice(0, 16),
		name: `Fal Batch by webhook, ${path}`,
		settings: { ...workflow.settings, ...settings },
	};
}

export const numberedPrompts = (count: number, of: string) =>
	Array.from({ length: count }, (_, index) => `${of}, picture ${index + 1}`);

async function executionIds({ services }: QueueStage, workflowId: string): Promise<string[]> {
	const rows = await services.query<{ id: number }>(
		'SELECT id FROM execution_entity WHERE "workflowId" = $1 ORDER BY id DESC',
		[workflowId],
	);
	return rows.map(({ id }) => String(id));
}

export async function statusOf({ services }: QueueStage, id: string): Promise<ExecutionStatus> {
	const [row] = await services.query<{ status: ExecutionStatus }>(
		'SELECT status FROM execution_entity WHERE id = $1',
		[id],
	);
	if (!row) throw new Error(`There is no execution ${id}`);
	return row.status;
}

const UNFINISHED: readonly ExecutionStatus[] = ['new', 'running', 'waiting'];

/** Asks PostgreSQL, so that it can be told while no n8n answers. @throws after `withinMs` */
export async function untilExecutionEnds(stage: QueueStage, id: string, withinMs: number) {
	const deadline = Date.now() + withinMs;
	for (;;) {
		const status = await statusOf(stage, id);
		if (!UNFINISHED.includes(status)) return status;
		if (Date.now() > deadline) throw new Error(`Execution ${id} is still ${status}`);
		await sleep(LOOK_AGAIN_MS);
	}
}

/** @throws when none has begun it in time. @returns the worker's place */
export async function untilBegun(stage: QueueStage, id: string): Promise<number> {
	const deadline = Date.now() + BEGINS_WITHIN_MS;
	for (;;) {
		const place = stage.workerOf(id);
		if (place >= 0) return place;
		if (Date.now() > deadline) throw new Error(`No worker has begun execution ${id}`);
		await sleep(50);
	}
}

export async function untilSubmitted({ fal }: QueueStage, count: number, withinMs = 120_000) {
	const deadline = Date.now() + withinMs;
	while (fal.counts().jobs.accepted < count) {
		if (Date.now() > deadline)
			throw new Error(`${fal.counts().jobs.accepted} of ${count} jobs came`);
		await sleep(20);
	}
}
