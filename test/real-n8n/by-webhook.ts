/** A workflow of docs/workflows in production: published, and started by a request that brings the prompts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workflow } from './n8n-api';

/** A published webhook answers 404 for some seconds. */
const LISTENS_WITHIN_MS = 90_000;
const LOOK_AGAIN_MS = 100;

/** The workflow with n8n's Webhook node in the place of its manual trigger. */
export function startedByWebhook(workflow: Workflow, triggerName: string, path: string): Workflow {
	return {
		...workflow,
		nodes: workflow.nodes.map((node) =>
			node.name === triggerName
				? {
						...node,
						type: 'n8n-nodes-base.webhook',
						typeVersion: 2,
						parameters: { httpMethod: 'POST', path, responseMode: 'onReceived' },
						webhookId: path,
					}
				: node,
		),
	};
}

/** Sends the request, and again while the webhook does not listen yet. @throws on any other answer than yes */
export async function postUntilTaken(address: string, body: object) {
	const deadline = Date.now() + LISTENS_WITHIN_MS;
	for (;;) {
		const response = await fetch(address, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		const text = await response.text();
		if (response.ok) return;
		if (response.status !== 404 || Date.now() > deadline) {
			throw new Error(`${address} answered ${response.status}: ${text}`);
		}
		await sleep(LOOK_AGAIN_MS);
	}
}
