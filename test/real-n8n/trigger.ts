/** The pair of docs/workflows that submits in one workflow and receives in another, by Fal Trigger. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionStatus } from 'n8n-workflow';
import { post } from '../callbacks/post';
import type { N8n } from './n8n';
import type { Execution, Workflow } from './n8n-api';
import { itemsOf, readWorkflow, saveForLocalFal, withParameters } from './queue-status';

export const triggerNodes = {
	start: 'When Clicking Execute',
	source: '10 Prompts',
	rows: 'Row for Each Prompt',
	submit: 'Submit',
	refused: 'Note the Refusal',
	trigger: 'Fal Trigger',
	completed: 'Picture into Its Row',
	failed: 'Reason into Its Row',
} as const;

/** The data table that both use. */
export const TABLE = 'fal pictures';

export const triggerSubmit = readWorkflow('trigger-submit');
export const triggerReceive = readWorkflow('trigger-receive');

/** What the person at the editor is asked to paste over. */
const PLACEHOLDER = 'PASTE THE PRODUCTION URL HERE';

/** A published webhook answers 404 for some seconds. */
const LISTENS_WITHIN_MS = 90_000;
const LOOK_AGAIN_MS = 200;
/** To count executions is work for n8n, too. */
const COUNT_AGAIN_MS = 1000;
const UNFINISHED: readonly ExecutionStatus[] = ['new', 'running', 'waiting'];

/** The submitting workflow with this address in its place, and with these prompts instead of its own. */
export function submitTo(url: string, prompts?: readonly string[]): Workflow {
	const text = JSON.stringify(triggerSubmit);
	if (!text.includes(PLACEHOLDER)) throw new Error('The workflow has lost its placeholder');
	const workflow = JSON.parse(text.replace(PLACEHOLDER, url)) as Workflow;
	if (!prompts) return workflow;
	return withParameters(workflow, {
		[triggerNodes.source]: { mode: 'raw', jsonOutput: JSON.stringify({ prompts }) },
		[triggerNodes.submit]: { concurrency: 40 },
	});
}

/** A published workflow that Fal Trigger starts. */
export interface Receiver {
	readonly workflowId: string;
	/** The Production URL. */
	readonly url: string;
	/** How many of its executions have come to an end. */
	ended(): Promise<number>;
	/** All of them, oldest first. */
	executions(): Promise<Execution[]>;
}

/** Publishes the workflow and waits until it listens. */
export async function publishReceiver(
	n8n: Pick<N8n, 'baseUrl' | 'api'>,
	workflow: Workflow,
	fal: { readonly baseUrl: string },
): Promise<Receiver> {
	const { api } = n8n;
	await saveForLocalFal(api, workflow, fal);
	await api.activateWorkflow(workflow.id);
	return await receiverOf(n8n, workflow.id);
}

/** Waits until the workflow, which is published, listens: n8n has started again, for one. */
export async function receiverOf(
	{ baseUrl, api }: Pick<N8n, 'baseUrl' | 'api'>,
	workflowId: string,
): Promise<Receiver> {
	const { nodes } = await api.workflow(workflowId);
	const trigger = nodes.find(({ name }) => name === triggerNodes.trigger);
	const url = `${baseUrl}/webhook/${trigger?.webhookId}/fal`;
	await untilItListens(url);
	const all = async () => await api.allExecutions(workflowId);
	return {
		workflowId,
		url,
		ended: async () => (await all()).filter(({ status }) => !UNFINISHED.includes(status)).length,
		executions: async () => {
			const executions: Execution[] = [];
			for (const { id } of (await all()).reverse()) executions.push(await api.execution(id));
			return executions;
		},
	};
}

/** An empty request is no callback, and starts nothing; but who answers it listens. */
async function untilItListens(url: string) {
	const deadline = Date.now() + LISTENS_WITHIN_MS;
	for (;;) {
		const { status, text } = await post(url, '');
		if (status === 400) return;
		if (status !== 404 || Date.now() > deadline) {
			throw new Error(`${url} answered ${status}: ${text}`);
		}
		await sleep(LOOK_AGAIN_MS);
	}
}

/** @throws when it takes longer */
export async function untilEnded(receiver: Receiver, count: number, withinMs: number) {
	const deadline = Date.now() + withinMs;
	for (;;) {
		// n8n answers 503 while a burst of callbacks keeps its database busy.
		const ended = await receiver.ended().catch(() => 0);
		if (ended >= count) return;
		if (Date.now() > deadline) {
			throw new Error(`${ended} of ${count} executions have ended after ${withinMs} ms`);
		}
		await sleep(COUNT_AGAIN_MS);
	}
}

/** What Fal Trigger gave out in an execution, and on which output. */
export function receivedBy(execution: Execution): {
	readonly completed: ReturnType<typeof itemsOf>;
	readonly failed: ReturnType<typeof itemsOf>;
} {
	return {
		completed: itemsOf(execution, triggerNodes.trigger, 0),
		failed: itemsOf(execution, triggerNodes.trigger, 1),
	};
}

/** Fal Trigger, and something behind it: for tests of what comes in, and not of what becomes of it. */
export function plainReceiver(id: string): Workflow {
	return {
		id,
		name: `Fal: receive, ${id}`,
		nodes: [
			{
				id: `${id}-1`,
				name: triggerNodes.trigger,
				type: 'n8n-nodes-fal-queue.falTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			},
			{
				id: `${id}-2`,
				name: 'Behind',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [240, 0],
				parameters: {},
			},
		],
		connections: {
			[triggerNodes.trigger]: { main: [[{ node: 'Behind', type: 'main', index: 0 }]] },
		},
		settings: { executionOrder: 'v1' },
	};
}
