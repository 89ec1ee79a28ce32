/**
 * What the form costs beside JSON: CPU per item for reading and checking inputs in n8n's engine. None of
 * them fits, so that none is submitted, and nothing else is measured.
 */
import type { INodeParameters } from 'n8n-workflow';
import { type LocalFal, startLocalFal } from '../local-fal';
import { howMany } from '../long';
import { drawForm, type NodeRun, runNode } from './runNode';

const ITEMS = howMany('ITEMS', { quick: 1_000, long: 10_000 });
const model = { __rl: true, mode: 'id', value: 'fal-ai/flux/dev' };

let fal: LocalFal;
beforeAll(async () => {
	fal = await startLocalFal();
});
afterAll(async () => await fal.close());

const node = (items: number, parameters: INodeParameters): NodeRun => ({
	items: Array.from({ length: items }, (_, index) => ({
		prompt: `prompt ${index}`,
		seed: index,
		count: 9,
	})),
	typeVersion: 1.1,
	parameters: { operation: 'submit', model, input: undefined, ...parameters },
	credential: { apiKey: 'local:key', baseUrl: fal.baseUrl },
});

/** Milliseconds for each item, the fixed cost of a run taken off. */
async function cpuPerItem(parameters: INodeParameters): Promise<number> {
	await cpuOf(node(500, parameters));
	const few = await cpuOf(node(1, parameters));
	return ((await cpuOf(node(ITEMS, parameters))) - few) / ITEMS;
}

async function cpuOf(run: NodeRun): Promise<number> {
	const began = process.cpuUsage();
	const { failed } = await runNode(run);
	const { user, system } = process.cpuUsage(began);
	expect(failed).toHaveLength(run.items.length);
	return (user + system) / 1_000;
}

it('Fields take no more than a few times the CPU of JSON', async () => {
	const { fields: schema } = await drawForm(node(0, { inputMode: 'fields' }));
	const value = {
		prompt: '={{ $json.prompt }}',
		image_size: 'square',
		seed: '={{ $json.seed }}',
		num_images: '={{ $json.count }}',
	};
	const fields = { mappingMode: 'defineBelow', value, matchingColumns: [], schema };
	const input =
		'={{ { prompt: $json.prompt, image_size: "square", seed: $json.seed, num_images: $json.count } }}';
	const inFields = await cpuPerItem({
		inputMode: 'fields',
		fields: fields as unknown as INodeParameters,
	});
	const asJson = await cpuPerItem({ inputMode: 'json', input });
	const unchecked = await cpuPerItem({
		inputMode: 'json',
		// No object: refused without a check.
		input:
			'={{ [{ prompt: $json.prompt, image_size: "square", seed: $json.seed, num_images: $json.count }] }}',
		options: { checkInputsFirst: false },
	});
	console.log(
		`CPU per item of ${ITEMS}: Fields (three expressions) ${inFields.toFixed(3)} ms, JSON (one) ${asJson.toFixed(3)} ms, JSON without the check ${unchecked.toFixed(3)} ms`,
	);
	expect(inFields).toBeLessThan(6 * asJson + 0.5);
});
