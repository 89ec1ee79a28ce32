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

	it('are fields that end in _url or _urls', () => {
		const output = {
			audio_url: 'https://x.example/a.mp3',
			mask_urls: ['https://x.example/1.png', 'https://x.example/2.png'],
			homepage: 'https://x.example/',
		};
		expect(urls(output)).toEqual([
			'https://x.example/a.mp3',
			'https://x.example/1.png',
			'https://x.example/2.png',
		]);
	});

	it('are bare addresses of fal’s media hosts, wherever they are', () => {
		const output = {
			images: ['https://v3b.fal.media/files/a.png', 'https://fal.media.evil.example/a'],
		};
		expect(urls(output)).toEqual(['https://v3b.fal.media/files/a.png']);
	});

	it('are data URIs, wherever they are', () => {
		const uri = 'data:image/png;base64,AAAA';
		expect(urls({ image: uri, images: [{ url: uri }], text: 'data: none' })).toEqual([uri]);
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
		['an address in a text', { prompt: 'see https://v3.fal.media/files/a.png' }],
		['nothing', null],
	])('are not: %s', (_, output) => {
		expect(findFiles(output)).toEqual([]);
	});

	it('end where the output holds itself', () => {
		const output: Record<string, unknown> = { a_url: 'https://x.example/a' };
		output.self = output;
		expect(urls(output)).toEqual(['https://x.example/a']);
	});
});
