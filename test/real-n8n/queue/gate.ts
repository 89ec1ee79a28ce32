/** A gate before a TCP server: closed, it is to its clients as if the server were being restarted. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Gate {
	readonly port: number;
	/** Open connections die, new ones are refused, until {@link Gate.open}. */
	close(): Promise<void>;
	open(): Promise<void>;
}

export async function openGate(target: { host: string; port: number }): Promise<Gate> {
	const sockets = new Set<Socket>();
	const keep = (socket: Socket) => {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		// One end hung up; the other one hears of it by its own close.
		socket.on('error', () => {});
	};
	const server = createServer((client) => {
		const upstream = connect(target);
		for (const socket of [client, upstream]) {
			keep(socket);
			socket.setNoDelay();
		}
		client.pipe(upstream).pipe(client);
		client.on('close', () => upstream.destroy());
		upstream.on('close', () => client.destroy());
	});
	const listen = async (port: number) => {
		await once(server.listen(port, '127.0.0.1'), 'listening');
	};
	await listen(0);
	const { port } = server.address() as AddressInfo;
	return {
		port,
		async close() {
			const closed = once(server.close(), 'close');
			for (const socket of sockets) socket.destroy();
			await closed;
		},
		open: async () => await listen(port),
	};
}
