import { searchModels } from '../../nodes/fal/catalogue';
import { answer, fakeHttp } from './fakeHttp';

const flux = {
	endpoint_id: 'fal-ai/flux/dev',
	metadata: { display_name: 'FLUX.1 [dev]', category: 'text-to-image', status: 'active' },
};

describe('searching fal’s catalogue', () => {
	it('asks for models, a page at a time', async () => {
		const { send, requests } = fakeHttp(answer(200, { models: [] }));
		await searchModels(send, undefined, undefined);
		await searchModels(send, 'flux dev & more', 'page=2');
		expect(requests.map(({ url, method }) => `${method} ${url}`)).toEqual([
			'GET https://api.fal.ai/v1/models?limit=50',
			'GET https://api.fal.ai/v1/models?limit=50&q=flux+dev+%26+more&cursor=page%3D2',
		]);
	});

	it('gives the models, and where the next page begins', async () => {
		const { send } = fakeHttp(answer(200, { models: [flux], next_cursor: 'abc', has_more: true }));
		expect(await searchModels(send, undefined, undefined)).toEqual({
			models: [
				{
					id: 'fal-ai/flux/dev',
					name: 'FLUX.1 [dev]',
					category: 'text-to-image',
					isDeprecated: false,
				},
			],
			nextCursor: 'abc',
		});
	});

	it('says which are deprecated', async () => {
		const { metadata } = flux;
		const old = { ...flux, metadata: { ...metadata, status: 'deprecated' } };
		const { send } = fakeHttp(answer(200, { models: [flux, old] }));
		const { models } = await searchModels(send, undefined, undefined);
		expect(models.map(({ isDeprecated }) => isDeprecated)).toEqual([false, true]);
	});

	it.each([null, undefined, ''])('is at its end with the cursor %j', async (cursor) => {
		const { send } = fakeHttp(answer(200, { models: [], next_cursor: cursor }));
		expect(await searchModels(send, undefined, undefined)).toEqual({ models: [] });
	});

	it('does without names and categories, and leaves out what has no id', async () => {
		const models = [
			{ endpoint_id: 'a/b' },
			{ endpoint_id: 'a/c', metadata: { display_name: '', category: 5 } },
			{ metadata: { display_name: 'No id' } },
			'text',
			null,
		];
		const { send } = fakeHttp(answer(200, { models }));
		expect((await searchModels(send, undefined, undefined)).models).toEqual([
			{ id: 'a/b', name: 'a/b', category: '', isDeprecated: false },
			{ id: 'a/c', name: 'a/c', category: '', isDeprecated: false },
		]);
	});

	it.each([
		{
			what: 'fal’s own words',
			outcome: answer(401, { error: { type: 'unauthorized', message: 'Invalid API key' } }),
			says: 'Invalid API key',
		},
		{
			what: 'the status',
			outcome: answer(502, '<html>Bad Gateway</html>'),
			says: 'HTTP status 502',
		},
		{
			what: 'what the network did',
			outcome: { kind: 'unsent', reason: 'the host name is unknown' } as const,
			says: 'the host name is unknown',
		},
		{
			what: 'that the answer is too large',
			outcome: { kind: 'broken', status: 200, headers: {}, reason: 'too large' } as const,
			says: 'too large',
		},
		{
			what: 'that it is no list',
			outcome: answer(200, { models: 5 }),
			says: 'not a list of models',
		},
		{ what: 'that it is no JSON', outcome: answer(200, 'hello'), says: 'not a list of models' },
	])('throws with $what', async ({ outcome, says }) => {
		const { send } = fakeHttp(outcome);
		await expect(searchModels(send, undefined, undefined)).rejects.toThrow(says);
	});
});
