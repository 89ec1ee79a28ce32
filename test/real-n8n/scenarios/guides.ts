/** The workflows of docs/guides that no other scenario runs, as a user imports them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { before, test } from 'node:test';
import type { Job } from '../../local-fal';
import { until } from '../../until';
import { startChatModel, type ChatModel } from '../chat-model';
import type { Execution, Workflow } from '../n8n-api';
import { fetchPicture } from '../pictures';
import { itemsOf, readWorkflow, saveForLocalFal } from '../queue-status';
import type { Stage } from '../stage';

const RUN_WITHIN_MS = 300_000;
const FILL = 'Put Three Rows In';

export function nightRunScenario(stage: Stage) {
	const { fal } = stage;
	const workflow = readWorkflow('night-run');
	const TRIGGER = 'Every Night at Two';
	const rows = async () => await stage.n8n.api.tableRows('fal night run');

	before(async () => {
		reset(stage, 100);
		await saveForLocalFal(stage.n8n.api, workflow, fal);
	});

	test('without new rows it does nothing', async () => {
		const execution = await run(stage, workflow, TRIGGER);
		assert.equal(execution.status, 'success');
		assert.equal(fal.jobs.size, 0);
	});

	test('the new rows, and they alone, are generated, and written back', async () => {
		await run(stage, workflow, FILL);
		const execution = await run(stage, workflow, TRIGGER);
		assert.equal(execution.status, 'success');
		const [summary] = itemsOf(execution, 'Fal Batch', 2);
		assert.match(String(summary?.json.message), /^Fal Batch: 3 of 3 items done/);
		for (const row of await rows()) {
			assert.deepEqual([row.status, row.run], ['done', execution.id]);
			assert.deepEqual(fal.jobs.get(String(row.request_id))?.input, { prompt: row.prompt });
			await fetchPicture(String(row.picture));
		}
		await run(stage, workflow, TRIGGER);
		assert.equal(fal.jobs.size, 3);
	});

	test('two runs at once share the rows, and none is made twice', async () => {
		reset(stage, 3000);
		fal.options.historyShows = 'ended';
		await run(stage, workflow, FILL);
		const { api } = stage.n8n;
		const ids = [
			await api.runWorkflow(workflow.id, TRIGGER),
			await api.runWorkflow(workflow.id, TRIGGER),
		];
		for (const id of ids)
			assert.equal((await api.executionEnd(id, RUN_WITHIN_MS)).status, 'success');
		assert.equal(fal.jobs.size, 3);
		assert.deepEqual(new Set((await rows()).map(({ status }) => status)), new Set(['done']));
	});

	test('a row that failed says why, and is not taken again', async () => {
		reset(stage, 100);
		fal.schedule({ job: 'content_policy_violation' });
		await run(stage, workflow, FILL);
		await run(stage, workflow, TRIGGER);
		await run(stage, workflow, TRIGGER);
		assert.equal(fal.jobs.size, 3);
		const failed = (await rows()).filter(({ status }) => status === 'failed');
		assert.equal(failed.length, 3);
		for (const { reason } of failed) assert.match(String(reason), /content checker/);
	});

	test('the chat hears of the night, once its address is in', async () => {
		reset(stage, 100);
		const heard: unknown[] = [];
		const chat = createServer((request, response) => {
			let body = '';
			request.on('data', (bytes) => (body += bytes));
			request.on('end', () => {
				heard.push(JSON.parse(body));
				response.end('ok');
			});
		});
		await new Promise<void>((done) => chat.listen(0, '127.0.0.1', done));
		const address = `http://127.0.0.1:${(chat.address() as AddressInfo).port}/`;
		const told = {
			...workflow,
			nodes: workflow.nodes.map((node) =>
				node.name === 'Tell the Chat'
					? { ...node, disabled: false, parameters: { ...node.parameters, url: address } }
					: node,
			),
		};
		await saveForLocalFal(stage.n8n.api, told, fal);
		await run(stage, workflow, FILL);
		await run(stage, workflow, TRIGGER);
		chat.close();
		assert.equal(heard.length, 1);
		assert.match(String(Object(heard[0]).text), /^Fal Batch: 3 of 3 items done in /);
	});
}

export function queueAndPollScenario(stage: Stage) {
	const { fal } = stage;
	const workflow = readWorkflow('queue-and-poll');
	const rows = async () => await stage.n8n.api.tableRows('fal queue and poll');
	const statuses = async () => (await rows()).map(({ status }) => status);

	test('submitted in one execution, collected in later ones, each row once', async () => {
		reset(stage, 600_000);
		await saveForLocalFal(stage.n8n.api, workflow, fal);
		await run(stage, workflow, FILL);
		await run(stage, workflow, 'Every Hour');
		assert.deepEqual(await statuses(), Array(3).fill('submitted'));
		await run(stage, workflow, 'Every Hour');
		assert.equal(fal.jobs.size, 3);
		const early = await run(stage, workflow, 'Every Five Minutes');
		assert.equal(itemsOf(early, 'Not Done Yet').length, 3);
		assert.deepEqual(await statuses(), Array(3).fill('submitted'));
	});

	test('what is done and what failed is written into its row', async () => {
		reset(stage, 10);
		fal.schedule({
			job: 'content_policy_violation',
			where: ({ input }) => /^A fox/.test(Object(input).prompt),
		});
		await run(stage, workflow, FILL);
		await run(stage, workflow, 'Every Hour');
		await until(() => [...fal.jobs.values()].filter(isDone).length === 3);
		await run(stage, workflow, 'Every Five Minutes');
		const newest = (await rows()).slice(-3);
		assert.deepEqual(newest.map(({ status }) => status).sort(), ['done', 'done', 'failed']);
		for (const { status, picture, reason } of newest) {
			if (status === 'done') await fetchPicture(String(picture));
			else assert.match(String(reason), /content checker/);
		}
	});
}

export function boundedPoolScenario(stage: Stage) {
	const { fal } = stage;
	const workflow = readWorkflow('bounded-pool');

	test('1,000 results, each with its own number, and never more than 20 in flight', async (t) => {
		reset(stage, 100);
		await saveForLocalFal(stage.n8n.api, workflow, fal);
		const startedAt = Date.now();
		const execution = await run(stage, workflow, 'When Clicking Execute');
		t.diagnostic(`${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
		assert.equal(execution.status, 'success');
		const kept = itemsOf(execution, 'Keep Asset and Picture');
		assert.equal(kept.length, 1000);
		for (const { json } of kept) {
			const number = String(json.sku).replace('A-', '');
			const { prompt } = Object(fal.jobs.get(String(json.request_id))?.input);
			assert.match(prompt, new RegExp(`glaze number ${number}$`));
		}
		assert.ok(fal.peakOpen <= 20, `${fal.peakOpen} were in flight`);
		const [sentence] = itemsOf(execution, 'In One Sentence');
		assert.match(String(sentence?.json.message), /^Fal Batch: 1000 of 1000 items done/);
	});
}

export function aiAgentScenario(stage: Stage) {
	test('asked in the chat, it calls its tool once, and answers with the link', async (t) => {
		reset(stage, 100);
		const model = await startChatModel(({ messages, tools: [tool] }) => {
			const answer = messages.find(({ role }) => role === 'tool')?.content;
			if (answer !== undefined) return { say: `Here: ${/http[^"\\]+/.exec(answer)?.[0]}` };
			return { call: tool?.name ?? '', with: { prompt: 'A fox who reads the news' } };
		});
		t.after(() => model.close());
		await saveAgent(stage, model);
		const given = { sessionId: 'one', action: 'sendMessage', chatInput: 'Draw me a fox, please.' };
		const { api } = stage.n8n;
		const id = await api.runWorkflow(agent.id, 'When Chat Message Received', given);
		const execution = await api.executionEnd(id, RUN_WITHIN_MS);
		const [answer] = itemsOf(execution, 'AI Agent');
		assert.equal(execution.status, 'success');
		assert.match(JSON.stringify(model.requests[0]?.messages), /Draw me a fox, please/);
		assert.match(model.requests[0]?.tools[0]?.description ?? '', /costs money/);
		await fetchPicture(String(answer?.json.output).replace('Here: ', ''));
		assert.equal(stage.fal.jobs.size, 1);
	});
}

const agent = readWorkflow('ai-agent');

async function saveAgent({ fal, n8n }: Stage, model: ChatModel) {
	const openAi = { name: 'Stand-in of the guide', type: 'openAiApi' };
	const data = { apiKey: 'stand-in', url: model.baseUrl, header: false };
	const id = await n8n.api.saveCredential({ ...openAi, data });
	const nodes = agent.nodes.map((node) =>
		node.name === 'OpenAI Chat Model'
			? { ...node, credentials: { openAiApi: { id, name: openAi.name } } }
			: node,
	);
	await saveForLocalFal(n8n.api, { ...agent, nodes }, fal);
}

async function run({ n8n }: Stage, { id }: Workflow, trigger: string): Promise<Execution> {
	return await n8n.api.executionEnd(await n8n.api.runWorkflow(id, trigger), RUN_WITHIN_MS);
}

function reset({ fal }: Stage, jobMs: number) {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, jobTime: () => jobMs, webhooks: {} });
}

function isDone({ progress }: Job) {
	return progress.status === 'COMPLETED';
}
