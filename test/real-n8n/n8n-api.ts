/**
 * The calls n8n's editor makes, for scripts. Read off the controllers of n8n from 1.85 to 2.41; it is not n8n's public
 * API, and an older n8n has some of it in another form.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'flatted';
import type {
	ExecutionStatus,
	IBinaryData,
	ICredentialDataDecryptedObject,
	IDataObject,
	IConnections,
	INode,
	INodeExecutionData,
	IRunExecutionData,
	IWorkflowSettings,
} from 'n8n-workflow';
import { isSince } from './which-n8n';

/** The session cookie is bound to a browser by this header; any constant will do. */
const BROWSER_ID = 'n8n-nodes-fal-queue';
const LOOK_AGAIN_MS = 200;
/** Before, a workflow was published by being changed. */
const ACTIVATED_BY_ROUTE = '1.122';
/** Before, n8n could not be asked whether it has a workflow, and gave each an id of its own. */
const TAKES_IDS = '2.3';
/** Before, n8n ran the workflow that it was given; since then, the one that it has saved. */
const RUNS_WHAT_IS_SAVED = '2.12';
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

/**
 * An older n8n gives each workflow an id of its own, and ours are those of docs/workflows: which is which, by n8n's address,
 * so that an n8n that was started again there knows its workflows.
 */
const idsInN8n = new Map<string, Map<string, string>>();

export class N8nApi {
	private cookie = '';

	/** @param host the n8n that listens there */
	constructor(
		private readonly baseUrl: string,
		private readonly host: { readonly version: string },
	) {}

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
	async saveWorkflow(given: Workflow) {
		const workflow = withWebhookIds(given);
		const id = this.idOf(workflow.id);
		if (await this.hasWorkflow(id)) {
			await this.call('PATCH', `workflows/${id}?forceSave=true`, { ...workflow, id });
			return;
		}
		const saved = await this.call<{ id: string }>('POST', 'workflows', {
			...workflow,
			active: false,
		});
		const ids = idsInN8n.get(this.baseUrl) ?? new Map<string, string>();
		idsInN8n.set(this.baseUrl, ids.set(workflow.id, saved.id));
	}

	private async hasWorkflow(id: string): Promise<boolean> {
		if (!this.isSince(TAKES_IDS)) {
			return [...(idsInN8n.get(this.baseUrl)?.values() ?? [])].includes(id);
		}
		return (await this.call<{ exists: boolean }>('GET', `workflows/${id}/exists`)).exists;
	}

	/** What this n8n calls the workflow. */
	private idOf(id: string): string {
		return idsInN8n.get(this.baseUrl)?.get(id) ?? id;
	}

	private isSince(version: string): boolean {
		return isSince(this.host, version);
	}

	async workflow(id: string): Promise<Workflow> {
		return await this.call<Workflow>('GET', `workflows/${this.idOf(id)}`);
	}

	/** Publishes the workflow, so that its triggers listen. They need a few seconds more until they answer. */
	async activateWorkflow(id: string) {
		const path = `workflows/${this.idOf(id)}`;
		const { versionId } = await this.call<{ versionId: string }>('GET', path);
		if (this.isSince(ACTIVATED_BY_ROUTE))
			await this.call('POST', `${path}/activate`, { versionId });
		else await this.call('PATCH', path, { active: true, versionId });
	}

	/**
	 * What the button Execute Workflow does.
	 *
	 * @param given what the trigger gives out, where it waits for somebody: a chat's message
	 * @returns the execution's id, at once
	 */
	async runWorkflow(id: string, triggerName: string, given?: IDataObject): Promise<string> {
		const data = given && {
			startTime: Date.now(),
			executionTime: 0,
			executionIndex: 0,
			executionStatus: 'success',
			source: [null],
			data: { main: [[{ json: given }]] },
		};
		const path = `workflows/${this.idOf(id)}`;
		const whole = this.isSince(RUNS_WHAT_IS_SAVED)
			? {}
			: { workflowData: await this.call('GET', path) };
		const { executionId } = await this.call<{ executionId: string }>('POST', `${path}/run`, {
			...whole,
			triggerToStartFrom: { name: triggerName, ...(data && { data }) },
		});
		return executionId;
	}

	/** The bytes of a file: n8n 1 has them in the execution's data, n8n 2 gives them out as the editor fetches them. */
	async binary({ id, data }: IBinaryData): Promise<Buffer> {
		if (id === undefined) return Buffer.from(data, 'base64');
		const query = new URLSearchParams({ id, action: 'download' });
		const response = await fetch(`${this.baseUrl}/rest/binary-data?${query}`, {
			headers: { cookie: this.cookie, 'browser-id': BROWSER_ID },
		});
		if (!response.ok) throw new Error(`n8n answered ${response.status} to the file ${id}`);
		return Buffer.from(await response.arrayBuffer());
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
		const filter = encodeURIComponent(JSON.stringify({ workflowId: this.idOf(workflowId) }));
		const { results } = await this.call<{
			results: Array<{ id: string; status: ExecutionStatus }>;
		}>('GET', `executions?filter=${filter}`);
		return results;
	}

	/** All executions of a workflow, newest first, without their data. */
	async allExecutions(workflowId: string): Promise<Array<{ id: string; status: ExecutionStatus }>> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId: this.idOf(workflowId) }));
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

/** The address of a trigger begins with its webhook ID. The editor gives it one; n8n itself does since some 2.x. */
function withWebhookIds(workflow: Workflow): Workflow {
	return {
		...workflow,
		nodes: workflow.nodes.map((node) =>
			node.type === 'n8n-nodes-fal-queue.falTrigger' ? { webhookId: node.id, ...node } : node,
		),
	};
}

/** The items a node gave out, by output. @throws when the node did not run */
export function outputsOf({ data }: Execution, nodeName: string): INodeExecutionData[][] {
	const run = data.resultData.runData[nodeName]?.at(-1);
	if (run?.data?.main) return run.data.main.map((items) => items ?? []);
	const reason = run?.error ?? data.resultData.error;
	throw new Error(`"${nodeName}" gave nothing out: ${reason?.message ?? 'it was not run'}`);
}
