/** Callbacks as fal signs them, for tests of whoever has to tell them from forged ones. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface KeyPair {
	readonly privateKey: KeyObject;
	/** As it stands in a key set. */
	readonly jwk: Jwk;
}

export interface Jwk {
	readonly kty?: string;
	readonly crv?: string;
	readonly x?: string;
}

export interface RawCallback {
	/** As Node gives them, names in lower case. */
	readonly headers: Record<string, string>;
	readonly rawBody: Buffer;
}

export function keyPair(): KeyPair {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519');
	return { privateKey, jwk: publicKey.export({ format: 'jwk' }) };
}

interface Callback {
	readonly key: KeyObject;
	/** Milliseconds since the epoch. */
	readonly sentAt: number;
	readonly requestId?: string;
	/** The request that the body is about, if not the same. */
	readonly bodyRequestId?: string;
	readonly userId?: string;
	/** Instead of a completed job's. */
	readonly body?: string;
}

/** A completed job's callback, as fal signs it. */
export function signedCallback({
	key,
	sentAt,
	requestId = 'req-1',
	bodyRequestId = requestId,
	userId = 'user-1',
	body = `{"request_id":"${bodyRequestId}","status":"OK","payload":{"seed":196619188014358661}}`,
}: Callback): RawCallback {
	const rawBody = Buffer.from(body);
	const timestamp = String(Math.floor(sentAt / 1_000));
	const hash = createHash('sha256').update(rawBody).digest('hex');
	const message = Buffer.from([requestId, userId, timestamp, hash].join('\n'));
	const headers = {
		'x-fal-webhook-request-id': requestId,
		'x-fal-webhook-user-id': userId,
		'x-fal-webhook-timestamp': timestamp,
		'x-fal-webhook-signature': sign(null, message, key).toString('hex'),
	};
	return { headers, rawBody };
}
