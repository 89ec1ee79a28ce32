/** What the check of inputs asks of fal, when there are many models, or no fal. */
import { checkInputs } from '../../nodes/FalBatch/inputChecks';
import { readPlan } from '../../nodes/FalBatch/parameters';
import { COLLECTION, documentOf } from '../fal/inputSchema/collection';
import { answer, fakeHttp } from '../fal/fakeHttp';
import { fakeNode } from '../n8n/fakeNode';

const FLUX = documentOf(COLLECTION[0]!);

async function planFor(models: readonly string[], checkInputsFirst = true) {
	const parameters = models.map((model) => ({
		operation: 'run',
		model,
		input: { prompt: 'a', num_images: 9 },
		options: { checkInputsFirst },
	}));
	return await readPlan(fakeNode({ parameters }), models.length);
}

const models = (count: number) =>
	Array.from({ length: count }, (_, index) => `acme/model-${index}`);

it('asks for a model once, for however many items', async () => {
	const { send, requests } = fakeHttp(answer(200, FLUX));
	const { plan, sent } = await checkInputs(
		await planFor(['acme/a', 'acme/b', 'acme/a', 'acme/a']),
		send,
	);
	expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
		'GET https://fal.ai/api/openapi/queue/openapi.json?endpoint_id=acme%2Fa',
		'GET https://fal.ai/api/openapi/queue/openapi.json?endpoint_id=acme%2Fb',
	]);
	expect([plan.jobs.length, plan.rejected.length, sent]).toEqual([0, 4, { schema: 2 }]);
});

it('asks for nothing when it is turned off', async () => {
	const { send, requests } = fakeHttp(answer(200, FLUX));
	const { plan } = await checkInputs(await planFor(['acme/a'], false), send);
	expect([requests.length, plan.jobs.length]).toEqual([0, 1]);
});

it('asks for 50 models at the most, and says how many it did not check', async () => {
	const { send, requests } = fakeHttp(answer(404, null));
	const { plan, notes } = await checkInputs(await planFor(models(70)), send);
	expect([requests.length, plan.jobs.length]).toEqual([50, 70]);
	expect(notes).toEqual([
		'The inputs for acme/model-0 were not checked first, because its schema could not be had: fal publishes none for this model.',
		'Not checked either: 69 other models.',
	]);
});

// Each would wait for its ten seconds.
it('does not go on asking a fal that is away', async () => {
	const { send, requests } = fakeHttp({ kind: 'lost', reason: 'no answer within 10 s' });
	const { plan, notes } = await checkInputs(await planFor(models(40)), send);
	expect([requests.length, plan.jobs.length]).toEqual([5, 40]);
	expect(notes[0]).toMatch(/could not be had: no answer within 10 s\.$/);
});

it('keeps the order of the items, and rejects those that do not fit', async () => {
	const { send } = fakeHttp(answer(200, FLUX));
	const read = await planFor(['acme/a', 'acme/a']);
	const good = {
		...read.jobs[1]!,
		submission: { ...read.jobs[1]!.submission, input: { prompt: 'b' } },
	};
	const { plan } = await checkInputs({ ...read, jobs: [read.jobs[0]!, good] }, send);
	expect(plan.jobs).toEqual([good]);
	expect(plan.rejected).toMatchObject([
		{ itemIndex: 0, model: 'acme/a', failure: { type: 'invalid_input', retryable: false } },
	]);
});
