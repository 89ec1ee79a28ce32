/** `api.fal.ai/v1` and the OpenAPI documents of `fal.ai` (fal-queue.md 6). */
import type { FastifyInstance } from 'fastify';
import { platformError, requirePlatformKey } from '../access';
import { billsOf, estimateOf } from '../billing';
import type { Fal, JsonBody } from '../fal';
import { historyItem, historyOf } from '../history';
import type { HistoryStatus } from '../history';
import { findModel, MODELS } from '../models';
import type { Model } from '../models';
import { openapiOf } from '../openapi';

/** Some of the addresses in the spec's own example (5.4). */
const WEBHOOK_IP_RANGES = ['34.123.59.101/32', '34.135.41.243/32', '35.239.83.87/32'];

const DAY = 86_400_000;
const HISTORY_STATUSES: readonly string[] = ['success', 'error', 'user_error'];

/** A query parameter that may be repeated, or list its values with commas. */
type Many = string | string[] | undefined;

interface ModelsRoute {
	Querystring: {
		q?: string;
		category?: string;
		status?: string;
		endpoint_id?: Many;
		expand?: Many;
		limit?: string;
		cursor?: string;
	};
}

interface HistoryRoute {
	Querystring: {
		endpoint_id?: Many;
		start?: string;
		end?: string;
		status?: string;
		request_id?: string;
		sort_by?: string;
		expand?: Many;
		limit?: string;
		cursor?: string;
	};
}

export async function platformRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	const preHandler = requirePlatformKey(fal.options);

	server.get<ModelsRoute>('/models', { config: { kind: 'models' } }, ({ query }) => {
		const ids = listed(query.endpoint_id);
		const words = query.q?.toLowerCase() ?? '';
		const withOpenapi = listed(query.expand).includes('openapi-3.0');
		const found = MODELS.filter((model) => ids.length === 0 || ids.includes(model.id))
			.filter((model) => query.category === undefined || model.category === query.category)
			.filter((model) => query.status === undefined || statusOf(model) === query.status)
			.filter(({ id, displayName, description }) =>
				`${id} ${displayName} ${description}`.toLowerCase().includes(words),
			)
			.map((model) => ({
				endpoint_id: model.id,
				metadata: metadataOf(model),
				...(withOpenapi && { openapi: openapiOf(model) }),
			}));
		return page('models', found, query, 50);
	});

	server.get<{ Querystring: { endpoint_id?: Many } }>(
		'/models/pricing',
		{ config: { kind: 'pricing' }, preHandler },
		({ query }, reply) => {
			const ids = listed(query.endpoint_id);
			if (ids.length < 1 || ids.length > 50) {
				const message = 'endpoint_id: between 1 and 50 ids are required';
				return reply.code(400).send(platformError('validation_error', message));
			}
			const unknown = ids.filter((id) => !findModel(id));
			if (unknown.length > 0) {
				const message = `Endpoint not found: ${unknown.join(', ')}`;
				return reply.code(404).send(platformError('not_found', message));
			}
			const prices = MODELS.filter((model) => ids.includes(model.id)).map((model) => ({
				endpoint_id: model.id,
				unit_price: model.unitPrice,
				unit: model.unit,
				currency: 'USD',
			}));
			return reply.send({ prices, next_cursor: null, has_more: false });
		},
	);

	server.post<{ Body: JsonBody }>(
		'/models/pricing/estimate',
		{ config: { kind: 'estimate' }, preHandler },
		({ body }, reply) => {
			const estimate = estimateOf(body.value);
			switch (estimate.kind) {
				case 'invalid':
					return reply.code(400).send(platformError('validation_error', estimate.message));
				case 'unknown': {
					const message = `Endpoint not found: ${estimate.models.join(', ')}`;
					return reply.code(404).send(platformError('not_found', message));
				}
				case 'estimated': {
					const { type, total } = estimate;
					return reply.send({ estimate_type: type, total_cost: total, currency: 'USD' });
				}
			}
		},
	);

	server.get<{ Querystring: { request_id?: string; limit?: string; cursor?: string } }>(
		'/models/billing-events',
		{ config: { kind: 'billing' }, preHandler },
		({ query }) => {
			const bills = billsOf(fal.queue.jobs.values(), fal.options);
			const events = bills
				.filter(({ requestId }) => !query.request_id || requestId === query.request_id)
				.map(({ requestId, model, units, unitPrice, nanos }) => ({
					request_id: requestId,
					endpoint_id: model,
					output_units: units,
					unit_price: unitPrice,
					percent_discount: 0,
					cost_subtotal: nanos / 1e9,
					cost_discount: 0,
					cost_total: nanos / 1e9,
					cost_estimate_nano_usd: nanos,
				}));
			return page('billing_events', events, query, 50);
		},
	);

	server.get<HistoryRoute>(
		'/models/requests/by-endpoint',
		{ config: { kind: 'history' }, preHandler },
		({ query }, reply) => {
			const endpointIds = listed(query.endpoint_id);
			if (endpointIds.length < 1 || endpointIds.length > 50) {
				const message = 'endpoint_id: between 1 and 50 ids are required';
				return reply.code(400).send(platformError('validation_error', message));
			}
			// The last 24 hours, or 90 days for one request.
			const reach = query.request_id === undefined ? DAY : 90 * DAY;
			const start = query.start === undefined ? Date.now() - reach : Date.parse(query.start);
			const end = query.end === undefined ? Infinity : Date.parse(query.end);
			if (Number.isNaN(start) || Number.isNaN(end)) {
				const message = 'start and end must be dates in ISO 8601';
				return reply.code(400).send(platformError('validation_error', message));
			}
			const { historyDelay, historyShows } = fal.options;
			const entries = historyOf(fal.queue.jobs.values(), {
				endpointIds,
				start,
				end,
				status: isHistoryStatus(query.status) ? query.status : undefined,
				requestId: query.request_id,
				sortBy: query.sort_by === 'duration' ? 'duration' : 'ended_at',
				asOf: fal.clock.later(Date.now(), -historyDelay),
				showsOpen: historyShows === 'all',
			});
			const withPayloads = listed(query.expand).includes('payloads');
			const { items, ...paging } = page('items', entries, query, 50);
			return reply.send({
				items: items.map((entry) => historyItem(entry, withPayloads)),
				...paging,
			});
		},
	);

	server.get('/meta', { config: { kind: 'meta' } }, () => ({
		webhook_ip_ranges: WEBHOOK_IP_RANGES,
	}));
}

export async function catalogueRoutes(server: FastifyInstance): Promise<void> {
	server.get<{ Querystring: { endpoint_id?: string } }>(
		'/api/openapi/queue/openapi.json',
		{ config: { kind: 'openapi' } },
		({ query }, reply) => {
			const model = findModel(query.endpoint_id ?? '');
			// An unknown id: the JSON value null, with 404.
			if (!model) return reply.code(404).type('application/json').send('null');
			return reply.send(openapiOf(model));
		},
	);
}

const statusOf = ({ isDeprecated }: Model) => (isDeprecated ? 'deprecated' : 'active');

function metadataOf(model: Model) {
	return {
		display_name: model.displayName,
		category: model.category,
		description: model.description,
		status: statusOf(model),
		tags: [],
		updated_at: '2026-11-01T00:00:00Z',
		is_favorited: null,
		thumbnail_url: `https://v3.fal.media/files/thumbnails/${model.id}.jpg`,
		model_url: `https://fal.run/${model.id}`,
		date: '2026-01-01T00:00:00Z',
		highlighted: false,
		pinned: false,
		kind: 'inference',
		duration_estimate: model.time / 60_000,
	};
}

/**
 * One page, and the cursor for the next. fal's cursor is "encoding the page number" (its spec's example,
 * `Mg==`, is 2): whatever comes in front between two pages makes the next one begin with old news.
 */
function page<Name extends string, Item>(
	name: Name,
	all: readonly Item[],
	{ limit, cursor }: { limit?: string; cursor?: string },
	usualLimit: number,
) {
	const number = Number(cursor && Buffer.from(cursor, 'base64').toString()) || 1;
	const size = Math.min(Math.max(Number(limit) || usualLimit, 1), 100);
	const has_more = number * size < all.length;
	return {
		...({ [name]: all.slice((number - 1) * size, number * size) } as Record<Name, Item[]>),
		next_cursor: has_more ? Buffer.from(String(number + 1)).toString('base64') : null,
		has_more,
	};
}

function listed(many: Many): string[] {
	return [many ?? []]
		.flat()
		.flatMap((each) => each.split(','))
		.filter(Boolean);
}

function isHistoryStatus(status: string | undefined): status is HistoryStatus {
	return HISTORY_STATUSES.includes(status ?? '');
}
