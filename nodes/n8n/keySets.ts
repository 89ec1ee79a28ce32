/** fal's public keys, one set for all nodes and executions of this n8n process that use the same fal. */
import { KeySet } from '../fal/keySet';
import { n8nClock } from './n8nClock';

const keySets = new Map<string, KeySet>();

/** @param baseUrl of the credential: a gateway, or the local fal, has keys of its own */
export function keySetOf(baseUrl: string): KeySet {
	const known = keySets.get(baseUrl) ?? new KeySet(n8nClock);
	keySets.set(baseUrl, known);
	return known;
}
