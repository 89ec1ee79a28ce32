/** The three workflows of docs/workflows that submit now and collect later, and what comes out of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';
import type { LocalFal } from '../local-fal';
import { LOCAL_KEY, saveFalCredential, withCredential, type DemoResult } from './demo';
import { docsFolder } from './folders';
import type { N8n } from './n8n';
import type { Execution, N8nApi, Workflow } from './n8n-api';
import { isSince } from './which-n8n';

/** What the three have in common. */
export const nodes = {
	trigger: 'When Clicking Execute',
	source: '10 Prompts',
	prompts: 'One Item per Prompt',
	submit: 'Submit',
	refused: 'Explain Refusal',
	completed: 'Keep Prompt and Picture',
	failed: 'Explain Failure',
	/** Check in a loop, and behind Wait for Webhooks. */
	check: 'Check',
	pause: 'Pause',
	wait: 'Wait',
	park: 'Wait for Webhooks',
} as const;

export const checkInALoop = readWorkflow('check-in-a-loop');
export const submitAndWait = readWorkflow('submit-and-wait');
export const waitForWebhooks = readWorkflow('wait-for-webhooks');

/** One of docs/workflows. */
export function readWorkflow(name: string): Workflow {
	const text = readFileSync(join(docsFolder, 'workflows', `${name}.json`), 'utf8');
	return JSON.parse(text) as Workflow;
}

/** Puts the workflow into n8n, with jobs going to this local fal. There may be several: each has its credential. */
export async function saveForLocalFal(
	api: N8nApi,
	workflow: Workflow,
	{ baseUrl }: Pick<LocalFal, 'baseUrl'>,
) {
	const name = `Fal API at ${baseUrl}`;
	const credentialId = await saveFalCredential(api, { apiKey: LOCAL_KEY, baseUrl }, name);
	await api.saveWorkflow(withCredential(workflow, credentialId, name));
}

/** The prompts that a workflow's Edit Fields brings along. */
export function promptsOf(workflow: Workflow, source: string): string[] {
	const { parameters } = workflow.nodes.find(({ name }) => name === source)!;
	const [{ value }] = Object(parameters.assignments).assignments;
	return JSON.parse(value) as string[];
}

/** The workflow with some parameters of some nodes changed. */
export function withParameters(
	workflow: Workflow,
	changes: Readonly<Record<string, INodeParameters>>,
): Workflow {
	return {
		...workflow,
		nodes: workflow.nodes.map((node) => ({
			...node,
			parameters: { ...node.parameters, ...changes[node.name] },
		})),
	};
}

/** What a node gave out on one output, in all its runs: in a loop it runs more than once. Empty if it did not run. */
export function itemsOf({ data }: Execution, node: string, output = 0): INodeExecutionData[] {
	const runs = data.resultData.runData[node] ?? [];
	return runs.flatMap((run) => run.data?.main?.[output] ?? []);
}

/** Whether this n8n puts a token of its own into the address of a parked execution, and asks for it. */
export const signsAddresses = ({ version }: Pick<N8n, 'version'>) => isSince({ version }, '2.14');

export const runsOf = ({ data }: Execution, node: string) =>
	data.resultData.runData[node]?.length ?? 0;

/** What the two Set nodes at the end of each workflow say. */
export function resultsOf(execution: Execution): { completed: DemoResult[]; failed: DemoResult[] } {
	// The Set nodes give exactly these fields.
	const results = (node: string) =>
		itemsOf(execution, node).map(({ json }) => json as unknown as DemoResult);
	return { completed: results(nodes.completed), failed: results(nodes.failed) };
}

/** The place of the input item that each item says it comes from. */
export const linksOf = (items: readonly INodeExecutionData[]) =>
	items.map(({ pairedItem }) => (pairedItem as { item: number }).item);
