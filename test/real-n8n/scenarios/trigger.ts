/**
 * The pair of workflows that submit here and receive there, with a fal that delivers as it may: twice, late,
 * and on the second attempt.
 */
import assert from 'node:assert/strict';
import { before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import type { LocalFal } from '../../local-fal';
import type { Execution } from '../n8n-api';
import { fetchPicture } from '../pictures';
import { itemsOf, saveForLocalFal } from '../queue-status';
import type { Stage } from '../stage';
import {
	publishReceiver,
	receivedBy,
	type Receiver,
	submitTo,
	TABLE,
	triggerNodes,
	triggerReceive,
	triggerSubmit,
	untilEnded,
} from '../trigger';
import { keyOutage } from './trigger-outage';

const JOBS = 300;
const ACCOUNT_CONCURRENCY = 4;
/** A job takes that long, and as long again for each completion that n8n has not acknowledged yet. */
const STEP_MS = 250;
/** One in fifteen has the word that a content checker refuses. */
const FORBIDDEN_EVERY = 15;
/** One in 25 of those that fal itself fails with; fal's runner, not the model. */
const BROKEN_EVERY = 25;
const WEBHOOKS = {
	duplicateEvery: 5,
	lateEvery: 10,
	lateBy: 5000,
	dropFirstEvery: 20,
	delayScale: 0.5,
};
/** A quarter of a second of one core's time for each, and a machine that has other things to do, too. */
const END_WITHIN_MS = 400_000;
/** Long enough for an execution that should not have been to show. */
const WATCH_MS = 3000;

export function triggerScenario(stage: Stage) {
	let receiver: Receiver;
	let outage: ReturnType<typeof keyOutage>;

	before(async () => {
		receiver = await publishReceiver(stage.n8n, triggerReceive, stage.fal);
		outage = keyOutage(stage.n8n);
		// Awaited by the last test; a rejection until then must not end the process.
		outage.catch(() => {});
	});

	describe('300 jobs, with every fifth callback doubled, every tenth late, and every twentieth dropped at first', () => {
		const run = runsPair(stage, () => receiver, prompts);

		test('every completion starts one execution', (t) => {
			tellDeliveries(t, stage, run.seconds);
			const ids = run.executions.map((execution) => jsonOf(execution).request_id);
			assert.equal(run.executions.length, JOBS);
			assert.equal(new Set(ids).size, JOBS);
			assert.deepEqual(ids.toSorted(), [...stage.fal.jobs.keys()].toSorted());
		});

		test('fal did deliver as it may', () => {
			const { deliveries } = stage.fal;
			assert.equal(deliveries.filter(({ outcome }) => outcome === 'dropped').length, JOBS / 20);
			const first = deliveries.filter(({ attempt }) => attempt === 1);
			assert.equal(first.length, JOBS + JOBS / WEBHOOKS.duplicateEvery);
			const acknowledged = deliveries.filter(({ outcome }) => outcome === 'acknowledged');
			assert.equal(new Set(acknowledged.map(({ requestId }) => requestId)).size, JOBS);
		});

		test('each comes out of the right output', () => {
			const failed = run.executions.filter((one) => receivedBy(one).failed.length === 1);
			const expected = [...stage.fal.jobs.values()].filter(
				({ progress }) => progress.status === 'COMPLETED' && progress.ending.kind !== 'output',
			);
			assert.ok(expected.length > JOBS / FORBIDDEN_EVERY, 'no job failed but those that should');
			assert.deepEqual(
				failed.map((one) => jsonOf(one).request_id).toSorted(),
				expected.map(({ requestId }) => requestId).toSorted(),
			);
			const types = new Set(failed.map((one) => Object(jsonOf(one).error).type));
			assert.deepEqual([...types].toSorted(), ['content_policy_violation', 'runner_server_error']);
			for (const execution of run.executions) {
				const { completed, failed: others } = receivedBy(execution);
				assert.equal(completed.length + others.length, 1);
			}
		});

		test('each finds its way back to the row of the prompt it was made from', async () => {
			const rows = new Map((await stage.n8n.api.tableRows(TABLE)).map((row) => [row.id, row]));
			for (const execution of run.executions) {
				const { request_id, correlation, output, error } = jsonOf(execution);
				const row = rows.get(Number(Object(correlation).row));
				const job = stage.fal.jobs.get(String(request_id));
				assert.deepEqual(job?.input, { prompt: row?.prompt });
				assert.equal(row?.request_id, request_id);
				assert.equal(row?.status, error ? 'failed' : 'done');
				if (error) assert.equal(row?.reason, Object(error).message);
				else assert.equal(row?.picture, Object(output).images[0].url);
			}
		});
	});

	describe('ten jobs, whose results fal leaves out of its callbacks', () => {
		const run = runsPair(stage, () => receiver, undefined, { payloadError: true });

		test('each is fetched by its request id, from the model that the Webhook URL names', async () => {
			assert.equal(run.executions.length, 10);
			const completed = run.executions.flatMap((one) => receivedBy(one).completed);
			assert.equal(completed.length, 10);
			assert.equal(stage.fal.counts().calls.result, 10);
			for (const { json } of completed) {
				assert.equal(json.model, 'fal-ai/flux/schnell');
				const picture = await fetchPicture(Object(json.output).images[0].url);
				assert.ok((await sharp(picture).metadata()).width);
			}
		});
	});

	test('the submitting workflow, imported and run as it is, says what to do and submits nothing', async () => {
		const { fal, n8n } = stage;
		fal.reset();
		await saveForLocalFal(n8n.api, triggerSubmit, fal);
		const id = await n8n.api.runWorkflow(triggerSubmit.id, triggerNodes.start);
		const failed = itemsOf(await n8n.api.executionEnd(id, 180_000), triggerNodes.submit, 1);
		assert.ok(failed.length > 0);
		for (const { json } of failed) {
			assert.match(
				Object(json.error).message,
				/^The Webhook URL must begin with https:.* "PASTE THE PRODUCTION URL HERE\?row=/,
			);
		}
		assert.equal(fal.counts().calls.submit, 0);
	});

	test('a callback that comes while fal’s keys can’t be had is answered with 503, and taken later', async (t) => {
		const { answers, seconds, executions } = await outage;
		t.diagnostic(
			`answers to one completion: ${answers.join(', ')}, within ${seconds.toFixed(0)} s`,
		);
		assert.equal(answers[0], 503);
		assert.deepEqual([...new Set(answers)], [503, 200]);
		assert.equal(executions.length, 1);
	});
}

interface PairRun {
	/** Of the receiving workflow, by this run. */
	executions: Execution[];
	seconds: number;
}

function runsPair(
	{ fal, n8n }: Stage,
	receiver: () => Receiver,
	given?: readonly string[],
	webhooks: object = WEBHOOKS,
): PairRun {
	const run: PairRun = { executions: [], seconds: 0 };

	before(
		async () => {
			fal.reset();
			fal.options.accountConcurrency = ACCOUNT_CONCURRENCY;
			fal.options.jobTime = () => STEP_MS * (1 + unacknowledged(fal));
			fal.options.webhooks = webhooks;
			fal.schedule({ job: 'runner_server_error', every: BROKEN_EVERY });
			const before = await receiver().ended();
			const submit = submitTo(receiver().url, given);
			await saveForLocalFal(n8n.api, submit, fal);
			const startedAt = Date.now();
			const id = await n8n.api.runWorkflow(submit.id, triggerNodes.start);
			const { status } = await n8n.api.executionEnd(id, 180_000);
			assert.equal(status, 'success');
			await untilEnded(receiver(), before + fal.jobs.size, END_WITHIN_MS);
			run.seconds = (Date.now() - startedAt) / 1000;
			await sleep(WATCH_MS);
			run.executions = (await receiver().executions()).slice(before);
		},
		{ timeout: END_WITHIN_MS + 300_000 },
	);

	test('every job is submitted, and every execution succeeds', () => {
		assert.equal(fal.jobs.size, given?.length ?? 10);
		const statuses = new Set(run.executions.map(({ status }) => status));
		assert.deepEqual([...statuses], ['success']);
	});

	return run;
}

/**
 * fal is as quick as this n8n is on this machine. n8n begins with all requests at once, so when more come
 * than it can do, none is done within fal's 15 seconds, and all are repeated.
 */
function unacknowledged({ deliveries, counts }: LocalFal): number {
	const acknowledged = deliveries.filter(({ outcome }) => outcome === 'acknowledged');
	const requests = new Set(acknowledged.map(({ requestId }) => requestId));
	return counts().jobs.completed - requests.size;
}

function tellDeliveries(t: TestContext, { fal }: Stage, seconds: number) {
	const answers = new Map<string, number>();
	for (const { outcome, status } of fal.deliveries) {
		const answer = String(status ?? outcome);
		answers.set(answer, (answers.get(answer) ?? 0) + 1);
	}
	const counts = [...answers].map(([answer, count]) => `${count} × ${answer}`);
	t.diagnostic(
		`${fal.jobs.size} jobs, ${fal.deliveries.length} deliveries (${counts.join(', ')}) in ${seconds.toFixed(1)} s`,
	);
}

function jsonOf(execution: Execution) {
	const { completed, failed } = receivedBy(execution);
	const [item] = [...completed, ...failed];
	assert.ok(item, `execution ${execution.id} was given nothing`);
	return item.json;
}

const prompts = Array.from({ length: JOBS }, (_, index) => {
	const kind = index % FORBIDDEN_EVERY === 7 ? 'forbidden' : 'fine';
	return `A ${kind} picture, number ${index + 1}`;
});
