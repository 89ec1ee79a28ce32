/** Fal Trigger, listening for a test event: a callback of fal's, signed, and one that is not. */
import assert from 'node:assert/strict';
import { post } from '../../callbacks/post';
import type { LocalFal } from '../../local-fal';
import { LOCAL_KEY } from '../demo';
import { CREDENTIAL } from './fal-batch';
import { becomes, comesToInclude, comesToMatch } from './eventually';
import { journey, type EditorStage } from './journey';

export function falTriggerScenario(stage: EditorStage) {
	const { fal } = stage;
	const step = journey(stage);
	let testUrl: string;
	let requestId: string;

	step('typing "fal" into the panel of an empty workflow shows it', async (editor) => {
		fal.reset();
		await editor.openEmptyWorkflow();
		await editor.panel.openOnEmptyCanvas();
		await editor.panel.search('fal');
		await comesToInclude(() => editor.panel.names(), 'Fal Trigger');
	});

	step('it can be added to the workflow', async ({ node, panel }) => {
		await panel.choose('Fal Trigger');
		await panel.addToWorkflow();
		await becomes(() => node.title(), 'Fal Trigger');
	});

	step('the credential is chosen, and the Test URL is shown', async ({ node }) => {
		await node.chooseCredential(CREDENTIAL);
		await becomes(() => node.credential(), CREDENTIAL);
		testUrl = await node.testUrl();
		assert.match(testUrl, /\/webhook-test\/.*\/fal$/);
	});

	step('it listens for a test event', async ({ node }) => {
		await node.listenForTestEvent();
	});

	step('what is not signed by fal is refused, and it goes on listening', async ({ page }) => {
		const { status } = await post(testUrl, JSON.stringify({ request_id: 'x', status: 'OK' }));
		assert.equal(status, 400);
		await page.getByText('Listening for test event').waitFor();
	});

	step('fal’s signed callback arrives, with what its address carried along', async ({ node }) => {
		requestId = await submit(fal, 'A lighthouse', `${testUrl}?row=7`);
		await becomes(() => node.outputBranches(), ['Completed Branch (1 item)', 'Failed Branch']);
		await comesToMatch(() => node.output(), new RegExp(requestId));
		await comesToMatch(() => node.output(), /A lighthouse/);
		await comesToMatch(() => node.output(), /row\s*:\s*7/);
	});

	step('fal was told that it has arrived', async () => {
		await becomes(
			async () => fal.deliveries.map((one) => [one.requestId, one.outcome]),
			[[requestId, 'acknowledged']],
		);
	});
}

/** As any program does that wants to be called back. @returns the request id */
async function submit(fal: LocalFal, prompt: string, webhookUrl: string): Promise<string> {
	const query = new URLSearchParams({ fal_webhook: webhookUrl });
	const response = await fetch(`${fal.baseUrl}/queue.fal.run/fal-ai/flux/schnell?${query}`, {
		method: 'POST',
		headers: { authorization: `Key ${LOCAL_KEY}`, 'content-type': 'application/json' },
		body: JSON.stringify({ prompt }),
	});
	const { request_id } = Object(await response.json());
	return String(request_id);
}
