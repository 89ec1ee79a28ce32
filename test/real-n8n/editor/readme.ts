/** The README's first batch in five steps, as somebody does it who has only just installed the package. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoNodes, LOCAL_KEY } from '../demo';
import { docsFolder } from '../folders';
import { becomes, comesToInclude, comesToMatch } from './eventually';
import { journey, type EditorStage } from './journey';

/** Where the canvas is empty. */
const EMPTY = { x: 300, y: 500 };

export function readmeScenario(stage: EditorStage) {
	const step = journey(stage);
	let credential: string;

	step('1. Credentials → Create: Fal API is found, and tested when it is saved', async (editor) => {
		stage.fal.reset();
		const dialog = await editor.createCredential('Fal API');
		await dialog.type('Base URL', stage.fal.baseUrl);
		await dialog.type('API Key', LOCAL_KEY);
		await dialog.save();
		await comesToMatch(() => dialog.text(), /Connection tested successfully/);
		credential = await dialog.name();
	});

	step('2. Ctrl-V on an empty canvas brings the workflow', async (editor) => {
		await editor.openEmptyWorkflow();
		const text = await readFile(join(docsFolder, 'workflows', 'demo.json'), 'utf8');
		await editor.canvas.click(EMPTY);
		await editor.canvas.paste(text);
		await comesToInclude(
			() => editor.canvas.connections(),
			`${demoNodes.batch} → ${demoNodes.completed}`,
		);
	});

	step('3. Fal Batch takes the credential', async ({ canvas, node }) => {
		await canvas.openNode(demoNodes.batch);
		await node.chooseCredential(credential);
		await becomes(() => node.credential(), credential);
		await node.close();
	});

	step('4. Executed, 23 are completed and one says why it is not', async ({ canvas, node }) => {
		await canvas.execute();
		await canvas.openNode(demoNodes.batch);
		await becomes(
			() => node.outputBranches(),
			['Completed Branch (23 items)', 'Failed Branch (1 item)'],
		);
		await comesToMatch(() => node.hint(), /^23 of 24 completed, 1 on Failed/);
	});

	step('5. Each item knows the prompt that it was made from', async ({ canvas, node }) => {
		await node.close();
		await canvas.openNode(demoNodes.completed);
		await comesToMatch(() => node.output(), /lighthouse/i);
		assert.equal(stage.fal.jobs.size, 23);
	});
}
