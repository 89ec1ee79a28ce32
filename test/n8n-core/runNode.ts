/**
 * Runs the built nodes through n8n's real engine (`WorkflowExecute` of n8n-core): real parameters,
 * expressions, credential authentication, HTTP helper, cancel signal and item linking, over real
 * sockets. What n8n-core takes from the n8n server around it is stood in for in engineStandIn.ts.
 */
import 'reflect-metadata';
import { logWritten, readLog } from './environment';
import { LoadOptionsContext, WorkflowExecute } from 'n8n-core';
import {
	type IBinaryKeyData,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type INodeListSearchResult,
	type INodeParameters,
	type INodeType,
	type IRun,
	type ITaskData,
	type ResourceMapperFields,
	Workflow,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import type { FalBatch as BatchNode } from '../../nodes/FalBatch/FalBatch.node';
import type { FalQueueStatus as StatusNode } from '../../nodes/FalQueueStatus/FalQueueStatus.node';
import { asTool } from './asTool';
import { built, type CredentialFields, engineStandIn, nodeTypesOf } from './engineStandIn';

const { FalBatch } = built<{ FalBatch: typeof BatchNode }>('nodes/FalBatch/FalBatch.node.js');
const { FalQueueStatus } = built<{ FalQueueStatus: typeof StatusNode }>(
	'nodes/FalQueueStatus/FalQueueStatus.node.js',
);

export interface NodeRun {
	/** Fal Batch, unless said. */
	readonly node?: 'Fal Batch' | 'Fal Queue Status';
	/** Of Fal Batch; 1, unless said, as in workflows that were saved before there was a form. */
	readonly typeVersion?: number;
	readonly items: readonly IDataObject[];
	/** The files of each item. */
	readonly binary?: ReadonlyArray<IBinaryKeyData>;
	readonly parameters?: INodeParameters;
	readonly credential: CredentialFields;
	/** Which credential it is, for what is shared by its id. */
	readonly credentialId?: string;
	/** Settings of the node, such as `retryOnFail`. */
	readonly settings?: Partial<INode>;
	readonly mode?: WorkflowExecuteMode;
	/** Whether an AI Agent runs it, as n8n 2.41 lets its agents: through the engine, as a node of its own. */
	readonly asTool?: boolean;
	/** Outputs that another node is connected to. Default: none. */
	readonly connectedOutputs?: readonly number[];
}

export interface Outcome {
	readonly run: IRun;
	/** What came out, an entry for each output. */
	readonly outputs: INodeExecutionData[][];
	/** The first two of them. */
	readonly completed: INodeExecutionData[];
	readonly failed: INodeExecutionData[];
	/** Of the node itself, when it threw. */
	readonly error: ITaskData['error'];
	readonly hints: string[];
	/** How often n8n ran the node. */
	readonly runs: number;
	/** Everything that was logged, shown to the browser or put out, as text. */
	readonly everythingWritten: string;
}

/** Starts a run; `stop` does what n8n's Stop button does. */
export function startNode(options: NodeRun): {
	outcome: Promise<Outcome>;
	stop: () => void;
} {
	const written: string[] = [];
	const workflow = workflowFor(options);
	const mode = options.mode ?? 'trigger';
	const execution = new WorkflowExecute(
		engineStandIn(workflow, mode, options.credential, written),
		mode,
	);
	const running = execution.run({ workflow, startNode: workflow.getNode('Items') ?? undefined });
	const outcome = Promise.resolve(running).then(async (run: IRun) => {
		await logWritten();
		return readOutcome(run, written, options.node);
	});
	return { outcome, stop: () => running.cancel() };
}

export async function runNode(options: NodeRun): Promise<Outcome> {
	return await startNode(options).outcome;
}

/** What the editor does to fill the list of models. */
export async function searchModels(
	options: NodeRun,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const context = editorOf(options);
	return await new FalBatch().methods.listSearch.searchModels.call(
		context,
		filter,
		paginationToken,
	);
}

/** What the editor does to draw the model's form. */
export async function drawForm(options: NodeRun): Promise<ResourceMapperFields> {
	return await new FalBatch().methods.resourceMapping.drawForm.call(editorOf(options));
}

function editorOf(options: NodeRun): LoadOptionsContext {
	const workflow = workflowFor(options);
	const node = workflow.getNode('Fal Batch')!;
	const standIn = engineStandIn(workflow, 'internal', options.credential, []);
	const { parameters: currentNodeParameters } = node;
	return new LoadOptionsContext(workflow, node, { ...standIn, currentNodeParameters }, '');
}

function readOutcome(run: IRun, written: string[], node = 'Fal Batch'): Outcome {
	const tasks = run.data.resultData.runData[node] ?? [];
	const task = tasks.at(-1);
	const outputs = task?.data?.main ?? task?.data?.ai_tool ?? [];
	return {
		run,
		outputs: outputs.map((items) => items ?? []),
		completed: outputs[0] ?? [],
		failed: outputs[1] ?? [],
		error: task?.error,
		hints: (task?.hints ?? []).map(({ message }) => message),
		runs: tasks.length,
		// Put together only for who asks: of ten thousand items it is a long text.
		get everythingWritten() {
			return [readLog(), ...written, JSON.stringify(run)].join('\n');
		},
	};
}

/** Gives out the items of the test. */
class Items implements INodeType {
	constructor(
		private readonly items: readonly IDataObject[],
		private readonly binary: ReadonlyArray<IBinaryKeyData> = [],
	) {}

	description = {
		displayName: 'Items',
		name: 'items',
		group: ['trigger' as const],
		version: 1,
		description: '',
		defaults: {},
		inputs: [],
		outputs: ['main' as const],
		properties: [],
	};

	execute = async () => [
		this.items.map((json, item) => {
			const binary = this.binary[item];
			return { json, pairedItem: { item }, ...(binary && { binary }) };
		}),
	];
}

const TYPES = {
	'Fal Batch': {
		type: 'n8n-nodes-fal-queue.falBatch',
		parameters: {
			operation: 'run',
			model: { __rl: true, mode: 'id', value: 'fal-ai/flux/schnell' },
			options: {},
		},
	},
	'Fal Queue Status': {
		type: 'n8n-nodes-fal-queue.falQueueStatus',
		parameters: { operation: 'wait', options: {} },
	},
} as const;

function workflowFor({
	node = 'Fal Batch',
	typeVersion = 1,
	items,
	binary,
	parameters,
	credentialId = 'one',
	settings,
	asTool: isTool = false,
	connectedOutputs = [],
}: NodeRun): Workflow {
	const nodeTypes = nodeTypesOf({
		'test.items': new Items(items, binary),
		'test.sink': new Items([]),
		'n8n-nodes-fal-queue.falBatch': new FalBatch(),
		'n8n-nodes-fal-queue.falBatchTool': asTool(new FalBatch()),
		'n8n-nodes-fal-queue.falQueueStatus': new FalQueueStatus(),
		'n8n-nodes-fal-queue.falQueueStatusTool': asTool(new FalQueueStatus()),
	});
	const toNext = (output: number) =>
		connectedOutputs.includes(output) ? [{ node: 'Next', type: 'main' as const, index: 0 }] : [];
	return new Workflow({
		id: 'workflow',
		name: 'Test',
		active: false,
		nodeTypes,
		nodes: [
			{
				id: '1',
				name: 'Items',
				type: 'test.items',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			},
			{
				id: '2',
				name: node,
				type: `${TYPES[node].type}${isTool ? 'Tool' : ''}`,
				typeVersion,
				...(isTool && { rewireOutputLogTo: 'ai_tool' as const }),
				position: [200, 0],
				parameters: { ...TYPES[node].parameters, ...parameters },
				credentials: { falApi: { id: credentialId, name: 'Fal API' } },
				...settings,
			},
			{
				id: '3',
				name: 'Next',
				type: 'test.sink',
				typeVersion: 1,
				position: [400, 0],
				parameters: {},
			},
		],
		connections: {
			Items: { main: [[{ node, type: 'main', index: 0 }]] },
			[node]: { main: [0, 1, 2].map(toNext) },
		},
	});
}
