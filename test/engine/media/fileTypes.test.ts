import { readDataUri, shortAddress } from '../../../nodes/engine/media/dataUri';
import { isPageInstead, nameOf, typeOf } from '../../../nodes/engine/media/fileTypes';

const at = (path: string) => `https://v3.fal.media/files/${path}`;

describe('the type of a file', () => {
	it.each([
		[
			'what the output says',
			{ url: at('a.bin'), contentType: 'image/WEBP' },
			'image/png',
			'image/webp',
		],
		['what the answer says', { url: at('a') }, 'image/png; charset=binary', 'image/png'],
		[
			'by its ending, where the server knows nothing',
			{ url: at('a.glb') },
			'application/octet-stream',
			'model/gltf-binary',
		],
		['by the ending of its own name', { url: at('a'), name: 'x.MP4' }, undefined, 'video/mp4'],
		[
			'what a server says who knows nothing, where nobody knows better',
			{ url: at('a') },
			'text/plain',
			'text/plain',
		],
		['bytes, where nobody says anything', { url: at('a') }, 'nonsense', 'application/octet-stream'],
	])('is %s', (_, file, answered, type) => {
		expect(typeOf(file, answered)).toBe(type);
	});

	it('is wrong when a web page comes in the place of a picture', () => {
		expect(isPageInstead({ url: at('a.png') }, 'text/html; charset=utf-8')).toBe(true);
		expect(isPageInstead({ url: at('a.html') }, 'text/html')).toBe(false);
		expect(isPageInstead({ url: at('a') }, 'text/html')).toBe(false);
		expect(isPageInstead({ url: at('a.png') }, 'image/png')).toBe(false);
	});
});

describe('the name of a file', () => {
	it.each([
		['its own', { url: at('x.png'), name: 'fox.png' }, 'image/png', 'fox.png'],
		['that of its address', { url: at('penguin/fox%20one.png?x=1') }, 'image/png', 'fox one.png'],
		['with the ending of its type', { url: at('penguin/fox') }, 'video/mp4', 'fox.mp4'],
		['its place, where it has none', { url: 'https://x.example/' }, 'image/jpeg', 'file_3.jpg'],
		[
			'its place, in a data URI',
			{ url: 'data:image/png;base64,AA/b.exe' },
			'image/png',
			'file_3.png',
		],
		['without a path', { url: at('x'), name: '../../etc/passwd' }, 'text/plain', 'passwd.txt'],
		['without a path of Windows', { url: at('x'), name: 'C:\\a\\b.png' }, 'image/png', 'b.png'],
		['nothing but dots is none', { url: at('..%2f..'), name: '..' }, 'image/png', 'file_3.png'],
		[
			'without what a disk can’t bear',
			{ url: at('x'), name: 'a\u0000b:c?.png' },
			'image/png',
			'abc.png',
		],
		[
			'as it is, where the address can’t be read',
			{ url: at('%E0%A4%A.png') },
			'image/png',
			'%E0%A4%A.png',
		],
	])('is %s', (_, file, type, name) => {
		expect(nameOf(file, type, 2)).toBe(name);
	});

	it('is not longer than a disk can bear, and keeps its ending', () => {
		const name = nameOf({ url: at('x'), name: `${'x'.repeat(500)}.png` }, 'image/png', 0);
		expect(name).toMatch(/^x+\.png$/);
		expect(name.length).toBeLessThanOrEqual(120);
	});
});

describe('a data URI', () => {
	it('is bytes and a type', () => {
		expect(readDataUri('data:image/png;base64,aGk=')).toEqual({
			contentType: 'image/png',
			bytes: Buffer.from('hi'),
		});
		expect(readDataUri('data:text/plain,a%20b')?.bytes.toString()).toBe('a b');
	});

	it.each(['data:image/png;base64', 'data:image/png;base64,', 'data:text/plain,%E0%A4%A'])(
		'is none: %s',
		(uri) => expect(readDataUri(uri)).toBeUndefined(),
	);

	it('is shown in short', () => {
		expect(shortAddress(`data:image/png;base64,${'A'.repeat(1000)}`).length).toBeLessThan(70);
		expect(shortAddress('https://x.example/a')).toBe('https://x.example/a');
	});
});
