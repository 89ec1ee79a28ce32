/** The Fal API credential, as the nodes read it. The API key is not read: n8n adds it to requests. */
import { type IAllExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { parseBaseUrl } from '../fal/hosts';

export const CREDENTIAL_TYPE = 'falApi';

export interface FalAccount {
	/** Of the credential; its name where an old workflow knows no id. */
	readonly credentialId: string;
	/** Checked, without a slash at its end; empty for fal itself. */
	readonly baseUrl: string;
	/** 0 for no limit. */
	readonly maxConcurrentJobs: number;
}

/** @throws NodeOperationError if a field of the credential can't be used */
export async function readAccount(
	node: Pick<IAllExecuteFunctions, 'getCredentials' | 'getNode'>,
): Promise<FalAccount> {
	const fields = await node.getCredentials(CREDENTIAL_TYPE);
	const { id, name } = node.getNode().credentials?.[CREDENTIAL_TYPE] ?? {};
	const maxConcurrentJobs = Number(fields.maxConcurrentJobs ?? 0);
	if (!Number.isInteger(maxConcurrentJobs) || maxConcurrentJobs < 0) {
		throw new NodeOperationError(
			node.getNode(),
			'Max Concurrent Jobs of the Fal API credential must be a whole number from 0 up',
			{ description: 'Give the limit of your fal account there, or 0 for no limit.' },
		);
	}
	const base = parseBaseUrl(String(fields.baseUrl ?? ''));
	if ('problem' in base) {
		throw new NodeOperationError(
			node.getNode(),
			`The Base URL of the Fal API credential can’t be used: ${base.problem}`,
			{
				description:
					'Leave it empty to use fal itself, or give an address such as "https://gateway.example.com/fal".',
			},
		);
	}
	return { credentialId: id ?? name ?? '', baseUrl: base.baseUrl, maxConcurrentJobs };
}
