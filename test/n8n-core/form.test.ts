/** Fal Batch with the model's own form: as n8n's editor draws it, and as n8n's engine reads what was filled in. */
import { readdirSync, readFileSync } from 'node:fs';
import type {
	IDataObject,
	INode,
	INodeParameters,
	INodeType,
	ResourceMapperField,
	ResourceMapperFields,
} from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import type { FalBatch } from '../../nodes/FalBatch/FalBatch.node';
import { type LocalFal, startLocalFal } from '../local-fal';
import { built } from './engineStandIn';
import { NOWHERE } from './environment';
import { drawForm, type NodeRun, runNode } from './runNode';

const FLUX = 'fal-ai/flux/dev';
const KLING = 'fal-ai/kling-video/v2.1/standard/image-to-video';

let fal: LocalFal;
let flux: ResourceMapperFields;
beforeAll(async () => {
	fal = await startLocalFal({ speed: 100 });
	flux = await form(FLUX);
});
afterAll(async () => await fal.close());
beforeEach(() => {
	fal.reset();
	Object.assign(fal.options, { accountConcurrency: 40, latency: 0 });
});

const modelParameter = (value: string) => ({ __rl: true, mode: 'id', value });
const credential = () => ({ apiKey: 'local:key', baseUrl: fal.baseUrl });

async function form(model: string, rest: Partial<NodeRun> = {}) {
	return await drawForm({
		items: [],
		typeVersion: 1.1,
		parameters: { inputMode: 'fields', model: modelParameter(model) },
		credential: credential(),
		...rest,
	});
}

/** As the editor stores what was filled in. */
function filledIn(value: IDataObject, { fields }: ResourceMapperFields = flux) {
	return {
		mappingMode: 'defineBelow',
		value,
		matchingColumns: [],
		schema: fields,
	} as unknown as INodeParameters;
}

async function run(
	parameters: INodeParameters,
	items: IDataObject[] = [{}],
	rest: Partial<NodeRun> = {},
) {
	return await runNode({
		items,
		typeVersion: 1.1,
		parameters: {
			operation: 'submit',
			inputMode: 'fields',
			model: modelParameter(FLUX),
			input: undefined,
			...parameters,
		},
		credential: credential(),
		...rest,
	});
}

const inputs = () => [...fal.jobs.values()].map(({ input }) => input);
const schemaRequests = () => fal.calls.filter(({ kind }) => kind === 'openapi').length;
const messages = (failed: Array<{ json: IDataObject }>) =>
	failed.map(({ json }) => Object(json.error).message);

describe('the form', () => {
	it('has the fields of the model, in fal’s order, the required ones shown', () => {
		const shown = flux.fields.filter(({ display }) => display);
		expect(shown.map(({ id, type, required, removed }) => [id, type, required, removed])).toEqual([
			['prompt', 'string', true, false],
			['image_size', 'options', false, true],
			['num_inference_steps', 'number', false, true],
			['seed', 'number', false, true],
			['guidance_scale', 'number', false, true],
			['sync_mode', 'boolean', false, true],
			['num_images', 'number', false, true],
			['enable_safety_checker', 'boolean', false, true],
			['output_format', 'options', false, true],
			['acceleration', 'options', false, true],
		]);
		expect(shown[2]!.displayName).toBe('Num Inference Steps (1 to 50, default 28)');
	});

	// A switch sends what it shows. Nothing else has a value before it is filled in.
	it('begins a switch with fal’s default, and everything else with nothing', () => {
		const beginnings = flux.fields.flatMap(({ id, defaultValue }) =>
			defaultValue === undefined ? [] : [[id, defaultValue]],
		);
		expect(beginnings).toEqual([
			['sync_mode', false],
			['enable_safety_checker', true],
		]);
	});

	it('is another one for another model; a file may come from Files, and is not demanded', async () => {
		const { fields } = await form(KLING);
		expect(fields.find(({ id }) => id === 'image_url')).toMatchObject({
			displayName: expect.stringMatching(/^Image URL \(required, link, or by Files\)/),
			required: false,
			removed: false,
		});
	});

	it.each([
		['no model was chosen', '', /^Choose a model/],
		['the model is none', 'flux', /^Choose a model/],
		[
			'fal has no schema of it',
			'acme/unknown',
			/^There is no form for acme\/unknown: fal publishes none .* JSON below/,
		],
	])('is a notice where %s', async (_, model, notice) => {
		expect(await form(model)).toEqual({
			fields: [],
			emptyFieldsNotice: expect.stringMatching(notice),
		});
	});

	it('is a notice where fal can’t be reached, and says why', async () => {
		const nobody = { apiKey: 'x', baseUrl: NOWHERE };
		const { fields, emptyFieldsNotice } = await form(FLUX, { credential: nobody });
		expect(fields).toEqual([]);
		expect(emptyFieldsNotice).toMatch(/^There is no form for fal-ai\/flux\/dev: .*refused/);
	});

	// n8n drops the values of fields that are not there any more.
	it('stays as it was kept when fal can’t be reached', async () => {
		const again = await form(FLUX, {
			credential: { apiKey: 'x', baseUrl: NOWHERE },
			parameters: { model: modelParameter(FLUX), fields: filledIn({}) },
		});
		expect(again.fields).toEqual(flux.fields);
	});

	it('leaves a tool’s fields to the agent, with what the schema says about them', async () => {
		const { fields } = await form(FLUX, { asTool: true });
		expect(fields.find(({ id }) => id === 'prompt')?.defaultValue).toMatch(
			/^=\{\{ \/\*n8n-auto-generated-fromAI-override\*\/ \$fromAI\('prompt', `Prompt: The prompt to generate from`, 'string'\) \}\}$/,
		);
	});
});

describe('what was filled in', () => {
	it('is sent as the model asks for it, and nothing that was not set', async () => {
		const value = { prompt: '={{ $json.prompt }}', num_images: 2, output_format: 'png' };
		const { completed } = await run({ fields: filledIn(value) }, [
			{ prompt: 'a' },
			{ prompt: 'b' },
		]);
		expect(completed).toHaveLength(2);
		// Both are submitted at once: which one arrives first is chance.
		expect(new Set(inputs())).toEqual(
			new Set([
				{ prompt: 'a', num_images: 2, output_format: 'png' },
				{ prompt: 'b', num_images: 2, output_format: 'png' },
			]),
		);
		// The schema is in the node.
		expect(schemaRequests()).toBe(0);
	});

	// Each of these n8n changes, or refuses, by its own rules when a node reads the values by their name.
	it.each<[string, IDataObject, IDataObject]>([
		['an empty text is no 0', { num_images: '={{ "" }}', seed: '={{ $json.none }}' }, {}],
		['an empty switch is no mistake', { sync_mode: '={{ "" }}' }, {}],
		[
			'an object in a list of choices',
			{ image_size: '={{ { width: 512, height: 256 } }}' },
			{ image_size: { width: 512, height: 256 } },
		],
		['a number as text', { num_images: '={{ "2" }}' }, { num_images: 2 }],
		[
			'a switch as text',
			{ enable_safety_checker: '={{ "FALSE" }}' },
			{ enable_safety_checker: false },
		],
	])('goes through n8n unharmed: %s', async (_, value, expected) => {
		const { failed, completed } = await run({ fields: filledIn({ prompt: 'a', ...value }) });
		expect([messages(failed), completed.length]).toEqual([[], 1]);
		expect(inputs()).toEqual([{ prompt: 'a', ...expected }]);
	});

	it('a choice of digits as a number, and an address without https://', async () => {
		const kling = await form(KLING);
		const value = { prompt: 'a', image_url: '={{ "x.png" }}', duration: '={{ 5 }}' };
		await run({ model: modelParameter(KLING), fields: filledIn(value, kling) });
		expect(inputs()).toEqual([{ prompt: 'a', image_url: 'x.png', duration: '5' }]);
	});

	it('a seed keeps all its digits', async () => {
		await run({ fields: filledIn({ prompt: 'a', seed: '={{ "9007199254740993" }}' }) });
		const [job] = fal.jobs.values();
		expect(String(Object(job!.input).seed)).toBe('9007199254740993');
	});

	it('is taken over by Additional Fields, which may say what the form does not know', async () => {
		const additionalFields = '={{ { "num_images": 3, "negative_prompt": "", "seed": null } }}';
		const { hints } = await run({
			fields: filledIn({ prompt: 'a', num_images: 2 }),
			additionalFields,
		});
		expect(inputs()).toEqual([{ prompt: 'a', num_images: 3, negative_prompt: '', seed: null }]);
		expect(hints.join()).toContain(
			'sent all the same: "negative_prompt" (fal-ai/flux/dev) in 1 item.',
		);
	});

	it('fails alone where it does not fit, before anything is submitted', async () => {
		const value = { prompt: 'a', num_images: '={{ $json.count }}' };
		const { completed, failed } = await run({ fields: filledIn(value) }, [
			{ count: 1 },
			{ count: 7 },
			{ count: 'two' },
			{ count: 2 ** 60 },
		]);
		expect(completed).toHaveLength(1);
		expect(inputs()).toHaveLength(1);
		expect(failed[0]!.json).toMatchObject({
			model: FLUX,
			error: { type: 'invalid_input', outcome: 'not_submitted', retryable: false },
		});
		expect(messages(failed)).toEqual([
			'The Input does not fit fal-ai/flux/dev: "num_images" is 7, but must be a whole number from 1 to 4.',
			'The Input does not fit fal-ai/flux/dev: "num_images" is "two", but must be a whole number from 1 to 4.',
			expect.stringMatching(/"num_images" is 1152921504606847000, a number of which n8n keeps/),
		]);
	});

	it('fails where a required field came to nothing', async () => {
		const { failed } = await run({ fields: filledIn({ prompt: '={{ $json.promt }}' }) }, [
			{ prompt: 'a' },
		]);
		expect(messages(failed)).toEqual([
			'The Input does not fit fal-ai/flux/dev: "prompt" is missing: it must be text.',
		]);
	});

	it('is checked by fal’s schema where the node has none, in one request for all items', async () => {
		const value = { prompt: 'a', num_images: '={{ $json.count }}' };
		const { failed } = await run({ fields: filledIn(value, { fields: [] }) }, [
			{ count: '2' },
			{ count: 7 },
		]);
		expect(messages(failed)).toEqual([expect.stringContaining('"num_images" is 7')]);
		expect(inputs()).toEqual([{ prompt: 'a', num_images: 2 }]);
		expect(schemaRequests()).toBe(1);
	});

	it('is not checked by the schema of another model', async () => {
		const kling = await form(KLING);
		await run({ fields: filledIn({ prompt: 'a' }, kling) });
		expect(inputs()).toEqual([{ prompt: 'a' }]);
	});

	it('is filled in by an agent, where the node is its tool', async () => {
		const value = {
			prompt: '={{ /*n8n-auto-generated-fromAI-override*/ $fromAI("prompt", ``, "string") }}',
		};
		const { outputs } = await run({ fields: filledIn(value) }, [{ prompt: 'a fox' }], {
			asTool: true,
		});
		expect(outputs[0]![0]!.json).toMatchObject({ status: 'IN_QUEUE' });
		expect(inputs()).toEqual([{ prompt: 'a fox' }]);
	});
});

describe('Check Inputs First, of inputs that are JSON', () => {
	const json = (input: string, rest: INodeParameters = {}) => ({
		inputMode: 'json',
		input,
		...rest,
	});

	it('asks once for each model, and refuses what the model would', async () => {
		const items = [
			{ model: FLUX, input: { prompt: 'a' } },
			{ model: FLUX, input: { promt: 'b' } },
			{ model: KLING, input: { prompt: 'c' } },
			{ model: FLUX, input: { prompt: 'd', num_images: 9, x: 1 } },
		];
		const parameters = json('={{ $json.input }}', { model: modelParameter('={{ $json.model }}') });
		const { completed, failed, hints } = await run(parameters, items);
		expect(completed).toHaveLength(1);
		expect(messages(failed)).toEqual([
			expect.stringContaining('"prompt" is missing'),
			expect.stringContaining('"image_url" is missing'),
			expect.stringContaining('"num_images" is 9'),
		]);
		expect(inputs()).toEqual([{ prompt: 'a' }]);
		expect(schemaRequests()).toBe(2);
		expect(hints.join()).toMatch(
			/"promt" \(fal-ai\/flux\/dev\) in 1 item.*Requests: \d+ \(2 schema, 1 submit/,
		);
	});

	it('a model by expression has no form, whatever the mode is: its input is JSON', async () => {
		const parameters = {
			model: modelParameter('={{ $json.model }}'),
			input: '={{ { "prompt": $json.prompt } }}',
		};
		const { completed } = await run({ ...parameters, fields: filledIn({ prompt: 'no' }) }, [
			{ model: FLUX, prompt: 'yes' },
		]);
		expect(completed).toHaveLength(1);
		expect(inputs()).toEqual([{ prompt: 'yes' }]);
	});

	it.each([
		['has none', { call: 'openapi', answer: { status: 404, body: null } }],
		['is broken', { call: 'openapi', answer: { status: 500, body: { detail: 'no' } } }],
		['gives something else', { call: 'openapi', answer: { status: 200, body: { paths: 5 } } }],
		['breaks off', { call: 'openapi', answer: 'reset_before' }],
	] as const)('never stops a run: fal %s', async (_, fault) => {
		fal.schedule(fault as never);
		const { completed, hints } = await run(json('={{ { "prompt": "a", "num_images": 9 } }}'));
		// The model refuses it in its turn.
		expect(completed).toHaveLength(1);
		expect(inputs()).toHaveLength(1);
		expect(hints.join()).toMatch(/were not checked first, because its schema could not be had/);
		expect(schemaRequests()).toBe(1);
	});

	it('is turned off by its option, and off in workflows of version 1', async () => {
		const parameters = json('={{ { "prompt": "a", "num_images": 9 } }}');
		await run({ ...parameters, options: { checkInputsFirst: false } });
		await run(parameters, [{}], { typeVersion: 1 });
		expect([inputs().length, schemaRequests()]).toEqual([2, 0]);
		await run({ ...parameters, options: { checkInputsFirst: true } }, [{}], { typeVersion: 1 });
		expect([inputs().length, schemaRequests()]).toEqual([2, 1]);
	});
});

describe('workflows that were saved before there was a form', () => {
	const { description } = new (built<{ FalBatch: typeof FalBatch }>(
		'nodes/FalBatch/FalBatch.node.js',
	).FalBatch)() as INodeType;

	const saved = readdirSync('docs/workflows').flatMap((file) => {
		const { nodes } = JSON.parse(readFileSync(`docs/workflows/${file}`, 'utf8')) as {
			nodes: INode[];
		};
		const ours = nodes.filter(({ type }) => type === 'n8n-nodes-fal-queue.falBatch');
		return ours.map((node) => [file, node] as const);
	});

	it('are there', () => {
		expect(saved.length).toBeGreaterThanOrEqual(4);
	});

	it.each(saved)('%s: n8n shows and reads the Input as it was', (_, node) => {
		const shown = NodeHelpers.getNodeParameters(
			description.properties,
			node.parameters,
			true,
			false,
			node,
			description,
		)!;
		expect([node.typeVersion, shown.inputMode]).toEqual([1, 'json']);
		expect(shown.input).toBe(node.parameters.input ?? '={{ { "prompt": $json.prompt } }}');
		expect(shown).not.toHaveProperty('fields');
		expect(shown).not.toHaveProperty('additionalFields');
	});

	it('new nodes have the form', () => {
		const node = { typeVersion: description.defaultVersion! };
		const shown = NodeHelpers.getNodeParameters(
			description.properties,
			{},
			true,
			false,
			node as INode,
			description,
		)!;
		expect([node.typeVersion, shown.inputMode]).toEqual([1.1, 'fields']);
		expect(shown).toHaveProperty('fields');
		expect(shown).not.toHaveProperty('input');
	});
});

it('n8n keeps the schema among the fields, and shows it to nobody', () => {
	const hidden = flux.fields.filter(({ display }: ResourceMapperField) => !display);
	expect(hidden).toHaveLength(1);
	expect(JSON.stringify(hidden).length).toBeLessThan(5_000);
});
