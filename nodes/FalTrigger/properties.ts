/** The parameters of Fal Trigger, in the order of the panel. */
import type { INodeProperties } from 'n8n-workflow';

const howTo: INodeProperties = {
	displayName:
		'Give the Production URL above to <b>Fal Batch</b>, operation Submit, as Webhook URL. What you add to it as query parameters, such as <code>?row=7</code>, comes out as <code>correlation</code>. fal must be able to reach this n8n from the internet.',
	name: 'howTo',
	type: 'notice',
	default: '',
};

const userId: INodeProperties = {
	displayName: 'Account User ID',
	name: 'userId',
	type: 'string',
	default: '',
	placeholder: 'e.g. auth0|6543210fedcba',
	hint: 'Each item has it as user_id',
	description:
		'The fal account whose requests are taken. fal signs the callbacks of all its accounts: without it, anybody with an account who knows the URL can start this workflow with a result of theirs.',
};

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Model',
			name: 'model',
			type: 'string',
			default: '',
			placeholder: 'e.g. fal-ai/flux/dev',
			description:
				'Where the result is fetched when fal leaves it out of its callback. Not needed when the Webhook URL has a query parameter "model".',
		},
	],
};

export const properties: INodeProperties[] = [howTo, userId, options];
