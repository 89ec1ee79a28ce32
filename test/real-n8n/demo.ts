/** The demo of docs/workflows/demo.json: puts it into an n8n, runs it, and reads what came out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docsFolder } from './folders';
import { outputsOf, type Execution, type N8nApi, type Owner, type Workflow } from './n8n-api';

/** For a server on 127.0.0.1 that holds nothing but the demo. n8n wants eight characters, a digit and a capital. */
export const owner: Owner = {
	email: 'demo@fal.example',
	password: 'FalBatch24',
	firstName: 'Fal',
	lastName: 'Batch',
};

export const demoWorkflow = JSON.parse(
	readFileSync(join(docsFolder, 'workflows', 'demo.json'), 'utf8'),
) as Workflow;

export const demoNodes = {
	trigger: 'When Clicking Execute',
	source: '24 Prompts',
	prompts: 'One Item per Prompt',
	batch: 'Fal Batch',
	completed: 'Keep Prompt and Picture',
	failed: 'Explain Failure',
} as const;

/** What the local fal takes for a key. */
export const LOCAL_KEY = 'local:key';

const CREDENTIAL_NAME = 'Fal API';

/** Where the jobs go: to fal itself, or to a local fal's address. */
export interface FalAccount {
	apiKey: string;
	/** Empty for fal itself. */
	baseUrl: string;
}

/** What the workflow says about one prompt. */
export interface DemoResult {
	prompt: string;
	/** Absent, or empty, where nothing was submitted. */
	request_id: string;
	/** The picture's address, of a completed one. */
	picture?: string;
	/** fal's own words, of a failed one. */
	reason?: string;
}

/** Logs in as the owner, and puts credential and workflow in place, whether or not they are there already. */
export async function setUpDemo(api: N8nApi, account: FalAccount) {
	await api.signIn(owner);
	const credentialId = await saveFalCredential(api, account);
	await api.saveWorkflow(withCredential(demoWorkflow, credentialId));
}

export const runDemo = (api: N8nApi) => api.runWorkflow(demoWorkflow.id, demoNodes.trigger);

/** @returns what came out of both ends of the workflow, in the order of the prompts */
export function demoResults(execution: Execution): DemoResult[] {
	const order = outputsOf(execution, demoNodes.prompts)[0]?.map(({ json }) => json.prompt) ?? [];
	return (
		[demoNodes.completed, demoNodes.failed]
			.flatMap((node) =>
				node in execution.data.resultData.runData ? outputsOf(execution, node) : [],
			)
			.flat()
			// The two Set nodes of the workflow give exactly these fields.
			.map(({ json }) => json as unknown as DemoResult)
			.sort((a, b) => order.indexOf(a.prompt) - order.indexOf(b.prompt))
	);
}

/** @param name of another one than the demo's, for workflows that are to use another account meanwhile */
export async function saveFalCredential(
	api: N8nApi,
	account: FalAccount,
	name = CREDENTIAL_NAME,
): Promise<string> {
	return await api.saveCredential({
		name,
		type: 'falApi',
		data: { ...account, maxConcurrentJobs: 0 },
	});
}

/** An imported workflow names no credential; the person at the editor picks one, and so do we. */
export function withCredential(workflow: Workflow, id: string, name = CREDENTIAL_NAME): Workflow {
	const credentials = { falApi: { id, name } };
	return {
		...workflow,
		nodes: workflow.nodes.map((node) =>
			node.type.startsWith('n8n-nodes-fal-queue.') ? { ...node, credentials } : node,
		),
	};
}
