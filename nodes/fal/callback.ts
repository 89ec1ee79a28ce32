/**
 * fal's callbacks: what one contains, and whether fal sent it. Not trusted until proven.
 *
 * Facts: https://fal.ai/docs/documentation/model-apis/inference/webhooks.md. fal signs with Ed25519 over
 * four lines: request id, user id, timestamp, and the SHA-256 of the raw body in hex.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { MINUTE, SECOND } from '../engine/clock';
import { isRecord } from '../engine/isRecord';
import { isRequestId } from './answers';
import { parseJson } from './json';

export interface Callback {
	readonly requestId: string;
	/** The account that submitted the job: fal signs for everybody's. */
	readonly userId: string;
	readonly body: Readonly<Record<string, unknown>>;
}

/** A callback as it came, well-formed but not proven. */
export interface UnprovenCallback extends Callback {
	readonly message: Buffer;
	readonly signature: Buffer;
	/** Milliseconds since the epoch. */
	readonly sentAt: number;
}

export type ReadCallback =
	| { readonly kind: 'callback'; readonly callback: UnprovenCallback }
	/** It is no callback of fal's at all. */
	| { readonly kind: 'malformed'; readonly reason: string };

/** fal's own window, both ways: clocks differ. */
const TIME_WINDOW = 5 * MINUTE;

/**
 * Reads a callback without believing it.
 *
 * @param headers as Node gives them, names in lower case
 * @param rawBody the bytes that came; a re-serialised body has another hash
 */
export function readCallback(
	headers: Readonly<Record<string, unknown>>,
	rawBody: Uint8Array,
): ReadCallback {
	const requestId = headers['x-fal-webhook-request-id'];
	const userId = headers['x-fal-webhook-user-id'];
	const timestamp = headers['x-fal-webhook-timestamp'];
	const signature = headers['x-fal-webhook-signature'];
	if (!isRequestId(requestId)) return malformed('the header X-Fal-Webhook-Request-Id is missing');
	if (!isHeaderText(userId)) return malformed('the header X-Fal-Webhook-User-Id is missing');
	if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) {
		return malformed('the header X-Fal-Webhook-Timestamp is not a number of seconds');
	}
	if (typeof signature !== 'string' || !/^[0-9a-f]{128}$/i.test(signature)) {
		return malformed('the header X-Fal-Webhook-Signature is not a signature in hex');
	}
	const body = parseJson(Buffer.from(rawBody).toString('utf8'))?.value;
	if (!isRecord(body)) return malformed('the body is not a JSON object');
	const hash = createHash('sha256').update(rawBody).digest('hex');
	return {
		kind: 'callback',
		callback: {
			requestId,
			userId,
			body,
			message: Buffer.from([requestId, userId, timestamp, hash].join('\n'), 'utf8'),
			signature: Buffer.from(signature, 'hex'),
			sentAt: Number(timestamp) * SECOND,
		},
	};
}

/** @returns why it can't be genuine, whatever its signature; nothing if there is no objection */
export function objectionTo(callback: UnprovenCallback, now: number): string | undefined {
	if (Math.abs(now - callback.sentAt) > TIME_WINDOW) return 'its timestamp is too far from now';
	if (callback.body.request_id !== callback.requestId) {
		return 'its body is about another request than its headers';
	}
	return undefined;
}

/** @returns whether one of the keys made the signature */
export function isSignedByAny(callback: UnprovenCallback, keys: readonly KeyObject[]): boolean {
	return keys.some((key) => verify(null, callback.message, key, callback.signature));
}

/**
 * Reads fal's key set (JWKS). Keys of other kinds are left out.
 *
 * @returns nothing when it is no key set, or has no key that could be used
 */
export function readKeySet(body: unknown): KeyObject[] | undefined {
	if (!isRecord(body) || !Array.isArray(body.keys)) return undefined;
	const keys = body.keys.filter(isRecord).flatMap(readKey);
	return keys.length > 0 ? keys : undefined;
}

function readKey({ kty, crv, x }: Record<string, unknown>): KeyObject[] {
	if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') return [];
	if (isOfSmallOrder(Buffer.from(x, 'base64url'))) return [];
	try {
		// fal's live key set has been seen with padding, which JWK does not have.
		const key = { kty, crv, x: x.replace(/=+$/, '') };
		return [createPublicKey({ format: 'jwk', key })];
	} catch {
		return [];
	}
}

/**
 * The points of small order on the curve, and two other ways to write some of them: with such a key anybody
 * can make up a signature that fits any message. Newer versions of OpenSSL refuse them, the one in Node 20
 * does not. The list is libsodium's (`ge25519_has_small_order`); the last bit is the sign of x, and is
 * ignored.
 */
const SMALL_ORDER = new Set([
	`00${'00'.repeat(30)}00`,
	`01${'00'.repeat(30)}00`,
	'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
	'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
	`ec${'ff'.repeat(30)}7f`,
	`ed${'ff'.repeat(30)}7f`,
	`ee${'ff'.repeat(30)}7f`,
]);

function isOfSmallOrder(key: Buffer): boolean {
	if (key.length !== 32) return false;
	const withoutSign = Buffer.from(key);
	withoutSign[31] = key[31]! & 0x7f;
	return SMALL_ORDER.has(withoutSign.toString('hex'));
}

function isHeaderText(value: unknown): value is string {
	return typeof value === 'string' && value !== '' && value.length <= 200 && !value.includes('\n');
}

function malformed(reason: string): ReadCallback {
	return { kind: 'malformed', reason };
}
