import { mediaAddress } from '../../nodes/fal/mediaAddress';

const LOCAL = 'http://127.0.0.1:8788';

describe('the address of a file', () => {
	it.each([
		['fal’s own', 'https://v3.fal.media/files/a.png', '', 'https://v3.fal.media/files/a.png'],
		['anybody’s, by https', 'https://cdn.example.com/a?b=1', '', 'https://cdn.example.com/a?b=1'],
		[
			'fal’s, through the Base URL',
			'https://v3b.fal.media/a?b=1',
			LOCAL,
			`${LOCAL}/v3b.fal.media/a?b=1`,
		],
		[
			'anybody’s, past the Base URL',
			'https://cdn.example.com/a',
			LOCAL,
			'https://cdn.example.com/a',
		],
		[
			'behind the Base URL already',
			`${LOCAL}/v3.fal.media/files/a`,
			LOCAL,
			`${LOCAL}/v3.fal.media/files/a`,
		],
	])('is asked: %s', (_, url, baseUrl, address) => {
		expect(mediaAddress(url, baseUrl)).toBe(address);
	});

	it.each([
		['plain http', 'http://cdn.example.com/a', ''],
		['plain http, to fal', 'http://v3.fal.media/a', LOCAL],
		['another port of this machine', 'http://127.0.0.1:5678/v3.fal.media/a', LOCAL],
		['what else is behind the Base URL', `${LOCAL}/queue.fal.run/fal-ai/flux/requests/1`, LOCAL],
		['what else is behind it, by a detour', `${LOCAL}/v3.fal.media/../queue.fal.run/x`, LOCAL],
		['a user and a password', 'https://u:p@cdn.example.com/a', ''],
		['a file', 'file:///etc/passwd', ''],
		['no address', 'a.png', ''],
	])('is not asked: %s', (_, url, baseUrl) => {
		expect(mediaAddress(url, baseUrl)).toBeUndefined();
	});
});
