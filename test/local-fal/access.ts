/**
 * Who may call: API keys as fal checks them, and fal's words for those it turns away
 * (fal-queue.md 1.3, 3.1).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LocalFalOptions } from './options';

type Caller = 'known' | 'anonymous' | 'malformed' | 'unknown';

function callerOf(authorization: string | undefined, keys: readonly string[]): Caller {
	if (authorization === undefined) return 'anonymous';
	const key = keyIn(authorization);
	if (key === undefined || !key.includes(':')) return 'malformed';
	return keys.includes(key) ? 'known' : 'unknown';
}

/** The key in `Authorization: Key ...`; `Bearer` is not for keys. */
export function keyIn(authorization: string | undefined): string | undefined {
	return /^Key (\S+)$/.exec(authorization ?? '')?.[1];
}

/** Guards the routes of the queue, of direct calls and of uploads. */
export function requireKey(options: LocalFalOptions) {
	return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
		const caller = callerOf(request.headers.authorization, options.keys);
		switch (caller) {
			case 'known':
				return undefined;
			case 'anonymous':
				if (options.allowAnonymous) return undefined;
				return await reply.code(401).send({
					detail: `Cannot access application "${request.call.model ?? ''}". Authentication is required to access this application.`,
				});
			case 'malformed':
				return await reply.code(401).send({
					detail: "Invalid Key Authorization header format. Expected '<key_id>:<key_secret>'.",
				});
			case 'unknown':
				return await reply.code(401).send({ detail: 'No user found for Key ID and Secret' });
		}
	};
}

/** Guards the routes of the Platform API, which has its own shape of errors (section 6). */
export function requirePlatformKey(options: LocalFalOptions) {
	return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
		const caller = callerOf(request.headers.authorization, options.keys);
		if (caller === 'known') return undefined;
		return await reply
			.code(401)
			.send(platformError('authorization_error', 'Authentication required: a valid API key'));
	};
}

export function platformError(
	type: 'authorization_error' | 'validation_error' | 'not_found',
	message: string,
): { error: { type: string; message: string } } {
	return { error: { type, message } };
}
