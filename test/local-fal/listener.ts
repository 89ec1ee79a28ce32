/**
 * Whether anybody listens on fal's port. When nobody does, a caller is refused (ECONNREFUSED), as by a
 * machine that is down: unlike a reset, that proves that nothing arrived.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How often, and how long apart in milliseconds, the port is asked back from who took it meanwhile. */
const CLAIM = { tries: 200, pause: 25 };

export class Listener {
	readonly #server: Server;
	readonly #address: AddressInfo;
	#keeper: Socket | undefined;

	constructor(server: Server) {
		this.#server = server;
		this.#address = server.address() as AddressInfo;
	}

	get port(): number {
		return this.#address.port;
	}

	/** Takes no new connection. Answers that are on their way still leave. */
	stopListening(): void {
		if (!this.#server.listening) return;
		this.#server.close();
		void this.#keepPort();
	}

	/** Gone at once: open connections die. */
	goDark(): void {
		this.stopListening();
		this.#server.closeAllConnections();
	}

	async comeBack(): Promise<void> {
		for (let tries = 1; !this.#server.listening; tries++) {
			this.releasePort();
			const { port, address: host } = this.#address;
			this.#server.listen({ port, host });
			// Rejects on an error event, of which the likely one is that the port is taken.
			await once(this.#server, 'listening').catch(async (error: Error) => {
				if (tries >= CLAIM.tries) throw error;
				await new Promise((resolve) => setTimeout(resolve, CLAIM.pause));
			});
		}
	}

	/** Nobody comes back. */
	releasePort(): void {
		this.#keeper?.resetAndDestroy();
		this.#keeper = undefined;
	}

	/**
	 * A port on which nobody listens is free for the next server that starts, and that would be called in the
	 * place of this one. As the near end of a connection it is taken, and still refuses whoever calls.
	 */
	async #keepPort(): Promise<void> {
		const { port: localPort, address: localAddress } = this.#address;
		const { port } = await farEnd();
		if (this.#server.listening) return;
		this.#keeper = connect({ port, host: localAddress, localPort, localAddress });
		// Taken already: then comeBack waits for it.
		this.#keeper.on('error', () => {});
		this.#keeper.unref();
	}
}

let far: Promise<AddressInfo> | undefined;

/** The far end of all connections that keep a port; nothing is said on them. */
function farEnd(): Promise<AddressInfo> {
	far ??= new Promise((resolve) => {
		const server = createServer((socket) => socket.on('error', () => {}).unref()).unref();
		server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo));
	});
	return far;
}
