/** The parameters of Fal Trigger, in the order of the panel. */
import type { INodeProperties } from 'n8n-workflow';

// n8n shows a notice as one paragraph, whatever tags are in it.
const howTo: INodeProperties = {
	displayName:
		'Give <b>Fal Batch</b>, operation Submit, one of the two Webhook URLs above as its Webhook URL. While you build, click “Execute step” and give the <b>Test URL</b>: it takes one callback for each click, and shows it here. After that, publish this workflow and give the <b>Production URL</b>: it takes every callback. What you add as query parameters, such as <code>?row=7</code>, comes out as <code>correlation</code>. fal must be able to reach this n8n from the internet.',
	name: 'howTo',
	type: 'notice',
	default: '',
};

/** fal signs for all its accounts: a genuine callback may still be a stranger's. */
const openToEverybody: INodeProperties = {
	displayName:
		'<b>Every fal account can start this workflow</b> as long as no Account User ID is given: whoever learns the URL can have fal call it with a result of theirs. Run one job of yours, copy <code>user_id</code> from its item, and put it below.',
	name: 'openToEverybody',
	type: 'notice',
	default: '',
	displayOptions: { show: { userId: [''] } },
};

const userId: INodeProperties = {
	displayName: 'Account User ID',
	name: 'userId',
	type: 'string',
	default: '',
	placeholder: 'e.g. auth0|6543210fedcba',
	hint: 'Each item has it as <code>user_id</code>',
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
				'The model from which to fetch the result when fal leaves it out of its callback. Not needed when the Webhook URL has a query parameter "model".',
		},
	],
};

export const properties: INodeProperties[] = [howTo, openToEverybody, userId, options];
