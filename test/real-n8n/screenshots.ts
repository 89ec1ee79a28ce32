/**
 * `npm run screenshots`: the pictures of the README, taken from a real n8n by a real browser.
 * Needs Chromium: Debian's, or the one that CHROMIUM names.
 */
import { join } from 'node:path';
import { chromium, selectors, type Locator, type Page } from 'playwright-core';
import sharp from 'sharp';
import { demoNodes, demoWorkflow, owner } from './demo';
import { docsFolder } from './folders';
import { onEndRequest } from './processes';
import { nodes, saveForLocalFal, waitForWebhooks } from './queue-status';
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

onEndRequest((code) => process.exit(code));
const stage = await openStage();
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: [
		'--no-sandbox',
		'--disable-gpu',
		'--disable-quic',
		'--no-first-run',
		// Chromium's own calls; this is about a page on 127.0.0.1.
		'--disable-background-networking',
		'--disable-component-update',
		'--disable-sync',
	],
});
try {
	selectors.setTestIdAttribute('data-test-id');
	const page = await browser.newPage({ viewport: VIEWPORT, deviceScaleFactor: SCALE });
	await signIn(page);
	await executeWorkflow(page, demoWorkflow.id);
	await save(page, 'demo-workflow.png');

	await page.locator(`[data-node-name="${demoNodes.batch}"]`).first().dblclick();
	await page.getByText('fal-ai/flux/schnell').first().waitFor();
	// A pointer over a field would open its little menu.
	await page.mouse.move(0, 0);
	await save(page, 'fal-batch-output.png');
	await save(
		page,
		'fal-batch-parameters.png',
		page.locator('.parameter-input-list-wrapper').first(),
	);

	await page.getByTestId('credential-edit-button').click();
	// n8n tests the credential when the dialog opens; this button stands beside the verdict.
	const dialog = page.getByTestId('editCredential-modal');
	await dialog.getByRole('button', { name: 'Retry' }).waitFor();
	await save(page, 'fal-api-credential.png', dialog);

	await saveForLocalFal(stage.n8n.api, waitForWebhooks, stage.fal);
	await executeWorkflow(page, waitForWebhooks.id);
	await save(page, 'wait-for-webhooks.png');
	await page.locator(`[data-node-name="${nodes.park}"]`).first().dblclick();
	await page.getByText('Max Wait').first().waitFor();
	await page.mouse.move(0, 0);
	await save(
		page,
		'fal-queue-status-parameters.png',
		page.locator('.parameter-input-list-wrapper').first(),
	);

	const newest = await receiveTenResults();
	await page.goto(`${stage.n8n.baseUrl}/workflow/${triggerReceive.id}/executions/${newest}`);
	const preview = page.frameLocator('iframe').first();
	await preview.locator(`[data-node-name="${triggerNodes.completed}"]`).first().waitFor();
	await save(page, 'trigger-receive.png');
	await page.goto(`${stage.n8n.baseUrl}/workflow/${triggerReceive.id}`);
	await page.locator(`[data-node-name="${triggerNodes.trigger}"]`).first().dblclick();
	await page.getByText('Webhook URLs').first().click();
	await page.getByText('Production URL').first().click();
	await page.mouse.move(0, 0);
	await save(page, 'fal-trigger.png');
} finally {
	await browser.close();
	await stage.close();
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

async function signIn(page: Page) {
	await page.goto(`${stage.n8n.baseUrl}/signin`);
	await page.locator('input[name=emailOrLdapLoginId]').fill(owner.email);
	await page.locator('input[name=password]').fill(owner.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(({ pathname }) => pathname !== '/signin');
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
