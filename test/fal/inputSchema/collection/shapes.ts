/** Small words for writing schemas as fal's models publish them (pydantic writes them). */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Schema = { [keyword: string]: Json };

export interface Published {
	readonly id: string;
	readonly category: string;
	readonly input: Schema;
	/** Further schemas, by the names under which `ref` finds them. */
	readonly components?: Readonly<Record<string, Schema>>;
}

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const nullable = (...schemas: Schema[]): Schema => ({
	anyOf: [...schemas, { type: 'null' }],
});

/** Its fields in fal's order, which is the order in which they are written here. */
export const object = (
	title: string,
	properties: Record<string, Schema>,
	required: string[] = [],
): Schema => ({
	title,
	type: 'object',
	'x-fal-order-properties': Object.keys(properties),
	properties,
	...(required.length > 0 && { required }),
});

export const text = (title: string, more: Schema = {}): Schema => ({
	title,
	type: 'string',
	...more,
});
export const integer = (title: string, more: Schema = {}): Schema => ({
	title,
	type: 'integer',
	...more,
});
export const number = (title: string, more: Schema = {}): Schema => ({
	title,
	type: 'number',
	...more,
});
export const flag = (title: string, more: Schema = {}): Schema => ({
	title,
	type: 'boolean',
	...more,
});
export const choice = (title: string, choices: Json[], more: Schema = {}): Schema => ({
	title,
	type: typeof choices[0] === 'number' ? 'integer' : 'string',
	enum: choices,
	...more,
});
export const list = (title: string, items: Schema, more: Schema = {}): Schema => ({
	title,
	type: 'array',
	items,
	...more,
});

export const PROMPT = text('Prompt', {
	description: 'What is to be generated.',
	examples: ['A lighthouse on a cliff at dawn'],
});
export const SEED = {
	title: 'Seed',
	description: 'The same seed and the same prompt give the same result.',
	...nullable({ type: 'integer' }),
};
export const NEGATIVE = text('Negative Prompt', { default: '' });
export const SAFETY = flag('Enable Safety Checker', { default: true });
export const SYNC = flag('Sync Mode', {
	default: false,
	description: 'The media come within the answer, and are not kept in the history.',
});
export const imageUrl = (title = 'Image URL', more: Schema = {}): Schema =>
	text(title, { description: 'Where the image is.', ui: { field: 'image' }, ...more });

export const SIZES = [
	'square_hd',
	'square',
	'portrait_4_3',
	'portrait_16_9',
	'landscape_4_3',
	'landscape_16_9',
];

export const ImageSize = object('ImageSize', {
	width: integer('Width', { default: 512, maximum: 14142, exclusiveMinimum: 0 }),
	height: integer('Height', { default: 512, maximum: 14142, exclusiveMinimum: 0 }),
});

export const imageSize = (usual = 'landscape_4_3'): Schema => ({
	title: 'Image Size',
	description: 'The size of the generated image.',
	anyOf: [ref('ImageSize'), { type: 'string', enum: SIZES }],
	default: usual,
});

export const LoraWeight = object(
	'LoraWeight',
	{
		path: text('Path', { description: 'URL or name of the weights.' }),
		scale: number('Scale', { minimum: 0, maximum: 4, default: 1 }),
	},
	['path'],
);

/** The document that fal publishes for the model. */
export function documentOf({ id, category, input, components = {} }: Published) {
	const status = { 'application/json': { schema: ref('QueueStatus') } };
	const output = { 'application/json': { schema: ref('Output') } };
	return {
		openapi: '3.0.4',
		info: {
			title: `Queue OpenAPI for ${id}`,
			version: '1.0.0',
			'x-fal-metadata': { endpointId: id, category },
		},
		components: {
			schemas: {
				QueueStatus: { type: 'object', properties: { request_id: { type: 'string' } } },
				Output: { type: 'object', properties: { seed: { type: 'integer' } } },
				...components,
				ModelInput: input,
			},
		},
		paths: {
			[`/${id}/requests/{request_id}/status`]: {
				get: { responses: { '200': { content: status } } },
			},
			[`/${id}`]: {
				post: {
					requestBody: {
						required: true,
						content: { 'application/json': { schema: ref('ModelInput') } },
					},
					responses: { '200': { content: status } },
				},
			},
			[`/${id}/requests/{request_id}`]: { get: { responses: { '200': { content: output } } } },
		},
	};
}
