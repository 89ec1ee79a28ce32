/** The node as n8n's HTTP helper gets to see it, when a request is to leave with the key. */
import type { IAllExecuteFunctions, ICredentialDataDecryptedObject } from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import { CREDENTIAL_TYPE } from './credential';
import { n8nClock } from './n8nClock';

/**
 * Without the execution's cancel signal, which n8n puts on every request with a credential: a submit that is cut
 * off by it may have created a job whose ID is then lost, and a cancel could never be sent at all. And with the
 * credential for some seconds: else n8n reads it from its database, decrypts it and evaluates its fields for
 * each request. What is in it stays between n8n and the credential; it is not looked at here.
 */
export function senderOf(node: IAllExecuteFunctions): IAllExecuteFunctions {
	const known = senders.get(node);
	if (known) return known;
	const sender = Object.create(node, {
		getExecutionCancelSignal: { value: () => undefined },
		getCredentials: { value: keptForAWhile(node) },
	}) as IAllExecuteFunctions;
	senders.set(node, sender);
	return sender;
}

/** Looks and status streams of one execution share what was read. */
const senders = new WeakMap<IAllExecuteFunctions, IAllExecuteFunctions>();

/** Whoever changes the key while a batch runs wants it to be used. */
const KEPT_FOR = 10 * SECOND;

type Credential = Promise<ICredentialDataDecryptedObject>;

function keptForAWhile(node: IAllExecuteFunctions): () => Credential {
	let kept: { readonly credential: Credential; readonly until: number } | undefined;
	return async () => {
		if (kept && n8nClock.now() < kept.until) return await kept.credential;
		const credential = node.getCredentials(CREDENTIAL_TYPE);
		const reading = { credential, until: n8nClock.now() + KEPT_FOR };
		kept = reading;
		credential.catch(() => {
			// The next request tries again.
			if (kept === reading) kept = undefined;
		});
		return await credential;
	};
}
