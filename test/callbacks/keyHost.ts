/** A Base URL behind which there is nothing of fal but its key set, for callbacks that a test signs itself. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Jwk } from './signedCallbacks';

export interface KeyHost {
	readonly baseUrl: string;
	/** How often the key set was asked for. */
	readonly asked: number;
	/** What it answers now. */
	answer: { readonly status: number; readonly body: string };
	close(): Promise<void>;
}

export async function startKeyHost(...keys: Jwk[]): Promise<KeyHost> {
	let asked = 0;
	const server = createServer((_request, response) => {
		asked++;
		response.writeHead(host.answer.status).end(host.answer.body);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const host = {
		baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		get asked() {
			return asked;
		},
		answer: { status: 200, body: JSON.stringify({ keys }) },
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
	return host;
}
