/** fal's seeds go beyond 2^53: the digits of one must survive n8n, the node and the way to fal and back. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { demoNodes, demoWorkflow, LOCAL_KEY, saveFalCredential, withCredential } from '../demo';
import { outputsOf, type Execution, type Workflow } from '../n8n-api';
import type { Stage } from '../stage';

const SEED = '196619188014358661';

export function seedScenario({ fal, n8n }: Stage) {
	let execution: Execution;

	before(
		async () => {
			fal.reset();
			const account = { apiKey: LOCAL_KEY, baseUrl: fal.baseUrl };
			const credentialId = await saveFalCredential(n8n.api, account);
			await n8n.api.saveWorkflow(withCredential(seeded, credentialId));
			const executionId = await n8n.api.runWorkflow(seeded.id, demoNodes.trigger);
			execution = await n8n.api.executionEnd(executionId, 180_000);
		},
		{ timeout: 190_000 },
	);

	test('fal gets it as the number that was written', () => {
		for (const { inputText } of fal.jobs.values()) {
			assert.equal(inputText, `{"prompt":"a fox","seed":${SEED}}`);
		}
		assert.equal(fal.jobs.size, 24);
	});

	test('the output holds all its digits, as text', () => {
		for (const { json } of outputsOf(execution, demoNodes.batch)[0] ?? []) {
			assert.equal((json.output as { seed: string }).seed, SEED);
		}
	});
}

/** The demo workflow with the same picture for each prompt. */
const seeded: Workflow = {
	...demoWorkflow,
	id: 'falBatchSeed0001',
	name: 'Fal Batch with a large seed',
	nodes: demoWorkflow.nodes.map((node) =>
		node.name === demoNodes.batch
			? {
					...node,
					parameters: {
						...node.parameters,
						input: `{ "prompt": "a fox", "seed": ${SEED} }`,
					},
				}
			: node,
	),
};
