/** n8n killed while 200 jobs are at fal and the execution is parked: nothing is lost, and nothing is paid for twice. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Execution } from '../n8n-api';
import { publish, untilEnded, untilParked } from '../production';
import { itemsOf, linksOf, nodes, resultsOf, runsOf } from '../queue-status';
import type { Stage } from '../stage';

const JOBS = 200;
/** Five rounds of 40: the first ends while n8n is dead, the others while it starts and after. */
const ACCOUNT_CONCURRENCY = 40;
const JOB_MS = 10_000;
/** So many callbacks find nobody before n8n is started again. */
const MISSED = 10;
/** Long enough for a question that nobody should ask to show. */
const WATCH_MS = 3000;
/** So that callbacks come in one after the other, and not 40 at once. */
const SPREAD_MS = 100;

export function crashScenario(stage: Stage) {
	let parked: Execution;
	let parkedAt: number;
	let killedAt: number;
	let backAt: number;
	let execution: Execution;

	before(
		async () => {
			const { fal } = stage;
			fal.reset();
			fal.options.accountConcurrency = ACCOUNT_CONCURRENCY;
			fal.options.webhooks = { delayScale: 0.25 };
			fal.options.jobTime = ({ requestId }) => {
				const place = [...fal.jobs.keys()].indexOf(requestId);
				return JOB_MS + (place < ACCOUNT_CONCURRENCY ? place * SPREAD_MS : 0);
			};
			const production = await publish(stage.n8n, fal, 'crash');
			const id = await production.start({ prompts, maxWait: 10 });
			parked = await untilParked(stage.n8n.api, production, id);
			parkedAt = Date.now();
			await sleep(WATCH_MS);
			killedAt = Date.now();
			const startAgain = await stage.crash();
			// A quick machine has n8n back in five seconds, before any job is done.
			while (missed().length < MISSED) await sleep(50);
			await startAgain();
			backAt = Date.now();
			execution = await untilEnded(stage.n8n.api, production, id, 120_000);
		},
		{ timeout: 200_000 },
	);

	test('it is parked when n8n dies, and no job is done yet', () => {
		assert.equal(parked.status, 'waiting');
		assert.ok(killedAt < firstEnd(), 'a job ended before');
	});

	test('while it is parked nobody asks fal anything, until the first callback', () => {
		const idle = stage.fal.calls.filter(({ at }) => at > parkedAt && at < firstEnd());
		assert.deepEqual(idle, []);
	});

	test('callbacks meet a dead n8n, and are repeated', (t) => {
		const met = missed();
		const { deliveries } = stage.fal;
		t.diagnostic(
			`n8n was away for ${((backAt - killedAt) / 1000).toFixed(1)} s; ${met.length} of ${deliveries.length} deliveries met nobody`,
		);
		for (const { requestId } of met) {
			const repeated = deliveries.some(
				(one) => one.requestId === requestId && one.outcome === 'acknowledged',
			);
			assert.ok(repeated, `${requestId} was called back about once`);
		}
	});

	test('all 200 come out, each linked to the prompt it was made from', () => {
		assert.equal(execution.status, 'success');
		const { completed, failed } = resultsOf(execution);
		assert.deepEqual([completed.length, failed.length], [JOBS, 0]);
		assert.deepEqual(
			completed.map(({ prompt }) => prompt),
			prompts,
		);
		for (const { prompt, request_id } of completed) {
			assert.deepEqual(stage.fal.jobs.get(request_id)?.input, { prompt });
		}
		assert.deepEqual(
			linksOf(itemsOf(execution, nodes.check)),
			prompts.map((_, index) => index),
		);
	});

	test('no job was submitted twice, and the workflow went on once', (t) => {
		const { jobs, calls } = stage.fal.counts();
		t.diagnostic(`${calls.status - JOBS} status requests while parked`);
		assert.deepEqual([jobs.accepted, calls.submit, calls.result], [JOBS, JOBS, JOBS]);
		assert.equal(runsOf(execution, nodes.check), 1);
	});

	/** Deliveries that found nobody. */
	function missed() {
		const { deliveries } = stage.fal;
		return deliveries.filter(({ outcome, status }) => outcome === 'retried' && !status);
	}

	function firstEnd(): number {
		const ends = [...stage.fal.jobs.values()].map(({ progress }) =>
			progress.status === 'COMPLETED' ? progress.endedAt : Number.POSITIVE_INFINITY,
		);
		return Math.min(...ends);
	}
}

const prompts = Array.from({ length: JOBS }, (_, index) => `Picture ${index + 1}`);
