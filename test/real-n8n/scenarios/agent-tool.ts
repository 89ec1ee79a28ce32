/** Fal Batch as a tool of n8n's AI Agent: what the model reads, and what is paid for. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ExecutionStatus } from 'n8n-workflow';
import sharp from 'sharp';
import { runAgent, type AgentRun, type AgentWishes } from '../agent';
import { fetchPicture } from '../pictures';
import type { Stage } from '../stage';
import { isSince } from '../which-n8n';

const FINE = 'A lighthouse at dawn';
const REFUSED = 'Something forbidden';
const RUN_WITHIN_MS = 150_000;

export function agentToolScenario(stage: Stage) {
	describe('asked for a picture, and for one that the model refuses', () => {
		const run = runs(stage, { prompts: [FINE, REFUSED] });

		test('the model is told what a call costs, and what to send', () => {
			const [tool] = run.requests[0]?.tools ?? [];
			assert.match(tool?.description ?? '', /costs money/);
			// As the node comes out of the panel: its builder wrote no Input.
			assert.deepEqual(tool?.arguments, ['prompt']);
		});

		test('the first answer has the link to a picture that opens', async () => {
			const [url] = /http[^"\\]+/.exec(run.toolAnswers[0] ?? '') ?? [];
			assert.ok(url, `no link in ${run.toolAnswers[0]}`);
			assert.ok((await sharp(await fetchPicture(url)).metadata()).width);
		});

		test('the second says why there is none, in fal’s words, and not to call again for it', () => {
			const answer = run.toolAnswers[1] ?? '';
			assert.match(answer, /content_policy_violation/);
			assert.match(answer, /contained material flagged by a content checker/);
			assert.match(answer, /not call .*again/i);
		});

		test('the model calls no third time, and the agent gives out what it says', () => {
			assert.equal(run.toolAnswers.length, 2);
			assert.equal(run.answer, 'That is all: 2 wishes.');
		});

		test('each was submitted once, and one picture made', () => {
			assert.deepEqual(prompts(stage), [FINE, REFUSED]);
			assert.equal(generated(stage), 1);
		});
	});

	describe('with Retry On Fail at its most', () => {
		const run = runs(stage, {
			prompts: [REFUSED, FINE],
			toolSettings: { retryOnFail: true, maxTries: 5, waitBetweenTries: 0 },
		});

		test('each is submitted once, all the same', () => {
			assert.equal(run.toolAnswers.length, 2);
			assert.deepEqual(prompts(stage), [REFUSED, FINE]);
			assert.equal(generated(stage), 1);
		});
	});

	describe('with a key that fal refuses', () => {
		const isTold = tellsErrors(stage);
		const run = runs(stage, { prompts: [FINE], apiKey: 'wrong' }, isTold ? 'success' : 'error');

		test('the model hears of it, and that calling again is no use', () => {
			const message = isTold ? run.toolAnswers[0] : run.execution.data.resultData.error?.message;
			assert.equal(run.toolAnswers.length, isTold ? 1 : 0);
			assert.match(message ?? '', /key/i);
			assert.match(message ?? '', /not call .*again/i);
		});

		test('nothing is submitted', () => {
			assert.deepEqual(prompts(stage), []);
		});
	});
}

/** With the AI Agent 3 of 1.123 and 2.0, n8n ends the execution when a tool throws, and the model hears nothing. */
const tellsErrors = ({ n8n }: Stage) => isSince(n8n, '2.41') || !isSince(n8n, '1.123');

/** Runs an agent on a fal that knows of nothing yet. @returns what came of it, filled in before the tests */
function runs(
	{ fal, n8n }: Stage,
	wishes: AgentWishes,
	ending: ExecutionStatus = 'success',
): AgentRun {
	const run = {} as AgentRun;
	before(
		async () => {
			fal.reset();
			Object.assign(run, await runAgent(n8n, fal, wishes));
		},
		{ timeout: RUN_WITHIN_MS },
	);

	test(`the execution ends with ${ending}`, () => {
		assert.equal(run.execution.status, ending, run.execution.data.resultData.error?.message);
	});

	return run;
}

const prompts = ({ fal }: Stage) => [...fal.jobs.values()].map(({ input }) => Object(input).prompt);

const generated = ({ fal }: Stage) =>
	[...fal.jobs.values()].filter(
		({ progress }) => progress.status === 'COMPLETED' && progress.ending.kind === 'output',
	).length;
