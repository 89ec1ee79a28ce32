/** A model's queue API as OpenAPI, put together as fal does it (fal-queue.md 6). */
import type { Model } from './models';
import { object } from './schema';
import type { Schema } from './schema';

/** What a schema is once its objects live in `components` and are referred to. */
type Component = Omit<Schema, 'properties' | 'items' | 'anyOf'> & {
	properties?: Record<string, Component>;
	items?: Component;
	anyOf?: Component[];
	$ref?: string;
};

const QUEUE_STATUS = object(
	'QueueStatus',
	{
		status: { type: 'string', enum: ['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'] },
		request_id: { type: 'string' },
		response_url: { type: 'string' },
		status_url: { type: 'string' },
		cancel_url: { type: 'string' },
		// An array or null in truth; fal declares an object.
		logs: { type: 'object' },
		metrics: { type: 'object' },
		queue_position: { type: 'integer' },
	},
	['status', 'request_id'],
);

export function openapiOf(model: Model) {
	const schemas: Record<string, Component> = {};
	const inputName = model.input.title ?? 'Input';
	const input = referTo(inputName, model.input, schemas);
	const output = referTo(inputName.replace(/Input$/, 'Output'), model.output, schemas);
	const status = referTo('QueueStatus', QUEUE_STATUS, schemas);
	const request = `/${model.id}/requests/{request_id}`;
	const requestId = parameter('request_id', 'path', { type: 'string' });
	return {
		openapi: '3.0.4',
		info: {
			title: `Queue OpenAPI for ${model.id}`,
			version: '1.0.0',
			description: `The OpenAPI schema for the ${model.id} queue.`,
			'x-fal-metadata': {
				endpointId: model.id,
				category: model.category,
				playgroundUrl: `https://fal.ai/models/${model.id}`,
				documentationUrl: `https://fal.ai/models/${model.id}/api`,
			},
		},
		components: {
			securitySchemes: {
				apiKeyAuth: {
					type: 'apiKey',
					in: 'header',
					name: 'Authorization',
					description: 'Fal Key',
				},
			},
			schemas,
		},
		paths: {
			[`/${model.id}`]: {
				post: { requestBody: { required: true, ...json(input) }, responses: answer(status) },
			},
			[request]: { get: { parameters: [requestId], responses: answer(output) } },
			[`${request}/status`]: {
				get: {
					parameters: [requestId, parameter('logs', 'query', { type: 'number' })],
					responses: answer(status),
				},
			},
			[`${request}/cancel`]: {
				put: {
					parameters: [requestId],
					responses: answer({ type: 'object', properties: { success: { type: 'boolean' } } }),
				},
			},
		},
		servers: [{ url: 'https://queue.fal.run' }],
		security: [{ apiKeyAuth: [] }],
	};
}

const json = (schema: Component) => ({ content: { 'application/json': { schema } } });
const answer = (schema: Component) => ({
	'200': { description: 'The request status.', ...json(schema) },
});
const parameter = (name: string, place: 'path' | 'query', schema: Component) => ({
	name,
	in: place,
	required: place === 'path',
	schema,
});

/** Puts an object among the components, and the objects within it too. */
function referTo(name: string, schema: Schema, schemas: Record<string, Component>): Component {
	const { properties = {} } = schema;
	schemas[name] = {
		...schema,
		properties: Object.fromEntries(
			Object.entries(properties).map(([field, inner]) => [field, componentOf(inner, schemas)]),
		),
	};
	return { $ref: `#/components/schemas/${name}` };
}

function componentOf(schema: Schema, schemas: Record<string, Component>): Component {
	if (schema.properties && schema.title) return referTo(schema.title, schema, schemas);
	const { items, anyOf } = schema;
	return {
		...schema,
		properties: undefined,
		items: items && componentOf(items, schemas),
		anyOf: anyOf?.map((each) => componentOf(each, schemas)),
	};
}
