/** The credential test asks the same of the Base URL as the nodes do: the key goes to no address that they refuse. */
import { Workflow } from 'n8n-workflow';
import type { FalApi as Credential } from '../../credentials/FalApi.credentials';
import { parseBaseUrl } from '../../nodes/fal/hosts';
import { built, nodeTypesOf } from './engineStandIn';

const { FalApi } = built<{ FalApi: typeof Credential }>('credentials/FalApi.credentials.js');
const workflow = new Workflow({
	active: false,
	nodeTypes: nodeTypesOf({}),
	nodes: [],
	connections: {},
});

/** As n8n resolves it, before it sends the request. */
function addressFor(baseUrl: unknown): unknown {
	const { baseURL } = new FalApi().test.request;
	const node = {
		id: '1',
		name: 'Test',
		type: '',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	return workflow.expression.getSimpleParameterValue(node as never, baseURL, 'internal', {
		$credentials: { baseUrl },
	});
}

it.each(['', '  ', undefined])('%j is fal itself', (baseUrl) => {
	expect(addressFor(baseUrl)).toBe('https://api.fal.ai');
});

it.each([
	'https://gateway.example.com',
	'https://gateway.example.com/fal/',
	' http://127.0.0.1:8788 ',
	'https://gateway.example.com:8443/a/b@c',
	'HTTPS://Gateway.example.com',
	'http://[::1]:8788',
])('%j is taken, as the nodes take it', (baseUrl) => {
	const parsed = parseBaseUrl(baseUrl);
	expect(addressFor(baseUrl)).toBe('baseUrl' in parsed && `${parsed.baseUrl}/api.fal.ai`);
});

it.each([
	'my gateway',
	'gateway.example.com',
	'ftp://gateway.example.com',
	'https://',
	'https://user:password@gateway.example.com',
	'https://gateway.example.com?to=',
	'https://gateway.example.com/#',
	'https://gateway.example.com/a b?',
	'javascript:alert(1)',
])('%j is refused, as the nodes refuse it', (baseUrl) => {
	expect(parseBaseUrl(baseUrl)).toHaveProperty('problem');
	expect(addressFor(baseUrl)).toBe('');
});

describe('the key', () => {
	const asked = { url: 'https://queue.fal.run/', headers: { accept: 'application/json' } };

	it.each([
		['as it is', 'id:secret'],
		['pasted as the whole header', '  key  id:secret\n'],
	])('%s goes into one header, and leaves the others alone', async (_, apiKey) => {
		const sent = await new FalApi().authenticate({ apiKey }, asked);
		expect(sent).toEqual({
			url: 'https://queue.fal.run/',
			headers: { accept: 'application/json', Authorization: 'Key id:secret' },
		});
		expect(asked.headers).not.toHaveProperty('Authorization');
	});

	it('that is not there is none', async () => {
		const sent = await new FalApi().authenticate({}, { url: 'https://queue.fal.run/' });
		expect(sent.headers).toEqual({ Authorization: 'Key ' });
	});
});
