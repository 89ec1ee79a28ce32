/** A workflow with n8n's AI Agent that has Fal Batch for a tool, and the stand-in of a model that it talks to. */
import type { INode, INodeParameters } from 'n8n-workflow';
import type { LocalFal } from '../local-fal';
import { startChatModel, type ChatModel, type ChatRequest, type Reply } from './chat-model';
import { LOCAL_KEY, saveFalCredential, withCredential } from './demo';
import type { N8n } from './n8n';
import type { Execution, N8nApi, Workflow } from './n8n-api';
import { isSince } from './which-n8n';

const agentNodes = {
	trigger: 'When Clicking Execute',
	agent: 'AI Agent',
	model: 'OpenAI Chat Model',
	tool: 'Fal Batch',
} as const;

const WORKFLOW_ID = 'falAgentWorkflow';
const RUN_WITHIN_MS = 120_000;
/** More often than this, nobody asks for the same thing. */
const MOST_CALLS = 3;

/** What a tool's answer says when there is no use in calling again. */
const ADVICE = /(do not|don’t|never) call|not .{0,40}again/i;

export interface AgentRun {
	readonly execution: Execution;
	/** What the model was sent, oldest first. */
	readonly requests: readonly ChatRequest[];
	/** What the tool answered, in the order of the calls. */
	readonly toolAnswers: readonly string[];
	/** What the agent gave out. */
	readonly answer: string;
}

export interface AgentWishes {
	/** What the model wants pictures of, one after the other. */
	readonly prompts: readonly string[];
	/** Settings of the tool's node, as its tab Settings has them. */
	readonly toolSettings?: Partial<INode>;
	readonly apiKey?: string;
}

/** Runs it to its end, with a model of its own. */
export async function runAgent(
	{ api, version }: Pick<N8n, 'api' | 'version'>,
	fal: Pick<LocalFal, 'baseUrl'>,
	{ prompts, toolSettings, apiKey = LOCAL_KEY }: AgentWishes,
): Promise<AgentRun> {
	const model = await startChatModel(insistOn(prompts));
	try {
		const workflow = agentWorkflow(version, toolSettings ?? {});
		await save(api, model, fal, { apiKey, workflow });
		const id = await api.runWorkflow(WORKFLOW_ID, agentNodes.trigger);
		const execution = await api.executionEnd(id, RUN_WITHIN_MS);
		return { execution, requests: model.requests, ...told(model, execution) };
	} finally {
		await model.close();
	}
}

/**
 * A model that wants each of the prompts, and asks for it again until it has got a link, or was advised not to:
 * what models do when a tool answers nothing.
 */
function insistOn(prompts: readonly string[]) {
	return ({ messages, tools }: ChatRequest): Reply => {
		const answers = messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
		let asked = 0;
		for (const prompt of prompts) {
			const mine = answers.slice(asked, asked + MOST_CALLS);
			const settled = mine.findIndex((answer) => answer.includes('http') || ADVICE.test(answer));
			if (settled < 0 && mine.length < MOST_CALLS) return ask(tools, prompt);
			asked += settled < 0 ? MOST_CALLS : settled + 1;
		}
		return { say: `That is all: ${prompts.length} wishes.` };
	};
}

function ask([tool]: ChatRequest['tools'], prompt: string): Reply {
	const [argument] = tool?.arguments ?? [];
	if (!tool || !argument) throw new Error('The agent told the model of no tool with an argument');
	return { call: tool.name, with: { [argument]: prompt } };
}

function told(model: ChatModel, { data }: Execution) {
	const last = model.requests.at(-1)?.messages ?? [];
	const [item] = data.resultData.runData[agentNodes.agent]?.at(-1)?.data?.main?.[0] ?? [];
	return {
		toolAnswers: last.filter(({ role }) => role === 'tool').map(({ content }) => content),
		answer: String(item?.json.output ?? ''),
	};
}

async function save(
	api: N8nApi,
	model: ChatModel,
	{ baseUrl }: Pick<LocalFal, 'baseUrl'>,
	{ apiKey, workflow: given }: { apiKey: string; workflow: Workflow },
) {
	const openAi = { name: 'Stand-in', type: 'openAiApi' };
	const openAiId = await api.saveCredential({
		...openAi,
		data: { apiKey: 'stand-in', url: model.baseUrl, header: false },
	});
	const falName = 'Fal API of the agent';
	const falId = await saveFalCredential(api, { apiKey, baseUrl }, falName);
	const workflow = withCredential(given, falId, falName);
	await api.saveWorkflow({
		...workflow,
		nodes: workflow.nodes.map((node) =>
			node.name === agentNodes.model
				? { ...node, credentials: { openAiApi: { id: openAiId, name: openAi.name } } }
				: node,
		),
	});
}

/** The newest agent that this n8n has: it runs tools in another way with nearly each of its versions. */
function agentVersion(version: string): number {
	if (isSince({ version }, '2.41')) return 3.1;
	if (isSince({ version }, '1.123')) return 3;
	return isSince({ version }, '1.100') ? 2 : 1.8;
}

function agentWorkflow(version: string, toolSettings: Partial<INode>): Workflow {
	const { trigger, agent, model, tool } = agentNodes;
	const modelVersion = isSince({ version }, '1.123') ? 1.3 : 1.2;
	const place =
		(name: string, type: string, typeVersion: number, x: number, y: number) =>
		(parameters: INodeParameters): INode => ({
			id: `${WORKFLOW_ID}-${name}`,
			name,
			type,
			typeVersion,
			position: [x, y],
			parameters,
		});
	return {
		id: WORKFLOW_ID,
		name: 'Fal: a tool of an agent',
		nodes: [
			place(trigger, 'n8n-nodes-base.manualTrigger', 1, 0, 0)({}),
			place(
				agent,
				'@n8n/n8n-nodes-langchain.agent',
				agentVersion(version),
				220,
				0,
			)({
				promptType: 'define',
				text: 'Draw what I wish for.',
				options: {},
			}),
			place(
				model,
				'@n8n/n8n-nodes-langchain.lmChatOpenAi',
				modelVersion,
				160,
				220,
			)({
				model: { __rl: true, mode: 'id', value: 'stand-in' },
				// The other API that this node speaks.
				responsesApiEnabled: false,
				options: {},
			}),
			{
				...place(
					tool,
					'n8n-nodes-fal-queue.falBatchTool',
					1,
					360,
					220,
				)({
					model: { __rl: true, mode: 'id', value: 'fal-ai/flux/schnell' },
					// Without an Input: the node's own asks the agent for a prompt.
				}),
				...toolSettings,
			},
		],
		connections: {
			[trigger]: { main: [[{ node: agent, type: 'main', index: 0 }]] },
			[model]: { ai_languageModel: [[{ node: agent, type: 'ai_languageModel', index: 0 }]] },
			[tool]: { ai_tool: [[{ node: agent, type: 'ai_tool', index: 0 }]] },
		},
		settings: { executionOrder: 'v1' },
	};
}
