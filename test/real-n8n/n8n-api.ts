/** The calls n8n's editor makes, for scripts. Read off n8n 2.41's controllers; it is not n8n's public API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'flatted';
import type {
	ExecutionStatus,
	ICredentialDataDecryptedObject,
	IConnections,
	INode,
	INodeExecutionData,
	IRunExecutionData,
	IWorkflowSettings,
} from 'n8n-workflow';

/** The session cookie is bound to a browser by this header; any constant will do. */
const BROWSER_ID = 'n8n-nodes-fal-queue';
const LOOK_AGAIN_MS = 200;
const UNFINISHED: readonly ExecutionStatus[] = ['new', 'running', 'waiting'];

export interface Owner {
	email: string;
	password: string;
	firstName: string;
	lastName: string;
}

export interface Credential {
	name: string;
	type: string;
	data: ICredentialDataDecryptedObject;
}

/** As n8n's editor exports a workflow. */
export interface Workflow {
	id: string;
	name: string;
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
}

export interface Execution {
	id: string;
	status: ExecutionStatus;
	data: IRunExecutionData;
}

export class N8nApi {
	private cookie = '';

	constructor(private readonly baseUrl: string) {}

	/** Makes the owner's account on a fresh n8n, logs in on a used one. */
	async signIn({ email, password, firstName, lastName }: Owner) {
		const settings = await this.call<{ userManagement: { showSetupOnFirstLoad: boolean } }>(
			'GET',
			'settings',
		);
		if (settings.userManagement.showSetupOnFirstLoad) {
			await this.call('POST', 'owner/setup', { email, password, firstName, lastName });
		} else {
			await this.call('POST', 'login', { emailOrLdapLoginId: email, password });
		}
	}

	/** Creates the credential, or updates the one of this name and type. @returns its id */
	async saveCredential(credential: Credential): Promise<string> {
		const all = await this.call<Array<{ id: string; name: string; type: string }>>(
			'GET',
			'credentials',
		);
		const known = all.find(
			({ name, type }) => name === credential.name && type === credential.type,
		);
		const { id } = known
			? await this.call<{ id: string }>('PATCH', `credentials/${known.id}`, credential)
			: await this.call<{ id: string }>('POST', 'credentials', credential);
		return id;
	}

	/** Creates the workflow, or updates the one of this id. */
	async saveWorkflow(workflow: Workflow) {
		const { exists } = await this.call<{ exists: boolean }>(
			'GET',
			`workflows/${workflow.id}/exists`,
		);
		if (exists) await this.call('PATCH', `workflows/${workflow.id}?forceSave=true`, workflow);
		else await this.call('POST', 'workflows', workflow);
	}

	async workflow(id: string): Promise<Workflow> {
		return await this.call<Workflow>('GET', `workflows/${id}`);
	}

	/** Publishes the workflow, so that its triggers listen. They need a few seconds more until they answer. */
	async activateWorkflow(id: string) {
		const { versionId } = await this.call<{ versionId: string }>('GET', `workflows/${id}`);
		await this.call('POST', `workflows/${id}/activate`, { versionId });
	}

	/** What the button Execute Workflow does. @returns the execution's id, at once */
	async runWorkflow(id: string, triggerName: string): Promise<string> {
		const { executionId } = await this.call<{ executionId: string }>(
			'POST',
			`workflows/${id}/run`,
			{
				triggerToStartFrom: { name: triggerName },
			},
		);
		return executionId;
	}

	async execution(id: string): Promise<Execution> {
		const { status, data } = await this.call<{ status: ExecutionStatus; data: string }>(
			'GET',
			`executions/${id}`,
		);
		return { id, status, data: parse(data) as IRunExecutionData };
	}

	/** The newest executions of a workflow, without their data. */
	async executions(workflowId: string): Promise<Array<{ id: string; status: ExecutionStatus }>> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const { results } = await this.call<{
			results: Array<{ id: string; status: ExecutionStatus }>;
		}>('GET', `executions?filter=${filter}`);
		return results;
	}

	/** All executions of a workflow, newest first, without their data. */
	async allExecutions(workflowId: string): Promise<Array<{ id: string; status: ExecutionStatus }>> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const all = new Map<string, { id: string; status: ExecutionStatus }>();
		let cursor: string | undefined;
		do {
			const page = await this.call<{
				results: Array<{ id: string; status: ExecutionStatus }>;
				nextCursor?: string | null;
			}>('GET', `executions?limit=100&filter=${filter}${cursor ? `&cursor=${cursor}` : ''}`);
			// One that ended between two pages may be on both.
			for (const execution of page.results) all.set(execution.id, execution);
			cursor = page.nextCursor ?? undefined;
		} while (cursor);
		return [...all.values()];
	}

	/** The rows of the owner's data table of this name. */
	async tableRows(name: string): Promise<Array<Record<string, unknown>>> {
		const { id: project } = await this.call<{ id: string }>('GET', 'projects/personal');
		const tables = await this.call<{ data: Array<{ id: string; name: string }> }>(
			'GET',
			`projects/${project}/data-tables`,
		);
		const table = tables.data.find((one) => one.name === name);
		if (!table) throw new Error(`There is no data table "${name}"`);
		const rows: Array<Record<string, unknown>> = [];
		for (;;) {
			const page = await this.call<{ count: number; data: Array<Record<string, unknown>> }>(
				'GET',
				`projects/${project}/data-tables/${table.id}/rows?take=100&skip=${rows.length}`,
			);
			rows.push(...page.data);
			if (rows.length >= page.count || page.data.length === 0) return rows;
		}
	}

	/** Waits until the execution has come to an end, whichever. @throws after `withinMs` */
	async executionEnd(id: string, withinMs: number): Promise<Execution> {
		const deadline = Date.now() + withinMs;
		for (;;) {
			const execution = await this.execution(id);
			if (!UNFINISHED.includes(execution.status)) return execution;
			if (Date.now() > deadline) {
				throw new Error(`Execution ${id} is still ${execution.status} after ${withinMs} ms`);
			}
			await sleep(LOOK_AGAIN_MS);
		}
	}

	/** What the button Stop does. */
	async stopExecution(id: string) {
		await this.call('POST', `executions/${id}/stop`);
	}

	/** @throws with n8n's own message when it does not answer with success */
	private async call<T>(method: string, path: string, body?: object): Promise<T> {
		const response = await fetch(`${this.baseUrl}/rest/${path}`, {
			method,
			headers: {
				'content-type': 'application/json',
				'browser-id': BROWSER_ID,
				cookie: this.cookie,
			},
			body: body && JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok)
			throw new Error(`n8n answered ${response.status} to ${method} ${path}: ${text}`);
		const [cookie] = response.headers.getSetCookie();
		if (cookie) this.cookie = cookie.slice(0, cookie.indexOf(';'));
		return (JSON.parse(text) as { data: T }).data;
	}
}

/** The items a node gave out, by output. @throws when the node did not run */
export function outputsOf({ data }: Execution, nodeName: string): INodeExecutionData[][] {
	const run = data.resultData.runData[nodeName]?.at(-1);
	if (run?.data?.main) return run.data.main.map((items) => items ?? []);
	const reason = run?.error ?? data.resultData.error;
	throw new Error(`"${nodeName}" gave nothing out: ${reason?.message ?? 'it was not run'}`);
}
