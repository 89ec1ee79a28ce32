/** Jobs with files: what is uploaded when, and what an upload that fails means for the batch. */
import type { Failure } from '../../../nodes/engine/failure';
import type { Uploaded } from '../../../nodes/engine/media/uploading';
import { lost, rejected, unsent } from '../replies';
import { runScripted } from '../runScripted';

const failure = (statusCode?: number): Failure => ({
	type: 'upload_failed',
	message: 'the disk is full',
	retryable: true,
	...(statusCode !== undefined && { statusCode }),
});

const ready: Parameters<typeof runScripted>[0]['upload'] = async (_, submission) => ({
	kind: 'ready',
	submission: { ...submission, input: { ...submission.input, image_url: 'https://x/1.png' } },
});

it('a job is submitted with the addresses of its files', async () => {
	const inputs: unknown[] = [];
	const { outcomes } = await runScripted({
		items: 2,
		upload: ready,
		script: {
			submit: (_, { input }) => {
				inputs.push(input);
				return undefined;
			},
		},
	});
	expect(outcomes).toEqual(['completed', 'completed']);
	expect(inputs).toEqual([
		{ item: 0, image_url: 'https://x/1.png' },
		{ item: 1, image_url: 'https://x/1.png' },
	]);
});

it('an upload that fails ends its item, and costs no attempt, no budget and no other item', async () => {
	const { ended, fal, batch } = await runScripted({
		items: 3,
		upload: async (call, submission, clock): Promise<Uploaded> =>
			call === 2 ? { kind: 'failed', failure: failure(503) } : await ready(call, submission, clock),
	});
	expect(ended.map(({ ending }) => ending.outcome)).toEqual([
		'completed',
		'not_submitted',
		'completed',
	]);
	expect(ended[1]).toMatchObject({ attempts: 0, ending: { failure: failure(503) } });
	expect(fal.sent('submit')).toHaveLength(2);
	expect(batch.progress.retriesUsed).toBe(0);
});

it('a fal that can’t be reached for an upload is waited for as one for a submit', async () => {
	const { outcomes, fal, elapsed, uploads } = await runScripted({
		items: 1,
		upload: async (call, submission, clock) =>
			call <= 3 ? unsent : await ready(call, submission, clock),
	});
	expect(outcomes).toEqual(['completed']);
	expect([uploads, fal.sent('submit').length]).toEqual([4, 1]);
	expect(elapsed).toBeGreaterThan(500);
});

it('a key that is refused at an upload ends the batch as one at a submit', async () => {
	const { outcomes, fal, batch } = await runScripted({
		items: 5,
		access: 'refused',
		upload: async () => ({ kind: 'refused', failure: failure(401) }),
	});
	expect(outcomes).toEqual(Array(5).fill('not_submitted'));
	expect(fal.sent('submit')).toEqual([]);
	expect(batch.progress.stoppedFor).toMatchObject({ statusCode: 401 });
});

it('an outage uploads the files of no more jobs than it may cost submits, and those that have a slot', async () => {
	const uploaded = new Set<unknown>();
	const { fal } = await runScripted({
		items: 100,
		settings: { concurrency: 5, retryBudget: 2 },
		upload: async (call, submission, clock) => {
			uploaded.add(submission.input.item);
			return await ready(call, submission, clock);
		},
		script: { submit: () => rejected(503) },
	});
	expect(fal.sent('submit').length).toBeLessThanOrEqual(7);
	expect(uploaded.size).toBeLessThanOrEqual(7 + 5);
});

it('what is uploaded while fal goes away waits for its turn, and is submitted once', async () => {
	const { outcomes, fal } = await runScripted({
		items: 4,
		settings: { concurrency: 4 },
		upload: async (call, submission, clock) => {
			await clock.sleep(call * 100);
			return await ready(call, submission, clock);
		},
		script: { submit: (call) => (call <= 1 ? unsent : undefined) },
	});
	expect(outcomes).toEqual(Array(4).fill('completed'));
	expect(fal.sent('submit')).toHaveLength(5);
});

it('nothing is submitted any more when the execution is stopped during an upload', async () => {
	const { ended, fal } = await runScripted({
		items: 2,
		stopAfter: 500,
		upload: async (call, submission, clock) => {
			await clock.sleep(1_000);
			return await ready(call, submission, clock);
		},
	});
	expect(fal.sent('submit')).toEqual([]);
	expect(ended.map(({ ending }) => ending)).toMatchObject([
		{ outcome: 'not_submitted', failure: { type: 'execution_stopped' } },
		{ outcome: 'not_submitted', failure: { type: 'execution_stopped' } },
	]);
});

it('a submit without an answer is not repeated on account of its files', async () => {
	const { outcomes, fal, uploads } = await runScripted({
		items: 1,
		upload: ready,
		script: { submit: () => lost },
	});
	expect(outcomes).toEqual(['unknown']);
	expect([uploads, fal.sent('submit').length]).toEqual([1, 1]);
});
