import { findFiles } from '../../../nodes/engine/media/outputFiles';

const urls = (output: unknown) => findFiles(output).map(({ url }) => url);

describe('the files in an output', () => {
	it('are objects with a url, at any depth, in the order of the output', () => {
		const output = {
			images: [
				{
					url: 'https://v3.fal.media/files/a.png',
					width: 1024,
					height: 768,
					content_type: 'image/png',
				},
				{ url: 'https://v3.fal.media/files/b.png' },
			],
			video: {
				url: 'https://cdn.example.com/c',
				file_name: 'film.mp4',
				file_size: 12,
				content_type: null,
			},
			nested: { deep: { mesh: { url: 'https://v3.fal.media/files/d.glb' } } },
			seed: 5,
		};
		expect(findFiles(output)).toEqual([
			{
				url: 'https://v3.fal.media/files/a.png',
				width: 1024,
				height: 768,
				contentType: 'image/png',
			},
			{ url: 'https://v3.fal.media/files/b.png' },
			{ url: 'https://cdn.example.com/c', name: 'film.mp4', size: 12 },
			{ url: 'https://v3.fal.media/files/d.glb' },
		]);
	});

	it('are fields that end in _url or _urls, or are called so', () => {
		const output = {
			audio_url: 'https://x.example/a.mp3',
			mask_urls: ['http://127.0.0.1/1.png', 'https://x.example/2.png'],
			urls: ['https://x.example/3.png'],
			part: { url: ['https://x.example/4.png', 'https://x.example/5.png'] },
			homepage: 'https://x.example/',
			curls: 'https://x.example/hair',
			urls_of_docs: ['https://x.example/docs'],
		};
		expect(urls(output)).toEqual([
			'https://x.example/a.mp3',
			'http://127.0.0.1/1.png',
			'https://x.example/2.png',
			'https://x.example/3.png',
			'https://x.example/4.png',
			'https://x.example/5.png',
		]);
	});

	it('are bare addresses of fal’s media hosts, wherever they are', () => {
		const output = {
			images: [
				'https://v3b.fal.media/files/a.png',
				'https://fal.media/files/b.png',
				'https://fal.media.evil.example/a',
				'https://evil.example/https://v3.fal.media/a',
			],
		};
		expect(urls(output)).toEqual([
			'https://v3b.fal.media/files/a.png',
			'https://fal.media/files/b.png',
		]);
	});

	it('are data URIs, wherever they are', () => {
		const uri = 'data:image/png;base64,AAAA';
		expect(urls({ image: uri, text: 'data: none' })).toEqual([uri]);
		expect(urls({ images: [uri] })).toEqual([uri]);
		expect(urls({ images: [{ url: uri }] })).toEqual([uri]);
		expect(urls({ svg: 'data:image/svg+xml,<svg/>' })).toHaveLength(1);
	});

	it('come once, with what any place says of them', () => {
		const url = 'https://v3.fal.media/files/a.png';
		expect(findFiles({ image_url: url, image: { url, width: 5 } })).toEqual([{ url, width: 5 }]);
	});

	it.each([
		['text', 'https://v3 .fal.media/a'],
		['a relative address', { url: '/files/a.png' }],
		['a file of the machine', { url: 'file:///etc/passwd' }],
		['a script', { url: 'javascript:alert(1)' }],
		['a script with an address in it', { image_url: 'javascript:https://x.example/a' }],
		['an address in a text', { prompt: 'see https://v3.fal.media/files/a.png' }],
		['a data URI in a text', { prompt: 'see data:image/png;base64,AAAA' }],
		['a data URI without data', { image: 'data:image/png' }],
		['nothing', null],
	])('are not: %s', (_, output) => {
		expect(findFiles(output)).toEqual([]);
	});

	it('are described as far as the output does so', () => {
		const url = 'https://v3.fal.media/files/a.png';
		const empty = { content_type: '', file_name: '', file_size: 0, width: 0, height: 0 };
		expect(findFiles({ url, ...empty })).toStrictEqual([{ url, size: 0, width: 0, height: 0 }]);
		const wrong = { content_type: 5, file_name: 5, file_size: '12', width: -1, height: Infinity };
		expect(findFiles({ url, ...wrong })).toStrictEqual([{ url }]);
		expect(findFiles({ url, width: Number.NaN, height: true })).toStrictEqual([{ url }]);
	});

	it('are found to a depth of thirty, in objects and in lists', () => {
		const file = 'https://v3.fal.media/files/a.png';
		const inObjects = (depth: number) =>
			Array.from({ length: depth }).reduce((held) => ({ held }), file as unknown);
		const inLists = (depth: number) =>
			Array.from({ length: depth }).reduce((held) => [held], file as unknown);
		for (const within of [inObjects, inLists]) {
			expect(urls(within(30))).toEqual([file]);
			expect(urls(within(31))).toEqual([]);
		}
	});

	it('are a thousand at most', () => {
		const files = Array.from({ length: 1_500 }, (_, place) => `https://v3.fal.media/${place}.png`);
		expect(urls(files)).toEqual(files.slice(0, 1_000));
	});

	it('end where the output holds itself', () => {
		const output: Record<string, unknown> = { a_url: 'https://x.example/a' };
		output.self = output;
		expect(urls(output)).toEqual(['https://x.example/a']);
	});
});
