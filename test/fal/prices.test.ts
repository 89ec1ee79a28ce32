import { FalPrices } from '../../nodes/fal/prices';
import type { HttpOutcome, SendHttp } from '../../nodes/fal/http';
import { VirtualClock } from '../engine/virtualClock';
import { answer, fakeHttp } from './fakeHttp';

const price = (id: string, over: object = {}) => ({
	endpoint_id: id,
	unit_price: 0.025,
	unit: 'image',
	currency: 'USD',
	...over,
});
const list = (...prices: unknown[]) => answer(200, { prices, next_cursor: null, has_more: false });

function reader(send: SendHttp) {
	const clock = new VirtualClock();
	const prices = new FalPrices({ send, clock, random: () => 0.5 });
	return { prices, clock };
}

/** fal as far as prices go: it knows these models, and refuses a call with any other in it. */
function falThatKnows(known: ReadonlySet<string>) {
	const calls: string[][] = [];
	const send: SendHttp = async ({ url }): Promise<HttpOutcome> => {
		const ids = new URL(url).searchParams.getAll('endpoint_id');
		calls.push(ids);
		const unknown = ids.filter((id) => !known.has(id));
		if (unknown.length === 0) return list(...ids.map((id) => price(id)));
		return answer(404, { error: { type: 'not_found', message: `Endpoint not found: ${unknown}` } });
	};
	return { send, calls };
}

describe('unit prices', () => {
	it('asks for each model once, with the model in the query', async () => {
		const { send, requests } = fakeHttp(list(price('fal-ai/flux/dev')));
		const { prices } = reader(send);
		const { prices: read } = await prices.unitPrices(['fal-ai/flux/dev', 'fal-ai/flux/dev']);
		expect(requests).toMatchObject([
			{
				method: 'GET',
				url: 'https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai%2Fflux%2Fdev',
				survivesStop: false,
			},
		]);
		expect([...read]).toEqual([
			['fal-ai/flux/dev', { price: { unitPrice: 0.025, unit: 'image', currency: 'USD' } }],
		]);
	});

	it('asks for 50 models a call at the most', async () => {
		const ids = Array.from({ length: 120 }, (_, i) => `a/model-${i}`);
		const { send, calls } = falThatKnows(new Set(ids));
		const { prices } = await reader(send).prices.unitPrices(ids);
		expect(calls.map(({ length }) => length)).toEqual([50, 50, 20]);
		expect(prices.size).toBe(120);
	});

	it('finds the prices of the others when fal does not know one of them', async () => {
		const ids = Array.from({ length: 50 }, (_, i) => `a/model-${i}`);
		const { send, calls } = falThatKnows(new Set(ids.filter((id) => id !== 'a/model-17')));
		const { prices, failure } = await reader(send).prices.unitPrices(ids);
		expect(failure).toBeUndefined();
		expect(prices.size).toBe(49);
		expect(prices.has('a/model-17')).toBe(false);
		expect(calls.length).toBeLessThan(15);
	});

	it('ends after so many calls, whatever fal knows', async () => {
		const ids = Array.from({ length: 2_000 }, (_, i) => `a/model-${i}`);
		const { send, calls } = falThatKnows(new Set());
		await reader(send).prices.unitPrices(ids);
		expect(calls.length).toBeLessThanOrEqual(80);
	});

	it('asks again when fal is busy or away for a moment', async () => {
		const { send, requests } = fakeHttp(
			answer(429, { error: { type: 'rate_limited', message: 'Rate limit exceeded' } }),
			{ kind: 'lost', reason: 'reset' },
			list(price('a/b')),
		);
		const { prices, clock } = reader(send);
		const read = await clock.runUntil(prices.unitPrices(['a/b']));
		expect(requests).toHaveLength(3);
		expect(read.prices.size).toBe(1);
	});

	it('says in fal’s words why there are none, and does not ask again in vain', async () => {
		const said = { error: { type: 'authorization_error', message: 'A valid API key, please' } };
		const { send, requests } = fakeHttp(answer(401, said));
		const { failure } = await reader(send).prices.unitPrices(['a/b']);
		expect(failure).toMatchObject({ message: 'A valid API key, please', statusCode: 401 });
		expect(requests).toHaveLength(1);
	});

	it.each([
		['no price', price('a/b', { unit_price: null })],
		['a negative price', price('a/b', { unit_price: -1 })],
		['no unit', price('a/b', { unit: undefined })],
		['no currency', price('a/b', { currency: 7 })],
		['no id', price('a/b', { endpoint_id: null })],
		['text', 'a/b costs 5 cents'],
	])('leaves out an entry with %s', async (_, entry) => {
		const { prices } = await reader(fakeHttp(list(entry)).send).prices.unitPrices(['a/b']);
		expect(prices.size).toBe(0);
	});

	it('bears an answer that is no list', async () => {
		const { send } = fakeHttp(answer(200, 'Bad Gateway'));
		const { prices, clock } = reader(send);
		const { failure } = await clock.runUntil(prices.unitPrices(['a/b']));
		expect(failure).toMatchObject({ message: 'the answer is no list of prices' });
	});
});

describe('what a call has cost on average', () => {
	const known = new Map([['a/b', { price: { unitPrice: 0.28, unit: 'second', currency: 'USD' } }]]);
	const estimate = (over: object = {}) =>
		answer(200, {
			estimate_type: 'historical_api_price',
			total_cost: 1.4,
			currency: 'USD',
			...over,
		});

	it('is asked for one call of the model', async () => {
		const { send, requests } = fakeHttp(estimate());
		const all = await reader(send).prices.withHistory(known, ['a/b']);
		expect(all.get('a/b')).toMatchObject({ perCall: 1.4 });
		expect(requests).toMatchObject([
			{
				method: 'POST',
				url: 'https://api.fal.ai/v1/models/pricing/estimate',
				body: '{"estimate_type":"historical_api_price","endpoints":{"a/b":{"call_quantity":1}}}',
			},
		]);
	});

	it.each([
		['nothing', { total_cost: 0 }],
		['text', { total_cost: 'much' }],
		['another currency', { currency: 'EUR' }],
		['no currency', { currency: null }],
	])('is left out when it is %s', async (_, over) => {
		const all = await reader(fakeHttp(estimate(over)).send).prices.withHistory(known, ['a/b']);
		expect(all.get('a/b')).toEqual(known.get('a/b'));
	});

	it('is left out when fal does not know the model', async () => {
		const { send } = fakeHttp(answer(404, { error: { type: 'not_found', message: 'no' } }));
		const all = await reader(send).prices.withHistory(known, ['a/b']);
		expect(all.get('a/b')).toEqual(known.get('a/b'));
	});
});
