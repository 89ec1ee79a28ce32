/** Fal Queue Status, behind a Fal Batch that submits. */
import { promptOf } from '../../local-fal/jobs';
import { CREDENTIAL, giveItems } from './fal-batch';
import { becomes, comesToInclude, comesToMatch } from './eventually';
import { journey, type EditorStage } from './journey';

export function falQueueStatusScenario(stage: EditorStage) {
	const step = journey(stage);

	step('requests are submitted, and come out at once', async (editor) => {
		stage.fal.reset();
		const { canvas, node, panel } = editor;
		await editor.openEmptyWorkflow();
		await panel.openOnEmptyCanvas();
		await panel.search('flux');
		await panel.choose('Fal Batch');
		await panel.choose('Submit a batch of jobs');
		await node.chooseCredential(CREDENTIAL);
		await node.searchModels('schnell');
		await node.chooseModelFromList('FLUX.1 [schnell]');
		await node.chooseOption('inputMode', 'JSON');
		await giveItems(editor, [{ prompt: 'A harbour' }, { prompt: 'A forbidden thing' }]);
		await canvas.openNode('Fal Batch');
		await node.executeStep();
		await becomes(() => node.outputBranches(), ['Submitted Branch (2 items)', 'Failed Branch']);
	});

	step('the plus behind Submitted and "queue" show the node', async ({ canvas, node, panel }) => {
		await node.close();
		await canvas.addBehind('Fal Batch', 'Submitted');
		await panel.search('queue');
		await comesToInclude(() => panel.names(), 'Fal Queue Status');
	});

	step('a click shows its actions', async ({ panel }) => {
		await panel.choose('Fal Queue Status');
		await becomes(
			() => panel.actions(),
			[
				'Cancel requests',
				'Check requests once',
				'Wait until requests are done',
				'Wait for webhooks',
			],
		);
	});

	step('the action Check opens the node, with requests and models filled in', async (editor) => {
		const { node, panel } = editor;
		await panel.choose('Check requests once');
		await becomes(() => node.title(), 'Fal Queue Status');
		await node.chooseCredential(CREDENTIAL);
		// Of the first item: which of the two arrived first is chance.
		const [first] =
			[...stage.fal.jobs].find(([, job]) => promptOf(job.input) === 'A harbour') ?? [];
		await becomes(() => node.preview('requestId'), first);
		await becomes(() => node.preview('model'), 'fal-ai/flux/schnell');
	});

	step('Execute step shows what came of each request', async ({ node }) => {
		await node.executeStep();
		await becomes(
			() => node.outputBranches(),
			['Completed Branch (1 item)', 'Failed Branch (1 item)', 'Pending Branch'],
		);
		await comesToMatch(() => node.output(), /A harbour/);
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

	step('on the canvas they are connected', async ({ canvas, node }) => {
		await node.close();
		await comesToInclude(() => canvas.connections(), 'Fal Batch → Fal Queue Status');
	});
}
