/** Signatures that others made: the RFC of Ed25519, and the `openssl` command. */
import type { UnprovenCallback } from '../../nodes/fal/callback';
import { isSignedByAny, readKeySet } from '../../nodes/fal/callback';
import { KeySet } from '../../nodes/fal/keySet';
import { VirtualClock } from '../engine/virtualClock';
import { type OpensslCallback, opensslVersion, signWithOpenssl } from './openssl';
import { keyServer } from './keyServer';
import { unsignedCallbacks } from './vectors/bodies';
import kept from './vectors/openssl.json';
import rfc8032 from './vectors/rfc8032.json';

describe('the vectors of RFC 8032, section 7.1:', () => {
	const [otherKey] = readKeys(rfc8032.map(({ publicKey }) => publicKey).slice(0, 1));

	it.each(rfc8032)('$name is signed by its key', ({ publicKey, message, signature }) => {
		const keys = readKeys([publicKey]);
		expect(isSignedByAny(signedMessage(message, signature), keys)).toBe(true);
	});

	it.each(rfc8032)(
		'$name is not, with any bit of its signature changed',
		({ publicKey, message, signature }) => {
			const keys = readKeys([publicKey]);
			for (let bit = 0; bit < 512; bit++) {
				const changed = Buffer.from(signature, 'hex');
				changed[bit >> 3]! ^= 1 << (bit & 7);
				expect(isSignedByAny(signedMessage(message, changed.toString('hex')), keys)).toBe(false);
			}
		},
	);

	it.each(rfc8032)(
		'$name is not, with its message changed',
		({ publicKey, message, signature }) => {
			const keys = readKeys([publicKey]);
			expect(isSignedByAny(signedMessage(`${message}00`, signature), keys)).toBe(false);
		},
	);

	it.each(rfc8032.slice(1))(
		'$name is not signed by the key of TEST 1',
		({ message, signature }) => {
			expect(isSignedByAny(signedMessage(message, signature), [otherKey!])).toBe(false);
		},
	);
});

describe('callbacks signed by OpenSSL', () => {
	it(`(${kept.madeBy}, see vectors/make.ts) are genuine`, async () => {
		expect(await judgedKinds(kept.callbacks)).toEqual(Array(5).fill('genuine'));
	});

	it('and altered in one byte of the body are not', async () => {
		const callbacks = kept.callbacks.map(({ body, ...rest }) => ({ ...rest, body: `${body} ` }));
		expect(await judgedKinds(callbacks)).toEqual(Array(5).fill('forged'));
	});

	it('here and now, with a new key, are genuine, too', async () => {
		const version = await opensslVersion();
		if (!version) return process.stdout.write('no openssl command here: kept vectors only\n');
		const callbacks = await signWithOpenssl(unsignedCallbacks);
		expect(await judgedKinds(callbacks)).toEqual(Array(5).fill('genuine'));
		return process.stdout.write(`callbacks signed by ${version}: 5, all genuine\n`);
	});
});

/** Each at the time at which it says it was sent. */
async function judgedKinds(callbacks: readonly OpensslCallback[]): Promise<string[]> {
	return await Promise.all(
		callbacks.map(async ({ jwk, headers, body }) => {
			const sentAt = Number(headers['x-fal-webhook-timestamp']) * 1_000;
			const clock = Object.assign(new VirtualClock(), { now: () => sentAt });
			const { send } = keyServer(jwk);
			return (await new KeySet(clock).judge(headers, Buffer.from(body), send)).kind;
		}),
	);
}

function readKeys(publicKeys: readonly string[]) {
	const keys = publicKeys.map((key) => ({
		kty: 'OKP',
		crv: 'Ed25519',
		x: Buffer.from(key, 'hex').toString('base64url'),
	}));
	return readKeySet({ keys }) ?? [];
}

/** Only these two are looked at when a signature is verified. */
function signedMessage(message: string, signature: string): UnprovenCallback {
	return {
		requestId: '',
		userId: '',
		body: {},
		sentAt: 0,
		message: Buffer.from(message, 'hex'),
		signature: Buffer.from(signature, 'hex'),
	};
}
