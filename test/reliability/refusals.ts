/**
 * Connections that were refused. A server that is gone can't count its callers, so they are counted
 * where they are made: Node tells of every socket that this process opens.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CHANNEL = 'net.client.socket';

type Refused = NodeJS.ErrnoException & { readonly port?: number };

/** Many cells of the matrix watch at once. With a listener for each of them, Node warns of a leak. */
const watches = new Set<(error: Refused) => void>();

/**
 * @param port where nobody listens, now or later
 * @param onRefusal told each time that a connection to it is refused
 * @returns ends the watch
 */
export function watchRefusals(port: number, onRefusal: () => void): () => void {
	const watch = (error: Refused) => {
		if (error.code === 'ECONNREFUSED' && error.port === port) onRefusal();
	};
	if (watches.size === 0) subscribe(CHANNEL, listenToSocket);
	watches.add(watch);
	return () => {
		watches.delete(watch);
		if (watches.size === 0) unsubscribe(CHANNEL, listenToSocket);
	};
}

function listenToSocket(message: unknown): void {
	const { socket } = message as { socket: Socket };
	socket.once('error', (error: Refused) => {
		for (const watch of [...watches]) watch(error);
	});
}
