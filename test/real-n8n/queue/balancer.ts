/**
 * What stands before n8n's webhook processors: an address that gives each request to the next one of them, or
 * all callbacks about one request of fal's to the same one, as nginx does with
 * `hash $http_x_fal_webhook_request_id`.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
	readonly baseUrl: string;
	/** How it chooses; to be changed as one likes. */
	choice: 'in turn' | 'by fal’s request';
	close(): Promise<void>;
}

/** @param targets base URLs, which may change while it runs */
export async function startBalancer(targets: () => readonly string[]): Promise<Balancer> {
	let next = 0;
	const server = createServer((incoming, outgoing) => {
		const all = targets();
		const { [FAL_REQUEST]: falRequest } = incoming.headers;
		const isHashed = balancer.choice === 'by fal’s request' && typeof falRequest === 'string';
		const place = (isHashed ? numberOf(falRequest) : next++) % all.length;
		const upstream = request(`${all[place]}${incoming.url}`, {
			method: incoming.method,
			headers: incoming.headers,
		});
		upstream.on('response', (answer) => {
			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(outgoing);
		});
		upstream.on('error', () => {
			if (!outgoing.headersSent) outgoing.writeHead(502);
			outgoing.end();
		});
		incoming.pipe(upstream);
	});
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as AddressInfo;
	const balancer: Balancer = {
		baseUrl: `http://127.0.0.1:${port}`,
		choice: 'in turn',
		async close() {
			server.closeAllConnections();
			await once(server.close(), 'close');
		},
	};
	return balancer;
}

const FAL_REQUEST = 'x-fal-webhook-request-id';

const numberOf = (text: string) => createHash('md5').update(text).digest().readUInt32BE();
