/**
 * A stand-in for a chat model: OpenAI's chat completions on 127.0.0.1, as much of them as n8n's AI Agent uses.
 * It says, or calls, what a function of the conversation decides, and keeps what it was told.
 */
import { fastify } from 'fastify';

export interface ChatModel {
	/** What belongs into n8n's OpenAI credential. */
	readonly baseUrl: string;
	/** What it was sent, oldest first. */
	readonly requests: readonly ChatRequest[];
	close(): Promise<void>;
}

export interface ChatRequest {
	readonly messages: readonly Message[];
	readonly tools: readonly Tool[];
}

export interface Message {
	readonly role: 'system' | 'user' | 'assistant' | 'tool';
	readonly content: string;
}

/** What n8n tells the model about a tool. */
export interface Tool {
	readonly name: string;
	readonly description: string;
	/** The names of its arguments. */
	readonly arguments: readonly string[];
}

export type Reply =
	| { readonly say: string }
	| { readonly call: string; readonly with: Readonly<Record<string, unknown>> };

export async function startChatModel(decide: (request: ChatRequest) => Reply): Promise<ChatModel> {
	const requests: ChatRequest[] = [];
	const server = fastify();
	server.post('/v1/chat/completions', ({ body }, answer) => {
		const { model, messages, tools, stream } = Object(body);
		const request = { messages: readMessages(messages), tools: readTools(tools) };
		requests.push(request);
		const completion = completionOf(String(model), decide(request), requests.length);
		if (!stream) return answer.send(completion);
		return answer.type('text/event-stream').send(streamed(completion));
	});
	const address = await server.listen({ host: '127.0.0.1', port: 0 });
	return {
		baseUrl: `${address}/v1`,
		requests,
		close: async () => await server.close(),
	};
}

function readMessages(messages: unknown): Message[] {
	if (!Array.isArray(messages)) throw new Error('A chat request without messages');
	return messages.map(({ role, content }) => ({ role, content: textOf(content) }));
}

/** Text, or a list of parts that have some. */
function textOf(content: unknown): string {
	if (Array.isArray(content)) return content.map((part) => Object(part).text ?? '').join('');
	return String(content ?? '');
}

function readTools(tools: unknown): Tool[] {
	if (!Array.isArray(tools)) return [];
	return tools.map(({ function: { name, description, parameters } }) => ({
		name,
		description,
		arguments: Object.keys(Object(parameters).properties ?? {}),
	}));
}

/** The agents of n8n before 1.123 ask for a stream. Here it is one piece, and the end. */
function streamed({ choices, ...rest }: ReturnType<typeof completionOf>): string {
	const [{ message, finish_reason }] = choices;
	const calls = 'tool_calls' in message ? message.tool_calls : undefined;
	const delta = { ...message, tool_calls: calls?.map((call, index) => ({ index, ...call })) };
	const pieces = [
		{ delta, finish_reason: null },
		{ delta: {}, finish_reason },
	].map((choice) => ({
		...rest,
		object: 'chat.completion.chunk',
		choices: [{ index: 0, ...choice }],
	}));
	return [...pieces.map((piece) => JSON.stringify(piece)), '[DONE]']
		.map((text) => `data: ${text}\n\n`)
		.join('');
}

function completionOf(model: string, reply: Reply, number: number) {
	const calls = 'call' in reply;
	const message = calls
		? {
				role: 'assistant',
				content: null,
				tool_calls: [
					{
						id: `call_${number}`,
						type: 'function',
						function: { name: reply.call, arguments: JSON.stringify(reply.with) },
					},
				],
			}
		: { role: 'assistant', content: reply.say };
	return {
		id: `chatcmpl-${number}`,
		object: 'chat.completion',
		created: Math.floor(Date.now() / 1000),
		model,
		choices: [{ index: 0, message, finish_reason: calls ? 'tool_calls' : 'stop' }] as const,
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	};
}
