/**
 * Fal Trigger behind a real HTTP server that does with a request what n8n does with one to a production
 * webhook: reads the raw body, runs the built node in n8n-core's own context, answers 200 once it has
 * made an execution of what came out, and then keeps the static data.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'node:querystring';
import { logWritten, readLog } from './environment';
import { HookContext, WebhookContext } from 'n8n-core';
import {
	type IDataObject,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type IWebhookData,
	Workflow,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import type { FalTrigger as TriggerNode } from '../../nodes/FalTrigger/FalTrigger.node';
import { built, type CredentialFields, engineStandIn, nodeTypesOf } from './engineStandIn';

export interface TriggerOptions {
	readonly credential: CredentialFields;
	readonly parameters?: INodeParameters;
	/** 'webhook' for a published workflow, the default; 'manual' for one that is tried out in the editor. */
	readonly mode?: WorkflowExecuteMode;
	/** What n8n's processes have in common. */
	readonly database?: Database;
	/** As n8n 1.x: static data is kept, and the request answered, before an execution is made. */
	readonly isN8n1?: boolean;
	/** Another process' node; see {@link loadTrigger}. */
	readonly node?: INodeType;
}

/** An execution as n8n would start it: what the trigger gives out. */
export interface Started {
	readonly completed: INodeExecutionData[];
	readonly failed: INodeExecutionData[];
}

export class Database {
	staticData: IDataObject = {};
	readonly executions: Started[] = [];
	/** What becomes of an attempt to make an execution, besides. A rejection is a database in trouble. */
	insert: (started: Started) => Promise<void> = async () => {};
}

export interface TriggerServer {
	/** The webhook's address, to which query parameters may be added. */
	readonly url: string;
	readonly database: Database;
	/** Answers so far, by HTTP status. */
	readonly answers: Readonly<Record<number, number>>;
	/** Everything that was logged, kept or answered, as text. */
	everythingWritten(): string;
	/** What n8n does when the workflow is published, at this address. @returns what was logged meanwhile */
	publish(webhookUrl: string): Promise<string>;
	close(): Promise<void>;
}

/** The node as a process of its own loads it: modules keep state. */
export function loadTrigger(): INodeType {
	const { FalTrigger } = built<{ FalTrigger: typeof TriggerNode }>(
		'nodes/FalTrigger/FalTrigger.node.js',
	);
	return new FalTrigger();
}

let workflows = 0;

export async function startTrigger(options: TriggerOptions): Promise<TriggerServer> {
	const { database = new Database() } = options;
	const node = options.node ?? loadTrigger();
	const workflowId = options.database ? 'shared' : `workflow-${++workflows}`;
	const written: string[] = [];
	const answers: Record<number, number> = {};

	const server = createServer((request, response) => {
		response.on('close', () => {
			answers[response.statusCode] = (answers[response.statusCode] ?? 0) + 1;
		});
		void takeIn(request, asExpress(response, written)).catch((error: unknown) => {
			// n8n's answer to an error that is none of HTTP's.
			asExpress(response, written)
				.status(statusOf(error))
				.json({ message: String(error) });
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;

	async function takeIn(request: IncomingMessage, response: ExpressResponse) {
		// Each request has a copy of its own, as n8n loads it.
		const staticData = structuredClone(database.staticData);
		const workflow = workflowOf(node, workflowId, options.parameters, staticData);
		const webhook = webhookOf(workflow, options, written);
		const { workflowExecuteAdditionalData: additionalData } = webhook;
		Object.assign(additionalData, {
			httpRequest: await asN8nReadsIt(request),
			httpResponse: response,
		});
		const mode = options.mode ?? 'webhook';
		const trigger = workflow.getNode(NODE)!;
		const context = new WebhookContext(workflow, trigger, additionalData, mode, webhook, [], null);
		const { workflowData, noWebhookResponse } = await node.webhook!.call(context);
		if (noWebhookResponse) return;
		const isKept = () => mode === 'webhook' && workflow.staticData.__dataChanged === true;
		const keep = () => {
			if (isKept()) database.staticData = JSON.parse(JSON.stringify(workflow.staticData));
		};
		if (options.isN8n1) keep();
		if (workflowData) {
			const [completed = [], failed = []] = workflowData.map((items) => items ?? []);
			// What n8n's runner does first; the static data then counts as unchanged.
			workflowOf(node, workflowId, options.parameters, staticData);
			await aWrite();
			await database.insert({ completed, failed });
			database.executions.push({ completed, failed });
		}
		if (!options.isN8n1) keep();
		response.status(200).json({ message: 'Workflow was started' });
	}

	return {
		url: `http://127.0.0.1:${port}/webhook/fal`,
		database,
		answers,
		everythingWritten: () => [readLog(), ...written, JSON.stringify(database)].join('\n'),
		async publish(webhookUrl) {
			await logWritten();
			const before = readLog().length;
			const workflow = workflowOf(node, workflowId, options.parameters, {});
			const webhook = webhookOf(workflow, options, written);
			Object.assign(webhook.workflowExecuteAdditionalData, { webhookBaseUrl: webhookUrl });
			const trigger = workflow.getNode(NODE)!;
			const context = new HookContext(
				workflow,
				trigger,
				webhook.workflowExecuteAdditionalData,
				'trigger',
				'activate',
				webhook,
			);
			const { checkExists, create } = node.webhookMethods!.default!;
			if (!(await checkExists!.call(context))) await create!.call(context);
			await logWritten();
			return readLog().slice(before);
		},
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}

const NODE = 'Fal Trigger';

/** n8n's database is never quicker. */
const aWrite = () => new Promise((resolve) => setTimeout(resolve, 5));

function workflowOf(
	node: INodeType,
	id: string,
	parameters: INodeParameters = {},
	staticData: IDataObject,
): Workflow {
	return new Workflow({
		id,
		name: 'Test',
		active: true,
		nodeTypes: nodeTypesOf({ 'n8n-nodes-fal-queue.falTrigger': node }),
		nodes: [
			{
				id: 'trigger',
				name: NODE,
				type: 'n8n-nodes-fal-queue.falTrigger',
				typeVersion: 1,
				position: [0, 0],
				webhookId: '9a1c0d5e',
				parameters,
				credentials: { falApi: { id: 'one', name: 'Fal API' } },
			},
		],
		connections: {},
		staticData,
	});
}

function webhookOf(
	workflow: Workflow,
	{ credential, mode = 'webhook' }: TriggerOptions,
	written: string[],
): IWebhookData {
	const { description } = workflow.nodeTypes.getByNameAndVersion('n8n-nodes-fal-queue.falTrigger');
	return {
		httpMethod: 'POST',
		node: NODE,
		path: 'fal',
		webhookDescription: description.webhooks![0]!,
		workflowId: workflow.id,
		workflowExecuteAdditionalData: engineStandIn(workflow, mode, credential, written),
	};
}

/** n8n parses JSON before the node is run, and refuses what is none; the raw bytes stay beside it. */
async function asN8nReadsIt(request: IncomingMessage) {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const rawBody = Buffer.concat(chunks);
	const isJson = request.headers['content-type']?.startsWith('application/json');
	const query = parse(request.url?.split('?')[1] ?? '');
	const body: unknown = isJson && rawBody.length > 0 ? parseOrRefuse(rawBody) : {};
	return Object.assign(request, { rawBody, query: { ...query }, body, params: {} });
}

function parseOrRefuse(rawBody: Buffer): unknown {
	try {
		return JSON.parse(rawBody.toString());
	} catch {
		throw Object.assign(new Error('Failed to parse request body'), { status: 422 });
	}
}

function statusOf(error: unknown): number {
	return Number(Object(error).status ?? 500);
}

/** The two functions of Express that nodes and n8n answer with. */
interface ExpressResponse extends ServerResponse {
	status(code: number): ExpressResponse;
	json(body: unknown): void;
}

function asExpress(response: ServerResponse, written: string[]): ExpressResponse {
	const express: ExpressResponse = Object.assign(response, {
		status(code: number) {
			response.statusCode = code;
			return express;
		},
		json(body: unknown) {
			const text = JSON.stringify(body);
			written.push(text);
			if (!response.headersSent) response.setHeader('content-type', 'application/json');
			response.end(text);
		},
	});
	return express;
}
