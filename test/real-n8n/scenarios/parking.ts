/** What Wait for Webhooks promises about callbacks: few questions, and no harm from lost, doubled and forged ones. */
import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalFal, type LocalFal } from '../../local-fal';
import type { Execution } from '../n8n-api';
import { publish, untilEnded, untilParked, type Production } from '../production';
import { itemsOf, linksOf, nodes, resultsOf, runsOf, signsAddresses } from '../queue-status';
import type { Stage } from '../stage';

const MINUTE_MS = 60_000;
/** n8n looks for executions that are due once a minute. */
const DUE_WITHIN_MS = MINUTE_MS + 15_000;
const NEVER_MS = 3_600_000;
/** Until n8n has saved the parked execution; callbacks that come earlier would only be repeated. */
const PARKED_AFTER_MS = 2500;

export function parkingScenario(stage: Stage) {
	let production: Production;
	let lossyFal: LocalFal;
	let deadline: ReturnType<typeof untilTheDeadline>;

	before(async () => {
		production = await publish(stage.n8n, stage.fal, 'parking');
		lossyFal = await startLocalFal();
		deadline = untilTheDeadline(stage, lossyFal);
		// Awaited by the last tests; a rejection until then must not end the process.
		deadline.catch(() => {});
	});
	after(() => lossyFal.close());

	describe('with all callbacks coming', () => {
		for (const size of [10, 100, 1000]) {
			test(`${size} jobs that end one by one cost in the order of N log N status requests`, async (t) => {
				await assertFewQuestions(t, stage, production, size);
			});
		}
	});

	describe('with the last two callbacks at the same moment', () => {
		let execution: Execution;

		before(async () => {
			const { fal, n8n } = stage;
			resetFal(fal);
			const together = Date.now() + PARKED_AFTER_MS + 2500;
			fal.options.jobTime = ({ requestId }) =>
				together - Date.now() - (placeOf(fal, requestId) < 3 ? 1500 : 0);
			const id = await production.start({ prompts: numbered(5), maxWait: 5 });
			execution = await untilEnded(n8n.api, production, id, MINUTE_MS);
			// The second of the two may have been answered, and n8n busy with it.
			await sleep(1000);
		});

		test('both are answered with 200', () => {
			const attempts = stage.fal.deliveries.map(({ attempt, status }) => ({ attempt, status }));
			assert.deepEqual(attempts, Array(5).fill({ attempt: 1, status: 200 }));
			const ends = [...stage.fal.jobs.values()].map(({ progress }) =>
				progress.status === 'COMPLETED' ? progress.endedAt : 0,
			);
			const [before, last] = ends.sort((a, b) => a - b).slice(-2) as [number, number];
			assert.ok(last - before < 50, 'the jobs did not end together');
		});

		test('the execution resumes once, and succeeds', async () => {
			assert.equal(execution.status, 'success');
			assert.equal(runsOf(execution, nodes.check), 1);
			assert.equal(stage.fal.counts().calls.result, 5);
			const later = await stage.n8n.api.execution(execution.id);
			assert.equal(later.status, 'success');
		});
	});

	describe('with callbacks that are doubled, forged or stale', () => {
		let id: string;
		let resumeUrl: string;
		const status = async () => (await stage.n8n.api.execution(id)).status;

		before(async () => {
			const { fal, n8n } = stage;
			resetFal(fal);
			fal.options.webhooks = { duplicateEvery: 1, delayScale: 0.2 };
			fal.options.jobTime = ({ requestId }) =>
				PARKED_AFTER_MS + (placeOf(fal, requestId) === 0 ? 0 : 4000);
			id = await production.start({ prompts: numbered(4), maxWait: 5 });
			const parked = await untilParked(n8n.api, production, id);
			assert.equal(parked.status, 'waiting');
			resumeUrl = [...fal.jobs.values()][0]?.webhookUrl ?? '';
		});

		test('a genuine one, and its repetition, are taken while others are not done', async () => {
			await untilDelivered(stage.fal, 2);
			const attempts = stage.fal.deliveries.map(({ attempt, status }) => ({ attempt, status }));
			assert.deepEqual(attempts, Array(2).fill({ attempt: 1, status: 200 }));
			assert.equal(await status(), 'waiting');
		});

		test('a request that is none of fal’s is answered with 400, one without n8n’s token with 401', async () => {
			const bare = await fetch(resumeUrl, { method: 'POST', body: '{"status":"OK"}' });
			assert.equal(bare.status, 400);
			const { origin, pathname } = new URL(resumeUrl);
			const guess = await fetch(`${origin}${pathname}?signature=${'0'.repeat(64)}`, {
				method: 'POST',
				body: '{"status":"OK"}',
			});
			// Without a token of n8n's, it is again a request that is none of fal's.
			assert.equal(guess.status, signsAddresses(stage.n8n) ? 401 : 400);
			assert.equal(await status(), 'waiting');
		});

		for (const signature of ['wrong', 'stale'] as const) {
			test(`with a ${signature} signature they are answered with 401 and resume nothing, though all jobs are done`, async () => {
				const { fal } = stage;
				fal.options.webhooks.signature = signature;
				// An attempt under way may still bear the signature before this one.
				await sleep(200);
				while (fal.counts().jobs.completed < 4) await sleep(50);
				const asked = fal.counts().calls.status;
				const before = fal.deliveries.length;
				await untilDelivered(fal, before + 6);
				const answers = new Set(fal.deliveries.slice(before).map(({ status }) => status));
				assert.deepEqual([...answers], [401]);
				assert.equal(fal.counts().calls.status, asked, 'a forged callback made the node ask fal');
				assert.equal(await status(), 'waiting');
			});
		}

		test('the genuine ones resume it', async () => {
			stage.fal.options.webhooks.signature = 'good';
			const execution = await untilEnded(stage.n8n.api, production, id, MINUTE_MS);
			assert.equal(execution.status, 'success');
			assert.equal(resultsOf(execution).completed.length, 4);
		});
	});

	describe('with one callback in ten lost', () => {
		test('a lost one is made up for by the next', async () => {
			const { fal, n8n } = stage;
			resetFal(fal);
			fal.options.webhooks = { loseEvery: 10 };
			fal.options.jobTime = ({ requestId }) => PARKED_AFTER_MS + placeOf(fal, requestId) * 50;
			const startedAt = Date.now();
			const id = await production.start({ prompts: numbered(15), maxWait: 5 });
			const execution = await untilEnded(n8n.api, production, id, MINUTE_MS);
			assert.equal(resultsOf(execution).completed.length, 15);
			assert.equal(fal.deliveries.length, 14);
			assert.ok(Date.now() - startedAt < MINUTE_MS / 2);
		});

		test('the last one lost: it resumes at the deadline, with all requests and all results', async (t) => {
			const { execution, lateBy } = await deadline;
			const fal = lossyFal;
			t.diagnostic(`resumed ${(lateBy / 1000).toFixed(1)} s after its deadline`);
			// n8n's own clock for it starts a moment after ours.
			assert.ok(lateBy > -1000 && lateBy < DUE_WITHIN_MS, `${lateBy} ms after the deadline`);
			assert.equal(execution.status, 'success');
			assert.equal(fal.deliveries.length, 18);
			const handles = itemsOf(execution, nodes.park);
			assert.deepEqual(
				handles.map(({ json }) => json.request_id),
				itemsOf(execution, nodes.submit).map(({ json }) => json.request_id),
			);
			assert.deepEqual(
				linksOf(handles),
				handles.map((_, index) => index),
			);
			const { completed } = resultsOf(execution);
			assert.equal(completed.length, 20);
			for (const { prompt, request_id } of completed) {
				assert.deepEqual(fal.jobs.get(request_id)?.input, { prompt });
			}
		});
	});
}

async function assertFewQuestions(
	t: TestContext,
	{ fal, n8n }: Stage,
	production: Production,
	size: number,
) {
	resetFal(fal);
	// Strictly one after the other, the first when all are submitted and parked.
	fal.options.accountConcurrency = 1;
	fal.options.jobTime = ({ requestId }) =>
		placeOf(fal, requestId) === 0 ? PARKED_AFTER_MS + 8 * size : jobEvery(size);
	const startedAt = Date.now();
	const id = await production.start({ prompts: numbered(size), maxWait: 10 });
	const execution = await untilEnded(n8n.api, production, id, 7 * MINUTE_MS);
	const seconds = (Date.now() - startedAt) / 1000;
	const { calls, jobs } = fal.counts();
	assert.equal(resultsOf(execution).completed.length, size);
	assert.deepEqual([jobs.accepted, calls.result], [size, size]);
	// The node Check, at the end, asks for each once.
	const requests = calls.status - size;
	const perJob = (requests / size).toFixed(1);
	t.diagnostic(
		`status requests of a parked batch of ${size}: ${requests}, per job ${perJob} (${seconds.toFixed(1)} s in all, ${fal.deliveries.length} deliveries)`,
	);
	assert.ok(requests <= 2 * size * (Math.log(size) + 2), `${requests} status requests`);
}

/**
 * As quick as n8n takes callbacks, with some room: it loads the whole execution for each, which takes
 * longer the more items are parked.
 */
function jobEvery(size: number): number {
	return size < 1000 ? 40 : 130;
}

/**
 * Takes a minute or more, nearly all of it waiting; so it goes on beside the others, with a local fal of its own.
 * Of 20 callbacks the 10th and the 20th never come.
 */
async function untilTheDeadline({ n8n }: Stage, fal: LocalFal) {
	fal.options.accountConcurrency = 40;
	fal.options.webhooks = { loseEvery: 10 };
	// The last one ends well after the others: else the look that the 19th callback causes would see it done.
	fal.options.jobTime = ({ requestId }) =>
		PARKED_AFTER_MS + (placeOf(fal, requestId) === 19 ? 8000 : 0);
	const production = await publish(n8n, fal, 'deadline');
	const id = await production.start({ prompts: numbered(20), maxWait: 0.5 });
	const parked = await untilParked(n8n.api, production, id);
	assert.equal(parked.status, 'waiting');
	const deadline = new Date(parked.data.waitTill ?? 0).getTime();
	const execution = await untilEnded(n8n.api, production, id, MINUTE_MS + DUE_WITHIN_MS);
	return { execution, lateBy: Date.now() - deadline };
}

function resetFal(fal: LocalFal) {
	fal.reset();
	fal.options.accountConcurrency = 40;
	fal.options.jobTime = NEVER_MS;
	fal.options.webhooks = { delayScale: 0.2 };
}

const numbered = (count: number) =>
	Array.from({ length: count }, (_, index) => `Picture ${index + 1}`);

/** In the order of the submits. */
const placeOf = (fal: LocalFal, requestId: string) => [...fal.jobs.keys()].indexOf(requestId);

async function untilDelivered(fal: LocalFal, count: number) {
	const deadline = Date.now() + MINUTE_MS;
	while (fal.deliveries.length < count) {
		assert.ok(Date.now() < deadline, `only ${fal.deliveries.length} callbacks were delivered`);
		await sleep(50);
	}
}
