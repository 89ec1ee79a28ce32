/**
 * A second implementation of fal's signature: keys, hashes and signatures are made by the `openssl`
 * command, and nothing of ours or of Node's is involved.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Jwk } from '../callbacks/signedCallbacks';

export interface UnsignedCallback {
	readonly requestId: string;
	readonly userId: string;
	/** Seconds since the epoch, as the header has it. */
	readonly timestamp: number;
	readonly body: string;
}

export interface OpensslCallback {
	/** The public key of the one that signed. */
	readonly jwk: Jwk;
	readonly headers: Record<string, string>;
	readonly body: string;
}

const run = promisify(execFile);

/** @returns what `openssl version` says; nothing where there is none that signs with Ed25519 */
export async function opensslVersion(): Promise<string | undefined> {
	try {
		const { stdout } = await run('openssl', ['version']);
		// LibreSSL and OpenSSL 1 lack `pkeyutl -rawin`.
		return /^OpenSSL [3-9]/.test(stdout) ? stdout.trim() : undefined;
	} catch {
		return undefined;
	}
}

/** Signs all of them with one new key. */
export async function signWithOpenssl(
	callbacks: readonly UnsignedCallback[],
): Promise<OpensslCallback[]> {
	const folder = await mkdtemp(join(tmpdir(), 'fal-openssl-'));
	const openssl = async (...args: string[]) => (await run('openssl', args, { cwd: folder })).stdout;
	try {
		await openssl('genpkey', '-algorithm', 'ed25519', '-out', 'key.pem');
		await openssl('pkey', '-in', 'key.pem', '-pubout', '-outform', 'DER', '-out', 'public.der');
		// The last 32 bytes of the DER form are the key itself (RFC 8410, section 4).
		const x = (await readFile(join(folder, 'public.der'))).subarray(-32).toString('base64url');
		const signed: OpensslCallback[] = [];
		for (const { requestId, userId, timestamp, body } of callbacks) {
			await writeFile(join(folder, 'body'), body);
			const [hash] = (await openssl('dgst', '-sha256', '-r', 'body')).split(' ');
			await writeFile(join(folder, 'message'), [requestId, userId, timestamp, hash].join('\n'));
			const files = ['-inkey', 'key.pem', '-in', 'message', '-out', 'signature'];
			await openssl('pkeyutl', '-sign', '-rawin', ...files);
			signed.push({
				jwk: { kty: 'OKP', crv: 'Ed25519', x },
				headers: {
					'x-fal-webhook-request-id': requestId,
					'x-fal-webhook-user-id': userId,
					'x-fal-webhook-timestamp': String(timestamp),
					'x-fal-webhook-signature': (await readFile(join(folder, 'signature'))).toString('hex'),
				},
				body,
			});
		}
		return signed;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
