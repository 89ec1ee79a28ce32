import { parseBaseUrl, routed } from '../../nodes/fal/hosts';

const STATUS = 'https://queue.fal.run/fal-ai/flux/requests/1/status?logs=1';

describe('where a request goes', () => {
	it.each([
		STATUS,
		'https://fal.run/fal-ai/flux',
		'https://rest.fal.ai/storage/upload/initiate',
		'https://api.fal.ai/v1/models?limit=50',
		'https://fal.ai/api/openapi/queue/openapi.json?endpoint_id=fal-ai%2Fflux%2Fdev',
	])('to fal itself without a Base URL: %s', (url) => {
		expect(routed(url, '')).toBe(url);
	});

	it('behind the Base URL, with the host it was for', () => {
		expect(routed(STATUS, 'http://localhost:4000')).toBe(
			'http://localhost:4000/queue.fal.run/fal-ai/flux/requests/1/status?logs=1',
		);
		expect(routed(STATUS, 'https://gateway.example.com/fal')).toBe(
			'https://gateway.example.com/fal/queue.fal.run/fal-ai/flux/requests/1/status?logs=1',
		);
	});

	it('keeps a webhook URL in the query as it was encoded', () => {
		const query = '?fal_webhook=https%3A%2F%2Fn8n.example.com%2Fwebhook%3Fa%3D1%26b%3D2';
		expect(routed(`https://queue.fal.run/a/b${query}`, 'http://localhost:4000')).toBe(
			`http://localhost:4000/queue.fal.run/a/b${query}`,
		);
	});

	// The API key goes with every request.
	it.each([
		'https://example.com/a/b',
		'https://queue.fal.run.example.com/a/b',
		'https://example.com/queue.fal.run/a/b',
		'https://queue.fal.run@example.com/a/b',
		'https://queue.fal.run:8443/a/b',
		'http://queue.fal.run/a/b',
		'https://v3.fal.media/files/a.png',
		'file:///etc/passwd',
	])('never to %s', (url) => {
		expect(() => routed(url, '')).toThrow("Not one of fal's addresses");
		expect(() => routed(url, 'http://localhost:4000')).toThrow("Not one of fal's addresses");
	});
});

describe('a Base URL', () => {
	it.each([
		['', ''],
		['   ', ''],
		['http://localhost:4000', 'http://localhost:4000'],
		[' https://gateway.example.com/fal/ ', 'https://gateway.example.com/fal'],
		['https://gateway.example.com///', 'https://gateway.example.com'],
		['http://[::1]:4000', 'http://[::1]:4000'],
	])('%j is %j', (value, baseUrl) => {
		expect(parseBaseUrl(value)).toEqual({ baseUrl });
	});

	it.each([
		['gateway.example.com', 'is not a URL'],
		['http://', 'is not a URL'],
		// This one is a URL: of the scheme "localhost".
		['localhost:4000', 'does not begin with https:// or http://'],
		['ftp://gateway.example.com', 'does not begin with https:// or http://'],
		['javascript:alert(1)', 'does not begin with https:// or http://'],
		['https://user@gateway.example.com', 'no user name, query or fragment'],
		['https://user:secret@gateway.example.com', 'no user name, query or fragment'],
		['https://gateway.example.com?x=1', 'no user name, query or fragment'],
		['https://gateway.example.com/#x', 'no user name, query or fragment'],
	])('%j can’t be one', (value, problem) => {
		expect(parseBaseUrl(value)).toEqual({ problem: expect.stringContaining(problem) });
	});

	// Known defect: the whole of each address becomes a query or a fragment, and goes to the root.
	it.each(['https://gateway.example.com/?', 'https://gateway.example.com/#'])(
		'%j can’t be one either, although its query or fragment is empty',
		(value) => {
			expect(parseBaseUrl(value)).toHaveProperty('problem');
		},
	);
});
