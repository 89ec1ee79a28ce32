/**
 * `npx tsx test/fal/vectors/make.ts` writes openssl.json anew: callbacks signed by the `openssl` command,
 * so that the tests with them need none. (rfc8032.json is copied from RFC 8032, section 7.1.)
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { opensslVersion, signWithOpenssl } from '../openssl';
import { unsignedCallbacks } from './bodies';

async function make() {
	const callbacks = await signWithOpenssl(unsignedCallbacks);
	const vectors = {
		madeBy: await opensslVersion(),
		callbacks: callbacks.map((callback, index) => ({
			kind: unsignedCallbacks[index]?.kind,
			...callback,
		})),
	};
	writeFileSync(join(__dirname, 'openssl.json'), `${JSON.stringify(vectors, undefined, '\t')}\n`);
}

void make();
