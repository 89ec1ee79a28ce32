/** Free ports on 127.0.0.1. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * Below those that systems give to connections and to servers that want any: n8n listens only seconds after this
 * look, and until then one of those could have it.
 */
const FIRST = 20_000;
const COUNT = 10_000;

const anyPort = () => FIRST + Math.floor(Math.random() * COUNT);

/** Gives the preferred port if nobody listens there, else another one. */
export async function freePort(preferred = anyPort()): Promise<number> {
	const server = createServer().listen(preferred, '127.0.0.1');
	try {
		await once(server, 'listening');
	} catch {
		return await freePort();
	}
	const { port } = server.address() as AddressInfo;
	await once(server.close(), 'close');
	return port;
}
