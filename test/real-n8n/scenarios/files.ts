/** Files in and out, in the real n8n: the three workflows of docs/workflows that have some. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { IBinaryData } from 'n8n-workflow';
import sharp from 'sharp';
import type { Execution, Workflow } from '../n8n-api';
import { itemsOf, linksOf, promptsOf, readWorkflow, saveForLocalFal } from '../queue-status';
import type { Stage } from '../stage';

const TRIGGER = 'When Clicking Execute';
const RUN_WITHIN_MS = 120_000;
const PHOTOS = 4;

export function filesScenario(stage: Stage) {
	describe('product photos: from a folder, without their background, back to disk', () => {
		const folder = () => join(stage.n8n.filesFolder, 'product-photos');
		const out = () => join(folder(), 'without-background');
		const hashes: string[] = [];

		const run = runs(stage, async () => {
			await mkdir(out(), { recursive: true });
			for (let i = 0; i < PHOTOS; i++) {
				const bytes = await photo(i);
				hashes.push(createHash('sha256').update(bytes).digest('hex'));
				await writeFile(join(folder(), `shoe-${i}.jpg`), bytes);
			}
			return inFolder(readWorkflow('product-photos'), folder());
		});

		test('each photo was uploaded once, byte for byte', () => {
			assert.equal(run().status, 'success');
			assert.deepEqual(stage.fal.uploads.map(({ sha256 }) => sha256).sort(), hashes.sort());
		});

		test('each has a picture beside it, with its name, that opens', async () => {
			const names = (await readdir(out())).sort();
			assert.deepEqual(
				names,
				Array.from({ length: PHOTOS }, (_, i) => `shoe-${i}.png`),
			);
			for (const name of names) {
				const { format, width } = await sharp(await readFile(join(out(), name))).metadata();
				assert.deepEqual([format, width], ['png', 256]);
			}
		});
	});

	describe('four pictures of each prompt, one item each', () => {
		const workflow = readWorkflow('four-pictures-each');
		const refused = promptsOf(workflow, '4 Prompts')[2];
		const run = runs(stage, async () => {
			stage.fal.schedule({
				job: 'content_policy_violation',
				where: ({ input }) => Object(input).prompt === refused,
			});
			return workflow;
		});

		test('3 prompts make 12 items, each linked to its prompt; the refused one is on Failed', () => {
			assert.equal(run().status, 'success');
			const links = linksOf(itemsOf(run(), 'Fal Batch'));
			assert.deepEqual(links, [0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3]);
			assert.deepEqual(linksOf(itemsOf(run(), 'Fal Batch', 1)), [2]);
		});

		test('each has its picture, which n8n gives out, and its place', async () => {
			const items = itemsOf(run(), 'Fal Batch');
			const seen = new Set<string>();
			for (const [place, { binary, json }] of items.entries()) {
				const bytes = await stage.n8n.api.binary(binary?.data as IBinaryData);
				seen.add(createHash('sha256').update(bytes).digest('hex'));
				assert.equal((await sharp(bytes).metadata()).width, 512);
				const { index, width } = json.file as { index: number; width: number };
				assert.deepEqual([index, width], [place % 4, 512]);
			}
			assert.equal(seen.size, 12);
		});

		test('a node behind it finds the prompt of each', () => {
			const names = itemsOf(run(), 'Name Each Picture').map(({ json }) => String(json.name));
			assert.equal(names[5], 'a-fox-reading-a-newspaper-on-a-park-bench-2');
			assert.equal(new Set(names).size, 12);
		});
	});

	describe('text to picture to film', () => {
		const run = runs(stage, async () => readWorkflow('picture-to-film'));

		test('each film was made from the picture of its own prompt', () => {
			assert.equal(run().status, 'success');
			const pictures = new Map(
				itemsOf(run(), 'Pictures').map(({ json }) => {
					const { images, prompt } = json.output as { images: [{ url: string }]; prompt: string };
					return [prompt, images[0].url];
				}),
			);
			const films = [...stage.fal.jobs.values()].filter(({ model }) =>
				/image-to-video/.test(model.id),
			);
			assert.equal(films.length, 3);
			for (const { input } of films) {
				const { prompt, image_url: url } = input as { prompt: string; image_url: string };
				assert.equal(url, pictures.get(prompt));
			}
		});

		test('the films are n8n’s binary data, and move', async () => {
			const items = itemsOf(run(), 'Films');
			assert.equal(items.length, 3);
			for (const { binary } of items) {
				const bytes = await stage.n8n.api.binary(binary?.data as IBinaryData);
				assert.ok(((await sharp(bytes).metadata()).pages ?? 1) > 1);
			}
		});
	});
}

function runs({ fal, n8n }: Stage, prepare: () => Promise<Workflow>): () => Execution {
	let execution: Execution;
	before(
		async () => {
			fal.reset();
			const workflow = await prepare();
			await saveForLocalFal(n8n.api, workflow, fal);
			const id = await n8n.api.runWorkflow(workflow.id, TRIGGER);
			execution = await n8n.api.executionEnd(id, RUN_WITHIN_MS);
		},
		{ timeout: RUN_WITHIN_MS + 10_000 },
	);
	return () => execution;
}

/** The workflow with another folder in the place of the one in n8n's container. */
function inFolder(workflow: Workflow, folder: string): Workflow {
	const text = JSON.stringify(workflow);
	return JSON.parse(
		text.replaceAll('/home/node/.n8n-files/product-photos', folder.replaceAll('\\', '/')),
	) as Workflow;
}

async function photo(number: number): Promise<Buffer> {
	const background = { r: 40 * number, g: 90, b: 160 };
	return await sharp({ create: { width: 300, height: 200, channels: 3, background } })
		.jpeg()
		.toBuffer();
}
