/**
 * wait-for-webhooks.json as a production workflow: published, started by a webhook that brings the prompts.
 * Parked executions are then what they are for a user whose workflow runs at night.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionStatus } from 'n8n-workflow';
import type { LocalFal } from '../local-fal';
import { postUntilTaken, startedByWebhook } from './by-webhook';
import type { Execution, N8nApi, Workflow } from './n8n-api';
import type { N8n } from './n8n';
import { nodes, saveForLocalFal, waitForWebhooks, withParameters } from './queue-status';

const LOOK_AGAIN_MS = 100;

export interface Production {
	readonly workflowId: string;
	/** @returns the execution's id, at once */
	start(batch: ProductionBatch): Promise<string>;
}

export interface ProductionBatch {
	prompts: readonly string[];
	/** In minutes. */
	maxWait: number;
}

/** @param name for the workflow's id and the webhook's path: up to 8 letters */
export async function publish(
	{ baseUrl, api }: Pick<N8n, 'baseUrl' | 'api'>,
	fal: LocalFal,
	name: string,
): Promise<Production> {
	const workflow = parkingWorkflow(name);
	await saveForLocalFal(api, workflow, fal);
	await api.activateWorkflow(workflow.id);
	const seen = new Set<string>();
	return {
		workflowId: workflow.id,
		async start(batch) {
			await postUntilTaken(`${baseUrl}/webhook/${name}`, batch);
			for (;;) {
				const started = (await api.executions(workflow.id)).find(({ id }) => !seen.has(id));
				if (started) {
					seen.add(started.id);
					return started.id;
				}
				await sleep(LOOK_AGAIN_MS);
			}
		},
	};
}

function parkingWorkflow(name: string): Workflow {
	const body = `$('${nodes.trigger}').first().json.body`;
	const workflow = withParameters(waitForWebhooks, {
		[nodes.source]: { mode: 'raw', jsonOutput: `={{ { "prompts": ${body}.prompts } }}` },
		[nodes.submit]: { concurrency: 40 },
		[nodes.park]: { maxWait: `={{ ${body}.maxWait }}` },
	});
	return {
		...startedByWebhook(workflow, nodes.trigger, name),
		id: `falParking${name}`.padEnd(16, '0').slice(0, 16),
		name: `Fal: wait for webhooks, ${name}`,
	};
}

/**
 * Looks at the list of executions only: to load a parked one with all its items, again and again, would be load
 * that the test puts on n8n.
 */
async function until(
	api: N8nApi,
	{ workflowId }: Production,
	id: string,
	withinMs: number,
	isIt: (status: ExecutionStatus) => boolean,
): Promise<Execution> {
	const deadline = Date.now() + withinMs;
	for (;;) {
		// n8n answers 503 while a burst of callbacks keeps its database busy.
		const executions = await api.executions(workflowId).catch(() => []);
		const status = executions.find((one) => one.id === id)?.status;
		if (status && isIt(status)) return await api.execution(id);
		if (Date.now() > deadline) {
			throw new Error(`Execution ${id} is still ${status ?? 'unknown'} after ${withinMs} ms`);
		}
		await sleep(LOOK_AGAIN_MS);
	}
}

export const untilParked = (api: N8nApi, production: Production, id: string, withinMs = 180_000) =>
	until(api, production, id, withinMs, (status) => !['new', 'running'].includes(status));

export const untilEnded = (api: N8nApi, production: Production, id: string, withinMs: number) =>
	until(api, production, id, withinMs, (status) => !['new', 'running', 'waiting'].includes(status));
