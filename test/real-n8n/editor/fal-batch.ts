/** Fal Batch, from an empty workflow to a second node behind Failed. */
import assert from 'node:assert/strict';
import { LOCAL_KEY } from '../demo';
import type { CredentialDialog } from './credential-dialog';
import type { Editor } from './editor';
import { becomes, comesToMatch } from './eventually';
import { journey, type EditorStage } from './journey';

export const CREDENTIAL = 'Fal API';
const TRIGGER = 'When clicking ‘Execute workflow’';
const NO_OPERATION = 'No Operation, do nothing';
const SCHNELL = 'FLUX.1 [schnell] · text-to-image · $0.003 per image (fal-ai/flux/schnell)';
/** Below Fal Batch, to its right. */
const BEHIND_FAILED = { x: 1150, y: 540 };

export function falBatchScenario(stage: EditorStage) {
	const step = journey(stage);
	let dialog: CredentialDialog;

	step('typing "fal" into the panel of an empty workflow shows it first', async (editor) => {
		stage.fal.reset();
		await editor.openEmptyWorkflow();
		await editor.panel.openOnEmptyCanvas();
		await editor.panel.search('fal');
		await becomes(async () => (await editor.panel.names())[0], 'Fal Batch');
	});

	step('a click shows its actions', async ({ panel }) => {
		await panel.choose('Fal Batch');
		await becomes(
			() => panel.actions(),
			['Estimate the cost of a batch', 'Run a batch of jobs', 'Submit a batch of jobs'],
		);
	});

	step('the action Run opens the node', async ({ node, panel }) => {
		await panel.choose('Run a batch of jobs');
		await becomes(() => node.title(), 'Fal Batch');
	});

	step('a new credential with a wrong key is refused', async ({ node }) => {
		dialog = await node.startNewCredential();
		await dialog.type('Base URL', stage.fal.baseUrl);
		await dialog.type('API Key', 'wrong');
		await dialog.save();
		await dialog.openDetails();
		await comesToMatch(() => dialog.text(), /Couldn’t connect.*Unauthorized/s);
	});

	step('with the right key it is taken', async ({ node }) => {
		await dialog.type('API Key', LOCAL_KEY);
		await dialog.save();
		await dialog.untilTaken();
		await becomes(() => node.credential(), 'Fal account');
	});

	step('another credential is chosen from the list', async ({ node }) => {
		await node.chooseCredential(CREDENTIAL);
		await becomes(() => node.credential(), CREDENTIAL);
	});

	step('the list of models finds one by what is typed', async ({ node }) => {
		await node.searchModels('schnell');
		await becomes(() => node.foundModels(), [SCHNELL]);
	});

	step('a click chooses it', async ({ node }) => {
		await node.chooseModelFromList('FLUX.1 [schnell]');
		await becomes(() => node.model(), SCHNELL);
	});

	step('its input is to be JSON', async ({ node }) => {
		await node.chooseOption('inputMode', 'JSON');
		await becomes(() => node.isShown('input'), true);
	});

	step('two items come from the trigger', async (editor) => {
		await giveItems(editor, [{ subject: 'A lighthouse' }, { subject: 'A forbidden thing' }]);
	});

	step('a prompt is written for each item, and its value shown', async ({ canvas, node }) => {
		await canvas.openNode('Fal Batch');
		await node.typeExpression('input', '{{ { "prompt": $json.subject + ", in ink" } }}');
		await comesToMatch(() => node.preview('input'), /"prompt": "A lighthouse, in ink"/);
	});

	step('Execute step shows both branches', async ({ node }) => {
		await node.executeStep();
		await becomes(
			() => node.outputBranches(),
			['Completed Branch (1 item)', 'Failed Branch (1 item)'],
		);
		await comesToMatch(() => node.output(), /A lighthouse, in ink/);
	});

	step('the hint sums up', async ({ node }) => {
		await comesToMatch(
			() => node.hint(),
			/^1 of 2 completed, 1 on Failed: content_policy_violation/,
		);
	});

	step('the other branch says why, in fal’s words', async ({ node }) => {
		await node.openBranch('Failed');
		await comesToMatch(() => node.output(), /contained material flagged by a content checker/);
	});

	step('on the canvas it says what it does', async ({ canvas, node }) => {
		await node.close();
		await becomes(() => canvas.subtitle('Fal Batch'), 'Run: fal-ai/flux/schnell');
	});

	step('another node comes onto the canvas', async ({ canvas, node, panel }) => {
		await canvas.click(BEHIND_FAILED);
		await panel.open();
		await panel.search('no operation');
		await panel.choose(NO_OPERATION);
		await node.close();
		await becomes(() => canvas.connections(), [`${TRIGGER} → Fal Batch`]);
	});

	step('dragging connects it to Failed', async ({ canvas }) => {
		await canvas.connectByDragging('Fal Batch', 'Failed', NO_OPERATION);
		await becomes(
			() => canvas.connections(),
			[`${TRIGGER} → Fal Batch`, `Fal Batch → ${NO_OPERATION}`],
		);
	});

	step('what failed arrives there', async ({ canvas, node }) => {
		await canvas.openNode(NO_OPERATION);
		await node.executeStep();
		await comesToMatch(() => node.output(), /content_policy_violation/);
	});

	step('each item was generated once, whatever was executed', async () => {
		// Both are submitted at once, over two connections: which one arrives first is chance.
		const prompts = [...stage.fal.jobs.values()].map(({ input }) => Object(input).prompt);
		assert.deepEqual(prompts.sort(), ['A forbidden thing, in ink', 'A lighthouse, in ink']);
	});
}

/** Closes the open node, and types the items into the trigger before it. */
export async function giveItems(
	{ canvas, node }: Editor,
	items: ReadonlyArray<Record<string, string>>,
) {
	await node.close();
	await canvas.openNode(TRIGGER);
	await node.typeMockData(items);
	const [first] = items.flatMap((item) => Object.values(item));
	await comesToMatch(() => node.output(), new RegExp(first ?? ''));
	await node.close();
}
