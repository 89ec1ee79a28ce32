/** The model's own form: filled in for one model, then for another one. */
import assert from 'node:assert/strict';
import { CREDENTIAL } from './fal-batch';
import { becomes, comesToMatch, eventually } from './eventually';
import { journey, type EditorStage } from './journey';

export function falBatchFormScenario(stage: EditorStage) {
	const step = journey(stage);
	const inputs = () => [...stage.fal.jobs.values()].map(({ input }) => input);

	step('a new Fal Batch says that a model draws its form', async (editor) => {
		stage.fal.reset();
		const { node, panel } = editor;
		await editor.openEmptyWorkflow();
		await panel.openOnEmptyCanvas();
		await panel.search('fal');
		await panel.choose('Fal Batch');
		await panel.choose('Run a batch of jobs');
		await node.chooseCredential(CREDENTIAL);
		await comesToMatch(() => node.formNotice(), /Choose a model/);
	});

	step('the list says what FLUX dev is, and what it costs', async ({ node }) => {
		await node.searchModels('FLUX.1 [dev]');
		await becomes(
			() => node.foundModels(),
			['FLUX.1 [dev] · text-to-image · $0.025 per image (fal-ai/flux/dev)'],
		);
	});

	step('its form shows what is required', async ({ node }) => {
		await node.chooseModelFromList('FLUX.1 [dev]');
		await eventually(async () => {
			const [first, ...others] = await node.formFields();
			assert.match(first ?? '', /^Prompt/);
			assert.deepEqual(others, []);
		});
	});

	step('it is filled in, and another field is added', async ({ node }) => {
		await node.typeIntoField('prompt', 'A lighthouse, in ink');
		await node.addField('Num Images');
		await node.typeIntoField('num_images', '2');
		await node.addField('Image Size');
		await node.chooseInField('image_size', 'portrait_4_3');
		await node.addField('Enable Safety Checker');
		await eventually(async () => assert.equal((await node.formFields()).length, 4));
	});

	step('Execute step sends what was filled in', async ({ node }) => {
		await node.executeStep();
		await becomes(() => node.outputBranches(), ['Completed Branch (1 item)', 'Failed Branch']);
		assert.deepEqual(inputs(), [
			{
				prompt: 'A lighthouse, in ink',
				num_images: 2,
				image_size: 'portrait_4_3',
				enable_safety_checker: true,
			},
		]);
	});

	step('another model has another form', async ({ node }) => {
		await node.searchModels('image-to-video');
		await node.chooseModelFromList('Kling 2.1 Standard');
		await eventually(async () => {
			const labels = await node.formFields();
			assert.equal(labels.length, 2);
			assert.match(labels[0]!, /^Prompt/);
			assert.match(labels[1]!, /^Image URL \(required, link, or by Files\)/);
		});
	});

	step('it is filled in, too', async ({ node }) => {
		await node.typeIntoField('prompt', 'The waves move');
		await node.typeIntoField('image_url', 'https://example.com/lighthouse.png');
		await node.addField('Duration');
		await node.chooseInField('duration', '10');
		await eventually(async () => assert.equal((await node.formFields()).length, 3));
	});

	step('Execute step sends that one', async ({ node }) => {
		await node.executeStep();
		await eventually(async () => assert.equal(inputs().length, 2), 60_000);
		assert.deepEqual(inputs()[1], {
			prompt: 'The waves move',
			image_url: 'https://example.com/lighthouse.png',
			duration: '10',
		});
		await comesToMatch(() => node.output(), /\.webp/);
	});

	step('an input that does not fit is refused before it is submitted', async ({ node }) => {
		await node.addField('Cfg Scale');
		await node.typeIntoField('cfg_scale', '7');
		await node.executeStep();
		await becomes(() => node.outputBranches(), ['Completed Branch', 'Failed Branch (1 item)']);
		await node.openBranch('Failed');
		await comesToMatch(() => node.output(), /"cfg_scale" is 7, but must be a number from 0 to 1/);
		assert.equal(inputs().length, 2);
	});

	step('a model that fal has no schema of says so, and takes JSON', async ({ node }) => {
		await node.chooseModelById('acme/unknown');
		await comesToMatch(() => node.formNotice(), /There is no form for acme\/unknown/);
	});
}
