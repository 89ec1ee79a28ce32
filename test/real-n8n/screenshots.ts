/**
 * `npm run screenshots`: the pictures of the README and of the docs, taken from a real n8n by a real browser.
 * `npm run screenshots -- night-run trigger` takes those with one of the words in their names.
 */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { openBrowser, signIn } from './browser';
import { demoNodes, demoWorkflow, owner } from './demo';
import { docsFolder } from './folders';
import type { Workflow } from './n8n-api';
import { onEndRequest } from './processes';
import { nodes, readWorkflow, saveForLocalFal, waitForWebhooks } from './queue-status';
import { openStage } from './stage';
import { publishReceiver, submitTo, triggerNodes, triggerReceive, untilEnded } from './trigger';

const VIEWPORT = { width: 1440, height: 900 };
/** Two device pixels each, so that text stays sharp on today's screens. */
const SCALE = 2;
/** Enough for n8n's interface with a few pictures; keeps a file below 300 kB. */
const COLOURS = 128;

/** Around a part of the page, in pixels. */
const MARGIN = 16;
const RUN_WITHIN_MS = 120_000;
const PARAMETERS = '.parameter-input-list-wrapper';

/** The demo with a Fal Batch as it comes out of the panel today, its model's form filled in. */
const withForm: Workflow = {
	...demoWorkflow,
	id: 'falBatchForm0001',
	nodes: demoWorkflow.nodes.map((node) =>
		node.name === demoNodes.batch
			? {
					...node,
					typeVersion: 1.1,
					parameters: {
						operation: 'run',
						model: node.parameters.model,
						fields: {
							mappingMode: 'defineBelow',
							value: {
								prompt: '={{ $json.prompt }}',
								num_images: 2,
								// As n8n fills them in when a model is chosen.
								sync_mode: false,
								enable_safety_checker: true,
							},
						},
					},
				}
			: node,
	),
};

/** By the names of the files that they make, in this order. */
const shots: Record<string, (page: Page) => Promise<void>> = {
	'demo-workflow fal-batch-output': async (page) => {
		await executeWorkflow(page, demoWorkflow.id);
		await save(page, 'demo-workflow.png');
		await openNode(page, demoNodes.batch);
		await page.getByText('fal-ai/flux/schnell').first().waitFor();
		await save(page, 'fal-batch-output.png');
	},
	'fal-api-credential': async (page) => {
		await open(page, demoWorkflow);
		await openNode(page, demoNodes.batch);
		await page.getByTestId('credential-edit-button').click();
		// n8n tests the credential when the dialog opens; this button stands beside the verdict.
		const dialog = page.getByTestId('editCredential-modal');
		await dialog.getByRole('button', { name: 'Retry' }).waitFor();
		await save(page, 'fal-api-credential.png', dialog);
	},
	'fal-batch-parameters': async (page) => {
		await saveForLocalFal(stage.n8n.api, withForm, stage.fal);
		await open(page, withForm);
		await openNode(page, demoNodes.batch);
		await page.getByText('Num Inference Steps', { exact: false }).first().waitFor();
		await save(page, 'fal-batch-parameters.png', page.locator(PARAMETERS).first());
	},
	'one-item-per-file': async (page) => {
		const pictures = readWorkflow('four-pictures-each');
		await saveForLocalFal(stage.n8n.api, pictures, stage.fal);
		await executeWorkflow(page, pictures.id);
		await openNode(page, 'Fal Batch');
		await page.getByTestId('radio-button-binary').last().click();
		await page.getByText('File Name').first().waitFor();
		await save(page, 'one-item-per-file.png');
	},
	'wait-for-webhooks fal-queue-status-parameters': async (page) => {
		await saveForLocalFal(stage.n8n.api, waitForWebhooks, stage.fal);
		await executeWorkflow(page, waitForWebhooks.id);
		await save(page, 'wait-for-webhooks.png');
		await openNode(page, nodes.park);
		await page.getByText('Max Wait').first().waitFor();
		await save(page, 'fal-queue-status-parameters.png', page.locator(PARAMETERS).first());
	},
	'trigger-receive': async (page) => {
		const newest = await receiveTenResults();
		await page.goto(`${stage.n8n.baseUrl}/workflow/${triggerReceive.id}/executions/${newest}`);
		await seeNode(page, triggerNodes.completed);
		await save(page, 'trigger-receive.png');
	},
	...executed('quality-gates'),
	...asImported('night-run', 'queue-and-poll', 'check-in-a-loop', 'bounded-pool'),
	...asImported('product-photos', 'ai-agent'),
};

onEndRequest((code) => process.exit(code));
const wanted = process.argv.slice(2);
const stage = await openStage();
const browser = await openBrowser();
try {
	const page = await browser.newPage({ viewport: VIEWPORT, deviceScaleFactor: SCALE });
	await signIn(page, stage.n8n, owner);
	for (const [name, take] of Object.entries(shots)) {
		if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
		stage.fal.reset();
		console.log(name);
		await take(page);
	}
} finally {
	await browser.close();
	await stage.close();
}

function asImported(...names: string[]): typeof shots {
	return Object.fromEntries(
		names.map((name) => [
			name,
			async (page: Page) => {
				const workflow = readWorkflow(name);
				await saveForLocalFal(stage.n8n.api, workflow, stage.fal);
				await open(page, workflow);
				await save(page, `${name}.png`);
			},
		]),
	);
}

function executed(name: string): typeof shots {
	return {
		[name]: async (page) => {
			const workflow = readWorkflow(name);
			await saveForLocalFal(stage.n8n.api, workflow, stage.fal);
			await executeWorkflow(page, workflow.id);
			await save(page, `${name}.png`);
		},
	};
}

/** Runs the pair of workflows. @returns the id of the receiving one's newest execution */
async function receiveTenResults(): Promise<string | undefined> {
	const { fal, n8n } = stage;
	fal.options.jobTime = ({ requestId }) => [...fal.jobs.keys()].indexOf(requestId) * 500;
	const receiver = await publishReceiver(n8n, triggerReceive, fal);
	const submit = submitTo(receiver.url);
	await saveForLocalFal(n8n.api, submit, fal);
	await n8n.api.runWorkflow(submit.id, triggerNodes.start);
	await untilEnded(receiver, 10, RUN_WITHIN_MS);
	return (await n8n.api.executions(receiver.workflowId))[0]?.id;
}

async function open(page: Page, { id, nodes: [first] }: Workflow) {
	await page.goto(`${stage.n8n.baseUrl}/workflow/${id}`);
	if (first) await page.locator('[data-node-name]').first().waitFor();
}

async function openNode(page: Page, name: string) {
	await page.locator(`[data-node-name="${name}"]`).first().dblclick();
	await page.getByTestId('ndv').waitFor();
	// A pointer over a field would open its little menu.
	await page.mouse.move(0, 0);
}

/** In the page, or in the frame that n8n shows a past execution in. */
async function seeNode(page: Page, name: string) {
	const node = `[data-node-name="${name}"]`;
	const deadline = Date.now() + RUN_WITHIN_MS;
	for (;;) {
		for (const frame of page.frames()) {
			if (
				await frame
					.locator(node)
					.first()
					.isVisible()
					.catch(() => false)
			)
				return;
		}
		if (Date.now() > deadline) {
			throw new Error(
				`${name} is in none of ${page
					.frames()
					.map((one) => one.url())
					.join(', ')}`,
			);
		}
		await page.waitForTimeout(200);
	}
}

async function executeWorkflow(page: Page, id: string) {
	await page.goto(`${stage.n8n.baseUrl}/workflow/${id}`);
	await page.getByTestId('execute-workflow-button').click();
	const notice = page.locator('.el-notification', { hasText: 'Workflow executed successfully' });
	await notice.waitFor({ timeout: RUN_WITHIN_MS });
	await notice.locator('.el-notification__closeBtn').click();
	await notice.waitFor({ state: 'detached' });
}

/** @param part when not the whole page is wanted */
async function save(page: Page, name: string, part?: Locator) {
	const box = await part?.boundingBox();
	const clip = box ? withMargin(box) : undefined;
	const picture = await page.screenshot({ animations: 'disabled', clip });
	await sharp(picture)
		.png({ palette: true, colours: COLOURS, effort: 10 })
		.toFile(join(docsFolder, name));
}

function withMargin({
	x,
	y,
	width,
	height,
}: {
	x: number;
	y: number;
	width: number;
	height: number;
}) {
	return { x: x - MARGIN, y: y - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
}
