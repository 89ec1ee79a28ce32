import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

/** The account at fal that pays, and how to reach it. */
export class FalApi implements ICredentialType {
	name = 'falApi';

	displayName = 'Fal API';

	documentationUrl = 'https://github.com/n8n-nodes-fal-queue/n8n-nodes-fal-queue#credential';

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
				'Leave empty to use fal itself. With a Base URL, every request for a host of fal’s, such as queue.fal.run, goes to that host’s name below it: a gateway of yours, or the local fal for tests. The API key is sent there, too.',
		},
		{
			displayName: 'Max Concurrent Jobs',
			name: 'maxConcurrentJobs',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'The most jobs that all workflows together may have in flight with this credential, within one n8n process. Use the limit of your fal account. 0 for no limit.',
		},
	];

	// People paste the whole header; "Key Key ..." would be refused.
	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: {
			headers: {
				Authorization: '=Key {{$credentials.apiKey.trim().replace(/^Key\\s+/i, "")}}',
			},
		},
	};

	/** Free, and refused without a good key; a list of models would be given to anybody. */
	test: ICredentialTestRequest = {
		request: {
			baseURL:
				'={{$credentials.baseUrl ? $credentials.baseUrl.trim().replace(/\\/+$/, "") + "/api.fal.ai" : "https://api.fal.ai"}}',
			url: '/v1/models/pricing',
			qs: { endpoint_id: 'fal-ai/flux/dev' },
		},
	};
}
