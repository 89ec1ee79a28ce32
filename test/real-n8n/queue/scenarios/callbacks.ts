/** fal's callbacks over two webhook processors: a parked batch, and Fal Trigger. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_KEY } from '../../demo';
import type { Workflow } from '../../n8n-api';
import { publish, untilEnded as untilParkedEnds, untilParked } from '../../production';
import { itemsOf, nodes, resultsOf, runsOf } from '../../queue-status';
import { plainReceiver, publishReceiver, triggerNodes } from '../../trigger';
import { numberedPrompts, statusOf } from '../batch';
import type { QueueStage } from '../stage';

const PARKED = 100;
const PARKED_ENDS_WITHIN_MS = 240_000;
/** `CALLBACKS=300 npm run test:queue -- callbacks` for the figure in docs/queue-mode. */
const CALLBACKS = Number(process.env.CALLBACKS ?? 60);
const DOUBLED_EVERY = 5;
const TRIGGER_ENDS_WITHIN_MS = 400_000;
/** Long enough for an execution that should not have been to show. */
const WATCH_MS = 5000;

export function callbacksScenario(stage: QueueStage) {
	/** Where fal's callbacks come in, and the editor's calls. */
	const n8n = {
		baseUrl: stage.balancer.baseUrl,
		get api() {
			return stage.main.api;
		},
	};

	describe('Wait for Webhooks', () => {
		const park = async (path: string, firstEndsAfter: number) => {
			const { fal } = stage;
			fal.reset();
			fal.options.accountConcurrency = PARKED;
			fal.options.webhooks = { delayScale: 0.2, duplicateEvery: DOUBLED_EVERY };
			fal.options.jobTime = ({ requestId }) =>
				firstEndsAfter + [...fal.jobs.keys()].indexOf(requestId) * 100;
			const production = await publish(n8n, fal, path);
			const prompts = numberedPrompts(PARKED, path);
			const id = await production.start({ prompts, maxWait: 5 });
			return { production, id };
		};

		test(`${PARKED} jobs: resumed once, each collected once`, { timeout: 500_000 }, async (t) => {
			const { production, id } = await park('parktwo', 6000);
			const { api } = stage.main;
			const execution = await untilParkedEnds(api, production, id, PARKED_ENDS_WITHIN_MS);
			const { calls, jobs } = stage.fal.counts();
			const { completed } = resultsOf(execution);
			t.diagnostic(
				`${stage.fal.deliveries.length} deliveries over two processors, ${calls.status - PARKED} status requests while parked, ${completed.length} results, ${jobs.accepted} generated`,
			);
			assert.equal(execution.status, 'success');
			assert.equal(runsOf(execution, nodes.check), 1);
			assert.deepEqual([completed.length, calls.result, jobs.accepted], [PARKED, PARKED, PARKED]);
		});

		test('the main one killed while it is parked', { timeout: 800_000 }, async (t) => {
			const { production, id } = await park('parkmain', 10_000);
			await untilParked(stage.main.api, production, id);
			await stage.killMain();
			await sleep(5000);
			const meanwhile = await statusOf(stage, id);
			await stage.startMain();
			const { api } = stage.main;
			const execution = await untilParkedEnds(api, production, id, PARKED_ENDS_WITHIN_MS);
			const { calls, jobs } = stage.fal.counts();
			t.diagnostic(`${meanwhile} without a main one, ${execution.status} in the end`);
			assert.equal(execution.status, 'success');
			assert.equal(resultsOf(execution).completed.length, PARKED);
			assert.deepEqual([calls.result, jobs.accepted], [PARKED, PARKED]);
		});
	});

	describe(`Fal Trigger: ${CALLBACKS} callbacks, every ${DOUBLED_EVERY}th doubled to the other processor`, () => {
		test(
			'none is lost, and n8n drops none of the doubled ones',
			{ timeout: 500_000 },
			async (t) => {
				const workflow = plainReceiver('falQueueTrig0001');
				const { executions, requestIds } = await callBack(stage, n8n, workflow);
				t.diagnostic(
					`${executions.length} executions for ${CALLBACKS} completions (${stage.fal.deliveries.length} deliveries)`,
				);
				assert.deepEqual(new Set(requestIds), new Set(stage.fal.jobs.keys()));
			},
		);

		test(
			'behind n8n’s Remove Duplicates, few of the doubled ones go on',
			{ timeout: 500_000 },
			async (t) => {
				const { executions } = await callBack(stage, n8n, onceReceiver('falQueueOnce0001'));
				const wentOn = executions.flatMap((one) => itemsOf(one, 'Behind'));
				// Of two first executions at once n8n refuses one: both make the list.
				const refused = executions.filter(({ status }) => status !== 'success').length;
				t.diagnostic(
					`${executions.length} executions, ${wentOn.length} of them went on, ${refused} failed at the node`,
				);
				assert.ok(wentOn.length + refused >= CALLBACKS);
				assert.ok(refused <= 1);
				// n8n reads, changes and writes its list whole: two workers that do so at once both go on.
				assert.ok(wentOn.length < executions.length, `all ${wentOn.length} went on`);
			},
		);

		test(
			'with a balancer that goes by fal’s request, each starts one execution',
			{ timeout: 500_000 },
			async (t) => {
				stage.balancer.choice = 'by fal’s request';
				t.after(() => (stage.balancer.choice = 'in turn'));
				const workflow = plainReceiver('falQueueHash0001');
				const { executions, requestIds } = await callBack(stage, n8n, workflow);
				t.diagnostic(
					`${executions.length} executions for ${CALLBACKS} completions (${stage.fal.deliveries.length} deliveries)`,
				);
				assert.deepEqual(requestIds.toSorted(), [...stage.fal.jobs.keys()].toSorted());
			},
		);
	});
}

/** n8n's own means against repetitions, between the trigger and what comes behind it. */
const ONCE: Workflow['nodes'][number] = {
	id: 'falQueueOnce0001-3',
	name: 'Once',
	type: 'n8n-nodes-base.removeDuplicates',
	typeVersion: 2,
	position: [120, 0],
	parameters: {
		operation: 'removeItemsSeenInPreviousExecutions',
		logic: 'removeItemsWithAlreadySeenKeyValues',
		dedupeValue: '={{ $json.request_id }}',
		options: { historySize: 2000 },
	},
};

function onceReceiver(id: string): Workflow {
	const plain = plainReceiver(id);
	const to = (node: string) => ({ main: [[{ node, type: 'main' as const, index: 0 }]] });
	return {
		...plain,
		nodes: [...plain.nodes, ONCE],
		connections: { [triggerNodes.trigger]: to(ONCE.name), [ONCE.name]: to('Behind') },
	};
}

async function callBack(
	stage: QueueStage,
	n8n: Parameters<typeof publishReceiver>[0],
	workflow: Parameters<typeof publishReceiver>[1],
) {
	const { fal } = stage;
	fal.reset();
	fal.options.accountConcurrency = 4;
	fal.options.webhooks = { duplicateEvery: DOUBLED_EVERY, delayScale: 0.5 };
	// As quick as this n8n is on this machine: what it has not taken within 15 s fal repeats.
	fal.options.jobTime = () => 500 * (1 + fal.counts().jobs.completed - acknowledged(stage).size);
	const receiver = await publishReceiver(n8n, workflow, fal);
	const before = (await stage.main.api.allExecutions(workflow.id)).length;
	const query = `fal_webhook=${encodeURIComponent(`${receiver.url}?row=1`)}`;
	for (let i = 0; i < CALLBACKS; i++) {
		await fetch(`${fal.baseUrl}/queue.fal.run/fal-ai/flux/schnell?${query}`, {
			method: 'POST',
			headers: { authorization: `Key ${LOCAL_KEY}`, 'content-type': 'application/json' },
			body: JSON.stringify({ prompt: `Picture ${i + 1}` }),
		});
	}
	const deadline = Date.now() + TRIGGER_ENDS_WITHIN_MS;
	while (acknowledged(stage).size < CALLBACKS || (await unfinished(stage, workflow.id)) > 0) {
		assert.ok(Date.now() < deadline, `${acknowledged(stage).size} of ${CALLBACKS} were taken`);
		await sleep(1000);
	}
	await sleep(WATCH_MS);
	const executions = (await receiver.executions()).slice(before);
	const requestIds = executions.map((one) => {
		const [item] = [0, 1].flatMap((output) => itemsOf(one, triggerNodes.trigger, output));
		return String(item?.json.request_id);
	});
	return { executions, requestIds };
}

function acknowledged({ fal }: QueueStage): Set<string> {
	const taken = fal.deliveries.filter(({ outcome }) => outcome === 'acknowledged');
	return new Set(taken.map(({ requestId }) => requestId));
}

async function unfinished({ services }: QueueStage, workflowId: string): Promise<number> {
	const rows = await services.query(
		`SELECT id FROM execution_entity WHERE "workflowId" = $1 AND status IN ('new', 'running')`,
		[workflowId],
	);
	return rows.length;
}
