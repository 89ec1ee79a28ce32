/** Free ports on 127.0.0.1. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Gives the preferred port if nobody listens there, else one that the system picks. */
export async function freePort(preferred = 0): Promise<number> {
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
