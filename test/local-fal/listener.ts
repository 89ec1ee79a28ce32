/**
 * Whether anybody listens on fal's port. When nobody does, a caller is refused (ECONNREFUSED), as by a
 * machine that is down: unlike a reset, that proves that nothing arrived.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How often, and how long apart in milliseconds, the port is asked back from who took it meanwhile. */
const CLAIM = { tries: 200, pause: 25 };

export class Listener {
	readonly #server: Server;
	readonly #address: AddressInfo;

	constructor(server: Server) {
		this.#server = server;
		this.#address = server.address() as AddressInfo;
	}

	get port(): number {
		return this.#address.port;
	}

	/** Takes no new connection. Answers that are on their way still leave. */
	stopListening(): void {
		if (this.#server.listening) this.#server.close();
	}

	/** Gone at once: open connections die. */
	goDark(): void {
		this.stopListening();
		this.#server.closeAllConnections();
	}

	async comeBack(): Promise<void> {
		for (let tries = 1; !this.#server.listening; tries++) {
			const { port, address: host } = this.#address;
			this.#server.listen({ port, host });
			// Rejects on an error event, of which the likely one is that the port is taken.
			await once(this.#server, 'listening').catch(async (error: Error) => {
				if (tries >= CLAIM.tries) throw error;
				await new Promise((resolve) => setTimeout(resolve, CLAIM.pause));
			});
		}
	}
}
