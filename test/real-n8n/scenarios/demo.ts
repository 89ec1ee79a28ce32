/** The demo workflow: 24 prompts, 6 at a time, one of them empty. Every item that comes out is looked at. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import sharp from 'sharp';
import { demoNodes, demoResults, runDemo, type DemoResult } from '../demo';
import { outputsOf, type Execution } from '../n8n-api';
import { fetchPicture } from '../pictures';
import type { Stage } from '../stage';

const RUN_WITHIN_MS = 120_000;

export function demoScenario({ fal, n8n }: Stage) {
	let execution: Execution;
	let results: DemoResult[];
	let completed: DemoResult[];
	let failed: DemoResult[];

	before(
		async () => {
			execution = await n8n.api.executionEnd(await runDemo(n8n.api), RUN_WITHIN_MS);
			results = demoResults(execution);
			completed = results.filter(({ picture }) => picture !== undefined);
			failed = results.filter(({ reason }) => reason !== undefined);
		},
		{ timeout: RUN_WITHIN_MS + 10_000 },
	);

	test('it succeeds, with 23 items completed and 1 failed', () => {
		assert.equal(execution.status, 'success');
		assert.deepEqual([results.length, completed.length, failed.length], [24, 23, 1]);
	});

	test('every item that was submitted has a request id of its own', () => {
		const ids = new Set(completed.map(({ request_id }) => request_id));
		assert.deepEqual([...ids].sort(), [...fal.jobs.keys()].sort());
	});

	test('every item finds its way back to the prompt it was made from', () => {
		for (const { prompt, request_id } of completed) {
			assert.deepEqual(fal.jobs.get(request_id)?.input, { prompt });
		}
	});

	test('every picture opens and can be decoded', async () => {
		for (const { picture } of completed) {
			const { width, height } = await sharp(await fetchPicture(picture ?? '')).metadata();
			assert.ok(width && height, `${picture} has no size`);
		}
	});

	test('the one without a prompt says so', () => {
		assert.equal(failed[0]?.prompt, '');
		assert.match(failed[0]?.reason ?? '', /^The Input has nothing in it: .*prompt/);
	});

	test('both outputs keep the order of the input, and link each item to its own', () => {
		const links = outputsOf(execution, demoNodes.batch).map((items) =>
			items.map(({ pairedItem }) => (pairedItem as { item: number }).item),
		);
		const all = Array.from({ length: 24 }, (_, index) => index);
		const refused = results.findIndex(({ reason }) => reason !== undefined);
		assert.deepEqual(links, [all.filter((index) => index !== refused), [refused]]);
	});

	test('a completed item tells what fal did for it', () => {
		for (const { json } of outputsOf(execution, demoNodes.batch)[0] ?? []) {
			assert.equal(json.model, 'fal-ai/flux/schnell');
			assert.equal(json.status, 'COMPLETED');
			assert.equal(json.attempts, 1);
			assert.ok(Date.parse(String(json.submitted_at)) <= Date.parse(String(json.completed_at)));
		}
	});

	test('a failed item carries its error under one key, whole', () => {
		const json = outputsOf(execution, demoNodes.batch)[1]?.[0]?.json;
		const { type, status_code, retryable, outcome } = json?.error as Record<string, unknown>;
		assert.deepEqual(
			{ type, status_code, retryable, outcome },
			{
				type: 'invalid_input',
				status_code: undefined,
				retryable: false,
				outcome: 'not_submitted',
			},
		);
	});

	test('each other item was submitted once, with never more than 6 open', () => {
		const { calls, jobs } = fal.counts();
		assert.deepEqual([calls.submit, jobs.accepted], [23, 23]);
		assert.ok(fal.peakOpen <= 6, `${fal.peakOpen} jobs were open at once`);
	});
}
