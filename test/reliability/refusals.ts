/**
 * Connections that were refused. A server that is gone can't count its callers, so they are counted
 * where they are made: Node tells of every socket that this process opens.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CHANNEL = 'net.client.socket';

/**
 * @param port where nobody listens, now or later
 * @param onRefusal told each time that a connection to it is refused
 * @returns ends the watch
 */
export function watchRefusals(port: number, onRefusal: () => void): () => void {
	const watch = (message: unknown): void => {
		const { socket } = message as { socket: Socket };
		socket.once('error', (error: NodeJS.ErrnoException & { port?: number }) => {
			if (error.code === 'ECONNREFUSED' && error.port === port) onRefusal();
		});
	};
	subscribe(CHANNEL, watch);
	return () => unsubscribe(CHANNEL, watch);
}
