import { byContent, contentName, identityOfContent } from '../../../nodes/engine/media/contentName';
import {
	filesIn,
	InputFile,
	placeFiles,
	withAddresses,
} from '../../../nodes/engine/media/inputFiles';
import { canonicalJson, parseInputJson } from '../../../nodes/fal/json';

const file = (name: string) => new InputFile(name, 'image/png', undefined);
const [a, b, c] = [file('a'), file('b'), file('c')] as const;

describe('files in an input', () => {
	it.each([
		['one field', {}, [['image_url', a]], { image_url: a }],
		['beside others', { prompt: 'x' }, [['image_url', a]], { prompt: 'x', image_url: a }],
		['in the place of a text', { image_url: '' }, [['image_url', a]], { image_url: a }],
		['several make a list', {}, [['image_url', a, b]], { image_url: [a, b] }],
		[
			'the same field twice',
			{},
			[
				['images', a],
				['images', b],
			],
			{ images: [a, b] },
		],
		['a list by its name', {}, [['image_urls', a]], { image_urls: [a] }],
		['a list that is there', { x: ['https://x/1'] }, [['x', a]], { x: ['https://x/1', a] }],
		['a nested field', { e: { y: 1 } }, [['e.image_url', a]], { e: { y: 1, image_url: a } }],
		['a new place', {}, [['elements.0.image_url', a]], { elements: [{ image_url: a }] }],
		[
			'places of a list, one after the other',
			{ elements: [{ y: 1 }] },
			[
				['elements.0.image_url', a],
				['elements.1.image_url', b],
				['elements.1.more_urls', c],
			],
			{
				elements: [
					{ y: 1, image_url: a },
					{ image_url: b, more_urls: [c] },
				],
			},
		],
		['where there was nothing', { e: null }, [['e.image_url', a]], { e: { image_url: a } }],
		['a list called urls', {}, [['urls', a]], { urls: [a] }],
		['a field that only sounds like a list', {}, [['urls_of', a]], { urls_of: a }],
		['a field with a number for its name', { e: { y: 1 } }, [['e.0', a]], { e: { y: 1, 0: a } }],
		[
			'fields with digits in their names',
			{},
			[
				['e.v1', a],
				['f.1st', a],
			],
			{ e: { v1: a }, f: { '1st': a } },
		],
	])('fill %s', (_, input, rows, expected) => {
		const before = JSON.stringify(input);
		const wishes = (rows as unknown[][]).map(([path, ...files]) => ({
			path: String(path),
			files: files as InputFile[],
		}));
		expect(placeFiles(input, wishes)).toEqual(expected);
		expect(JSON.stringify(input)).toBe(before);
	});

	it.each([
		['__proto__.polluted', {}],
		['a.constructor.b', {}],
		['a..b', {}],
		['', {}],
		['prompt.image_url', { prompt: 'text' }],
		['elements.5.image_url', { elements: [] }],
		['elements.999999999.image_url', {}],
		['elements.first', { elements: [] }],
	])('can’t be put at "%s"', (path, input) => {
		expect(() => placeFiles(input, [{ path, files: [a] }])).toThrow(/"/);
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
	});

	it('are found, and become addresses, while all else stays to the digit', () => {
		const { value } = parseInputJson('{"seed":196619188014358661,"list":[1,null,true]}')!;
		const input = placeFiles(value as object as Record<string, unknown>, [
			{ path: 'image_urls', files: [a, b] },
			{ path: 'deep.0.image_url', files: [a] },
		]);
		expect(filesIn(input)).toEqual([a, b, a]);
		const ready = withAddresses(input, ({ name }) => `https://x/${name}`);
		expect(ready).toMatchObject({
			image_urls: ['https://x/a', 'https://x/b'],
			deep: [{ image_url: 'https://x/a' }],
			list: [1, null, true],
		});
		const when = new Date(0);
		expect(withAddresses({ when, of: [when] }, String)).toEqual({ when, of: [when] });
		expect((ready as { seed: unknown }).seed).toBe((value as { seed: unknown }).seed);
	});
});

describe('the identity of an uploaded file', () => {
	const sha256 = 'ab'.repeat(32);
	const name = contentName(sha256, 'png');

	it('tells its content', () => {
		expect(identityOfContent(sha256)).toContain(sha256);
	});

	it.each([
		`https://v3b.fal.media/files/b/0a1b/${name}`,
		`https://v3.fal.media/files/penguin/Xy12_${name}`,
		`http://127.0.0.1:8788/v3.fal.media/files/1/${name}?x=1`,
	])('is its content: %s', (url) => {
		expect(byContent(url)).toBe(identityOfContent(sha256));
	});

	it.each([name, `see https://x/${name} there`, 'https://x/fal-queue-12.png', 'fal-queue-'])(
		'is no file’s: %s',
		(text) => expect(byContent(text)).toBe(text),
	);

	it('is the same before it is uploaded and wherever it was put', () => {
		const before = new InputFile('fox.png', 'image/png', undefined);
		before.content = { sha256, size: 5 };
		const one = canonicalJson({ prompt: 'x', image_url: before });
		expect(canonicalJson({ image_url: `https://v3.fal.media/1/${name}`, prompt: 'x' })).toBe(one);
		expect(canonicalJson({ image_url: `https://v3.fal.media/2/${name}`, prompt: 'x' })).toBe(one);
		expect(canonicalJson({ image_url: 'https://v3.fal.media/2/other.png', prompt: 'x' })).not.toBe(
			one,
		);
	});
});
