import type { IHttpRequestOptions } from 'n8n-workflow';
import { listModels, readModel } from '../../nodes/n8n/modelField';
import { fakeNode } from './fakeNode';

/** What the editor asks for, with fal answering as given. */
async function list(
	body: unknown,
	{ status = 200, asked = [] as IHttpRequestOptions[], filter = '', token = '' } = {},
) {
	const node = fakeNode({
		send: async (options) => {
			asked.push(options);
			return { statusCode: status, headers: {}, body: JSON.stringify(body) };
		},
	});
	return await listModels.call(node, filter, token);
}

const FLUX = {
	endpoint_id: 'fal-ai/flux/dev',
	metadata: { display_name: 'FLUX.1 [dev]', category: 'text-to-image' },
};

describe('the list of models', () => {
	it('shows name, ID and category, and links to the page of the model', async () => {
		expect(await list({ models: [FLUX] })).toEqual({
			results: [
				{
					name: 'FLUX.1 [dev] · text-to-image (fal-ai/flux/dev)',
					value: 'fal-ai/flux/dev',
					url: 'https://fal.ai/models/fal-ai/flux/dev',
					description: 'text-to-image',
				},
			],
		});
	});

	describe('with prices', () => {
		const PRICE = {
			endpoint_id: 'fal-ai/flux/dev',
			unit_price: 0.025,
			unit: 'images',
			currency: 'USD',
		};
		const old = { endpoint_id: 'fal-ai/old', metadata: { status: 'deprecated' } };

		async function names(status: number, prices: unknown, models: unknown = [FLUX, old]) {
			const asked: string[] = [];
			const node = fakeNode({
				send: async ({ url }) => {
					asked.push(url);
					const isPricing = url.includes('/pricing');
					const body = isPricing ? { prices } : { models };
					return { statusCode: isPricing ? status : 200, headers: {}, body: JSON.stringify(body) };
				},
			});
			const { results } = await listModels.call(node);
			return { asked, names: results.map(({ name }) => name) };
		}

		it('of those that fal gave a price for, asked for in one call', async () => {
			const { asked, names: shown } = await names(200, [PRICE]);
			expect(shown).toEqual([
				'FLUX.1 [dev] · text-to-image · $0.025 per image (fal-ai/flux/dev)',
				'fal-ai/old · deprecated',
			]);
			expect(asked.slice(1)).toEqual([
				'https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai%2Fflux%2Fdev&endpoint_id=fal-ai%2Fold',
			]);
		});

		it('in other currencies', async () => {
			const { names: shown } = await names(200, [{ ...PRICE, currency: 'EUR' }]);
			expect(shown[0]).toMatch(/ · 0\.025 EUR per image \(/);
		});

		// What fal does not say is not made up.
		it.each([
			['fal knows one of them not', 404, [PRICE]],
			['fal is away', 503, [PRICE]],
			['the answer is none', 200, 'x'],
			[
				'the entries are none',
				200,
				[null, { ...PRICE, unit_price: '0.1' }, { ...PRICE, unit: 5 }, { ...PRICE, currency: '' }],
			],
		])('is without them where %s', async (_, status, prices) => {
			const { names: shown } = await names(status, prices);
			expect(shown).toEqual([
				'FLUX.1 [dev] · text-to-image (fal-ai/flux/dev)',
				'fal-ai/old · deprecated',
			]);
		});

		it('asks for none where there are no models', async () => {
			expect((await names(200, [], [])).asked).toHaveLength(1);
		});
	});

	it('shows a model without a name by its ID, once', async () => {
		const { results } = await list({ models: [{ endpoint_id: 'fal-ai/new' }] });
		expect(results).toMatchObject([{ name: 'fal-ai/new', value: 'fal-ai/new', description: '' }]);
	});

	it('asks fal for what the user typed, and for the page after the last one', async () => {
		const asked: IHttpRequestOptions[] = [];
		await list({ models: [] }, { asked, filter: 'flux dev', token: 'page 2' });
		const { searchParams, origin, pathname } = new URL(asked[0]!.url);
		expect(`${origin}${pathname}`).toBe('https://api.fal.ai/v1/models');
		expect(Object.fromEntries(searchParams)).toMatchObject({ q: 'flux dev', cursor: 'page 2' });
	});

	it('tells the editor where the next page begins', async () => {
		const page = await list({ models: [FLUX], next_cursor: 'page 2' });
		expect(page.paginationToken).toBe('page 2');
	});

	it.each([
		['fal refuses', { detail: 'Invalid API key' }, 401, /could not be loaded: .*Invalid API key/],
		['the answer is none', { nothing: true }, 200, /could not be loaded: the answer is not a list/],
	])('says what to do when %s', async (_, body, status, message) => {
		await expect(list(body, { status })).rejects.toMatchObject({
			message: expect.stringMatching(message),
			description: 'Check the Fal API credential, or choose the model by its ID.',
		});
	});

	it('says so when fal can’t be reached', async () => {
		const send = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
		await expect(listModels.call(fakeNode({ send }))).rejects.toThrow(
			'fal’s list of models could not be loaded: the host name is unknown',
		);
	});

	it('goes through the Base URL of the credential', async () => {
		const asked: IHttpRequestOptions[] = [];
		const node = fakeNode({
			credential: { baseUrl: 'https://gateway.example.com/fal/' },
			send: async (options) => {
				asked.push(options);
				return { statusCode: 200, headers: {}, body: '{"models":[]}' };
			},
		});
		await listModels.call(node);
		expect(asked[0]!.url).toMatch(
			/^https:\/\/gateway\.example\.com\/fal\/api\.fal\.ai\/v1\/models/,
		);
	});
});

describe('the model of an item', () => {
	const read = (model: unknown) => readModel(fakeNode({ parameters: [{ model }] }), 0);

	it.each([
		['an ID', 'fal-ai/flux/dev'],
		['the address of its page', 'https://fal.ai/models/fal-ai/flux/dev/api'],
	])('is read from %s', (_, value) => {
		expect(read(value)).toBe('fal-ai/flux/dev');
	});

	it.each([undefined, null, '', '  '])('was not chosen: %j', (value) => {
		expect(() => read(value)).toThrow('No model was chosen');
	});

	it('that is none is refused, and shown', () => {
		expect(() => read('flux')).toThrow('"flux" is not a model ID');
	});
});
