import type { HttpOutcome } from '../../nodes/fal/http';
import { answer } from './fakeHttp';

/** A fal that gives out its keys, and counts how often it is asked. */
export function keyServer(...keys: unknown[]) {
	const server = {
		keys,
		asked: 0,
		/** What it answers instead, while it is in trouble. */
		trouble: undefined as HttpOutcome | undefined,
		send: async (): Promise<HttpOutcome> => {
			server.asked++;
			return server.trouble ?? answer(200, { keys: server.keys });
		},
	};
	return server;
}
