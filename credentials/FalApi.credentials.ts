import type {
	Icon,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

/** The account at fal that pays, and how to reach it. */
export class FalApi implements ICredentialType {
	name = 'falApi';

	displayName = 'Fal API';

	documentationUrl =
		'https://github.com/n8n-nodes-fal-queue/n8n-nodes-fal-queue/blob/main/docs/nodes/fal-api.md';

	icon: Icon = { light: 'file:fal.svg', dark: 'file:fal.dark.svg' };

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			placeholder: 'e.g. 1a2b3c4d-...:5e6f7a8b...',
			description:
				'Create one on <a href="https://fal.ai/dashboard/keys">fal.ai/dashboard/keys</a>. The scope "API" is enough.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://gateway.example.com/fal',
			description:
				'Leave empty to use fal itself. With a Base URL, every request to one of fal’s hosts, such as queue.fal.run, goes to that host’s name below it: for a gateway of your own, or the local fal for tests. The API key is sent there, too.',
		},
		{
			displayName: 'Max Concurrent Jobs',
			name: 'maxConcurrentJobs',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'The maximum number of jobs that all workflows together may have in flight with this credential, within one n8n process. Use the limit of your fal account. 0 means no limit. Jobs that Fal Batch only submits, and does not follow, are not counted.',
		},
	];

	/**
	 * The one place of ours that handles the key: n8n calls it for each request, with what it has decrypted. Not an
	 * expression: n8n would set up a world of its own to evaluate it, for each request again.
	 */
	async authenticate(
		{ apiKey }: ICredentialDataDecryptedObject,
		request: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		// People paste the whole header; "Key Key ..." would be refused.
		const key = String(apiKey ?? '')
			.trim()
			.replace(/^Key\s+/i, '');
		return { ...request, headers: { ...request.headers, Authorization: `Key ${key}` } };
	}

	/**
	 * Free, and refused without a valid key; a list of models would be given to anybody.
	 *
	 * The Base URL has to pass the same check as in the nodes (`parseBaseUrl`); otherwise the key would go to
	 * an address that the nodes refuse. Without an address n8n sends nothing, and says "Invalid URL".
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL:
				'={{ ((base) => base === "" ? "https://api.fal.ai" : /^https?:\\/\\/[^\\/?#@\\s]+(\\/[^?#\\s]*)?$/i.test(base) ? base + "/api.fal.ai" : "")(($credentials.baseUrl ?? "").trim().replace(/\\/+$/, "")) }}',
			url: '/v1/models/pricing',
			qs: { endpoint_id: 'fal-ai/flux/dev' },
		},
	};
}
