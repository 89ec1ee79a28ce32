import fc from 'fast-check';
import { parseModelId, responseUrl } from '../../nodes/fal/modelId';
import { SEED } from '../long';

describe('a model is given by', () => {
	it.each([
		['fal-ai/flux', 'fal-ai/flux'],
		['fal-ai/flux/dev', 'fal-ai/flux/dev'],
		['fal-ai/kling-video/v1.6/pro/image-to-video', 'fal-ai/kling-video/v1.6/pro/image-to-video'],
		['minimax/h3-max/text-to-video', 'minimax/h3-max/text-to-video'],
		['workflows/octocat/my-flow', 'workflows/octocat/my-flow'],
		['comfy/octocat/my-flow', 'comfy/octocat/my-flow'],
		['  fal-ai/flux/dev \n', 'fal-ai/flux/dev'],
		['/fal-ai/flux/dev/', 'fal-ai/flux/dev'],
	])('its ID: %j', (given, id) => {
		expect(parseModelId(given)).toBe(id);
	});

	it.each([
		['https://fal.ai/models/fal-ai/flux/dev', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/api', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/playground', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/playground/', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/examples', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/requests', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev/llms.txt', 'fal-ai/flux/dev'],
		['https://fal.ai/models/fal-ai/flux/dev?share=1#api', 'fal-ai/flux/dev'],
		['https://www.fal.ai/models/fal-ai/flux', 'fal-ai/flux'],
		['http://fal.ai/models/fal-ai/flux', 'fal-ai/flux'],
		['HTTPS://FAL.AI/models/fal-ai/flux', 'fal-ai/flux'],
		['https://fal.ai/models/workflows/octocat/my-flow', 'workflows/octocat/my-flow'],
		['https://queue.fal.run/fal-ai/flux/dev', 'fal-ai/flux/dev'],
		['https://fal.run/fal-ai/flux/dev/', 'fal-ai/flux/dev'],
		['https://queue.fal.run/fal-ai/flux/dev?fal_webhook=x', 'fal-ai/flux/dev'],
	])('an address: %s', (given, id) => {
		expect(parseModelId(given)).toBe(id);
	});
});

describe('a model is not given by', () => {
	it.each([
		['', 'No model was chosen'],
		['   ', 'No model was chosen'],
		['flux', '"flux" is not a model ID'],
		['fal-ai/', '"fal-ai/" is not a model ID'],
		['fal-ai//flux', 'is not a model ID'],
		['fal-ai/flux dev', 'is not a model ID'],
		['fal-ai/flux/../../admin', 'is not a model ID'],
		['fal-ai/..', 'is not a model ID'],
		['fal-ai/.hidden', 'is not a model ID'],
		['fal-ai/flux?x=1', 'is not a model ID'],
		['fal-ai/flux#x', 'is not a model ID'],
		['fal-ai/flux%2fdev', 'is not a model ID'],
		['fal-ai\\flux', 'is not a model ID'],
		['fal-ai/flüx', 'is not a model ID'],
		['undefined', 'is not a model ID'],
		['[object Object]', 'is not a model ID'],
		// These two are namespaces: an owner and a name must follow.
		['workflows/octocat', 'is not a model ID'],
		['comfy/octocat', 'is not a model ID'],
		// The address of a request, not of a model.
		['fal-ai/flux/requests/764cabcf', 'is not a model ID'],
		['https://queue.fal.run/fal-ai/flux/requests/764cabcf/status', 'is not a model ID'],
		['https://fal.ai/models/fal-ai/flux/dev/requests/764cabcf', 'is not a model ID'],
		['https://fal.ai/pricing', 'is not the page of a model'],
		['https://fal.ai/models', 'is not the page of a model'],
		['https://fal.ai/models/', 'is not the page of a model'],
		['https://queue.fal.run/', 'is not the page of a model'],
		['https://fal.ai/models/flux', 'is not a model ID'],
		['https://fal.ai/models/fal-ai/fl%20ux', 'is not a model ID'],
		['https://example.com/models/fal-ai/flux', 'is not an address on fal.ai'],
		['https://fal.ai.example.com/models/fal-ai/flux', 'is not an address on fal.ai'],
		['https://notfal.ai/models/fal-ai/flux', 'is not an address on fal.ai'],
		['https://rest.fal.run/fal-ai/flux', 'is not an address on fal.ai'],
		['ftp://fal.ai/models/fal-ai/flux', 'is not an address on fal.ai'],
		['https://', 'is not a URL'],
	])('%j', (given, problem) => {
		expect(() => parseModelId(given)).toThrow(problem);
	});

	it('a very long text, of which the message shows the beginning', () => {
		const long = `fal-ai/${'x'.repeat(5_000)}`;
		expect(() => parseModelId(long)).toThrow(/^"fal-ai\/x{93}\.\.\." is not a model ID$/);
	});
});

// The ID becomes the path of an address to which the API key is sent.
it('what is accepted adds nothing to an address but path segments', () => {
	const character = fc.constantFrom(...'ab1-_./\\:?#@% \n~'.split(''));
	const text = fc.oneof(
		fc.string(),
		fc.array(character, { maxLength: 30 }).map((characters) => characters.join('')),
		fc.webUrl(),
	);
	const accept = (given: string) => {
		try {
			return parseModelId(given);
		} catch {
			return undefined;
		}
	};
	fc.assert(
		fc.property(text, (given) => {
			const id = accept(given) ?? 'fal-ai/flux';
			expect(new URL(`https://queue.fal.run/${id}`).href).toBe(`https://queue.fal.run/${id}`);
		}),
		{ numRuns: 5_000, seed: SEED },
	);
});

it.each([
	['fal-ai/flux/dev', 'https://queue.fal.run/fal-ai/flux/requests/r1'],
	['veed/subtitles', 'https://queue.fal.run/veed/subtitles/requests/r1'],
	['workflows/me/mine/path', 'https://queue.fal.run/workflows/me/mine/requests/r1'],
])('the result of a request to %s is below its app', (model, url) => {
	expect(responseUrl({ model, requestId: 'r1' })).toBe(url);
});
