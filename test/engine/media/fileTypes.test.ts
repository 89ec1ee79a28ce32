import { readDataUri, shortAddress } from '../../../nodes/engine/media/dataUri';
import {
	endingOf,
	isPageInstead,
	nameOf,
	typeOf,
	typeOfName,
} from '../../../nodes/engine/media/fileTypes';

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
		[
			'what is a content type',
			{ url: at('a.png'), contentType: 'image/x y' },
			'-- image/gif',
			'image/png',
		],
		['without the blanks around it', { url: at('a') }, ' image/gif ; q=1', 'image/gif'],
		['by the last of its endings', { url: at('a.gif.png') }, undefined, 'image/png'],
		[
			'not by an ending in the middle',
			{ url: at('a.png.unheard') },
			undefined,
			'application/octet-stream',
		],
	])('is %s', (_, file, answered, type) => {
		expect(typeOf(file, answered)).toBe(type);
	});

	it('is wrong when a web page comes in the place of a picture', () => {
		expect(isPageInstead({ url: at('a.png') }, 'text/html; charset=utf-8')).toBe(true);
		expect(isPageInstead({ url: at('a.html') }, 'text/html')).toBe(false);
		expect(isPageInstead({ url: at('a') }, 'text/html')).toBe(false);
		expect(isPageInstead({ url: at('a.png') }, 'image/png')).toBe(false);
		expect(isPageInstead({ url: at('a'), contentType: 'image/png' }, 'text/html')).toBe(true);
		expect(isPageInstead({ url: at('a'), name: 'a.png' }, 'text/html')).toBe(true);
		expect(isPageInstead({ url: at('a'), contentType: 'text/html' }, 'text/html')).toBe(false);
	});

	// One a line: its usual ending, and others that it is known by.
	it.each([
		['image/png', 'png'],
		['image/jpeg', 'jpg jpeg'],
		['image/webp', 'webp'],
		['image/gif', 'gif'],
		['image/avif', 'avif'],
		['image/heic', 'heic'],
		['image/bmp', 'bmp'],
		['image/tiff', 'tiff tif'],
		['image/svg+xml', 'svg'],
		['image/x-exr', 'exr'],
		['video/mp4', 'mp4 m4v'],
		['video/webm', 'webm'],
		['video/quicktime', 'mov'],
		['video/x-matroska', 'mkv'],
		['audio/mpeg', 'mp3'],
		['audio/wav', 'wav'],
		['audio/ogg', 'ogg oga opus'],
		['audio/flac', 'flac'],
		['audio/aac', 'aac'],
		['audio/mp4', 'm4a'],
		['model/gltf-binary', 'glb'],
		['model/gltf+json', 'gltf'],
		['model/obj', 'obj'],
		['model/stl', 'stl'],
		['model/vnd.usdz+zip', 'usdz'],
		['application/x-ply', 'ply'],
		['application/x-fbx', 'fbx'],
		['application/zip', 'zip'],
		['application/gzip', 'gz'],
		['application/x-tar', 'tar'],
		['application/pdf', 'pdf'],
		['application/json', 'json'],
		['application/octet-stream', 'bin safetensors'],
		['text/plain', 'txt srt vtt'],
		['text/csv', 'csv'],
		['text/html', 'html htm'],
	])('%s and .%s belong together', (type, endings) => {
		const [usual, ...others] = endings.split(' ');
		expect(endingOf(type.toUpperCase())).toBe(usual);
		for (const ending of [usual, ...others]) expect(typeOfName(`a.b.${ending}`)).toBe(type);
	});

	it('of which nobody has heard has no ending', () => {
		expect(endingOf('model/unheard')).toBeUndefined();
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
		[
			'with the ending of its type',
			{ url: at('x'), name: 'fox.v1 final' },
			'image/png',
			'fox.v1 final.png',
		],
		['that of a plain http address', { url: 'http://127.0.0.1/fox.png' }, 'image/png', 'fox.png'],
		[
			'its place, in the text of a data URI',
			{ url: 'data:text/plain,see https://x/b.exe' },
			'text/plain',
			'file_3.txt',
		],
		['without blanks around it', { url: at('x'), name: ' fox.png ' }, 'image/png', 'fox.png'],
		['without an ending, where its type has none', { url: at('fox') }, 'model/unheard', 'fox'],
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
		expect(readDataUri('data:image/png; BASE64 ,aGk=')?.bytes.toString()).toBe('hi');
		expect(readDataUri('data:text/plain,a%20b')?.bytes.toString()).toBe('a b');
		expect(readDataUri('data:text/plain;charset=utf-8,aGk=')?.bytes.toString()).toBe('aGk=');
	});

	it.each(['data:image/png;base64', 'data:image/png;base64,', 'data:text/plain,%E0%A4%A'])(
		'is none: %s',
		(uri) => expect(readDataUri(uri)).toBeUndefined(),
	);

	it('is shown in short', () => {
		expect(shortAddress(`data:image/png;base64,${'A'.repeat(1000)}`).length).toBeLessThan(70);
		for (const whole of [
			'https://x.example/a',
			`https://x.example/${'a'.repeat(200)}`,
			'data:text/plain,hi',
		]) {
			expect(shortAddress(whole)).toBe(whole);
		}
	});
});
