/** Submit now, collect later: the three example workflows as a user imports and runs them, ten prompts each. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { LocalFal } from '../../local-fal';
import type { DemoResult } from '../demo';
import type { Execution, Workflow } from '../n8n-api';
import { fetchPicture } from '../pictures';
import {
	checkInALoop,
	itemsOf,
	linksOf,
	nodes,
	promptsOf,
	resultsOf,
	runsOf,
	saveForLocalFal,
	signsAddresses,
	submitAndWait,
	waitForWebhooks,
} from '../queue-status';
import type { Stage } from '../stage';

const RUN_WITHIN_MS = 180_000;
/** The first job ends at once, the last one two pauses later: the loop has to go round. */
const JOB_STEP_MS = 800;
/** The place of the prompt that the content checker refuses in these runs. */
const REFUSED = 5;

export function collectScenario(stage: Stage) {
	describe('by checking in a loop', () => {
		const run = runsOnce(stage, checkInALoop);

		test('what is pending goes round until all are done', () => {
			const rounds = runsOf(run.execution, nodes.check);
			assert.ok(rounds >= 2, `it went round ${rounds} times`);
			assert.equal(runsOf(run.execution, nodes.pause), rounds - 1);
		});

		test('each request is collected once', () => {
			assert.equal(stage.fal.counts().calls.result, 10);
		});
	});

	describe('by waiting', () => {
		const run = runsOnce(stage, submitAndWait);

		test('the outputs keep the order of the input, and link each item to its own', () => {
			assertLinks(run.execution, nodes.wait);
		});
	});

	describe('by waiting for webhooks', () => {
		const run = runsOnce(stage, waitForWebhooks);

		test('each submit brought the address of this execution', () => {
			for (const { webhookUrl } of stage.fal.jobs.values()) {
				const { pathname, searchParams } = new URL(webhookUrl ?? '');
				assert.equal(pathname, `/webhook-waiting/${run.execution.id}`);
				if (signsAddresses(stage.n8n)) {
					assert.match(searchParams.get('signature') ?? '', /^[0-9a-f]{64}$/);
				}
			}
		});

		test('each request comes out of the parked node, in the order of the input', () => {
			const items = itemsOf(run.execution, nodes.park);
			assert.deepEqual(
				items.map(({ json }) => json.request_id),
				itemsOf(run.execution, nodes.submit).map(({ json }) => json.request_id),
			);
			assert.deepEqual(linksOf(items), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
		});

		test('all are done by then: nothing is pending, and the links are right', () => {
			assertLinks(run.execution, nodes.check);
		});
	});
}

/** What holds for all three workflows. */
function runsOnce({ fal, n8n }: Stage, workflow: Workflow): { readonly execution: Execution } {
	const run = {} as { execution: Execution };
	let completed: DemoResult[];
	let failed: DemoResult[];

	before(
		async () => {
			fal.reset();
			fal.options.accountConcurrency = 10;
			fal.options.jobTime = ({ requestId }) =>
				[...fal.jobs.keys()].indexOf(requestId) * JOB_STEP_MS;
			fal.options.webhooks = {};
			refuse(fal, workflow);
			await saveForLocalFal(n8n.api, workflow, fal);
			const id = await n8n.api.runWorkflow(workflow.id, nodes.trigger);
			run.execution = await n8n.api.executionEnd(id, RUN_WITHIN_MS);
			({ completed, failed } = resultsOf(run.execution));
		},
		{ timeout: RUN_WITHIN_MS + 10_000 },
	);

	test('it succeeds, with 9 items completed and 1 failed', () => {
		assert.equal(run.execution.status, 'success');
		assert.deepEqual([completed.length, failed.length], [9, 1]);
		assert.equal(runsOf(run.execution, nodes.refused), 0);
	});

	test('each prompt was submitted once, and its request comes out once', () => {
		const ids = [...completed, ...failed].map(({ request_id }) => request_id);
		assert.deepEqual(ids.sort(), [...fal.jobs.keys()].sort());
		assert.equal(fal.counts().calls.submit, 10);
	});

	test('every item finds its way back to the prompt it was made from', () => {
		for (const { prompt, request_id } of [...completed, ...failed]) {
			assert.deepEqual(fal.jobs.get(request_id)?.input, { prompt });
		}
	});

	test('every picture opens and can be decoded', async () => {
		for (const { picture } of completed) {
			const { width, height } = await sharp(await fetchPicture(picture ?? '')).metadata();
			assert.ok(width && height, `${picture} has no size`);
		}
	});

	test("the failed one is the one that was refused, and says why in fal's words", () => {
		assert.equal(failed[0]?.prompt, promptsOf(workflow, nodes.source)[REFUSED]);
		assert.match(failed[0]?.reason ?? '', /^The content could not be processed/);
	});

	return run;
}

/** Only the job's own input tells it from the others: they may arrive in any order. */
function refuse(fal: LocalFal, workflow: Workflow) {
	const prompt = promptsOf(workflow, nodes.source)[REFUSED];
	fal.schedule({
		job: 'content_policy_violation',
		where: ({ input }) => Object(input).prompt === prompt,
	});
}

/** Outputs Completed, Failed and Pending of a node that saw all ten in one run. */
function assertLinks(execution: Execution, node: string) {
	const links = [0, 1, 2].map((output) => linksOf(itemsOf(execution, node, output)));
	const all = Array.from({ length: 10 }, (_, index) => index);
	assert.deepEqual(links, [all.filter((index) => index !== REFUSED), [REFUSED], []]);
}
