/** The parameters of Fal Queue Status, in the order of the panel. */
import type { INodeProperties } from 'n8n-workflow';
import { includeLogsField, maxPollIntervalField, minPollIntervalField } from '../n8n/watchFields';

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'wait',
	options: [
		{
			name: 'Cancel',
			value: 'cancel',
			action: 'Cancel requests',
			description: 'Ask fal to cancel each request',
		},
		{
			name: 'Check',
			value: 'check',
			action: 'Check requests once',
			description: 'Look once at each request, and give the results of those that are done',
		},
		{
			name: 'Wait',
			value: 'wait',
			action: 'Wait until requests are done',
			description: 'Look until all requests are done, and give their results',
		},
		{
			name: 'Wait for Webhooks',
			value: 'waitForWebhooks',
			action: 'Wait for webhooks of requests',
			description:
				'Park the execution, without a worker, until fal has called back for all requests',
		},
	],
};

const parkingNotice: INodeProperties = {
	displayName:
		'Submit the requests in this same execution with <code>{{ $execution.resumeUrl }}</code> as Webhook URL, and put a Fal Queue Status with the operation Check behind this node.',
	name: 'parkingNotice',
	type: 'notice',
	default: '',
	displayOptions: { show: { operation: ['waitForWebhooks'] } },
};

const requestId: INodeProperties = {
	displayName: 'Request ID',
	name: 'requestId',
	type: 'string',
	required: true,
	default: '={{ $json.request_id }}',
	placeholder: 'e.g. 764cabcf-b745-4b3e-ae38-1200304cf45b',
	description: 'Of the request, as fal gave it out when the job was submitted',
};

const model: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'string',
	required: true,
	default: '={{ $json.model }}',
	placeholder: 'e.g. fal-ai/flux/dev',
	description: 'The model that the request was submitted to: its ID, or the address of its page',
};

const maxWait: INodeProperties = {
	displayName: 'Max Wait (Minutes)',
	name: 'maxWait',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 60,
	description:
		'How long to wait for all requests together; what is not done then is given out as it is',
	displayOptions: { show: { operation: ['wait', 'waitForWebhooks'] } },
};

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Concurrency',
			name: 'concurrency',
			type: 'number',
			typeOptions: { minValue: 1, numberPrecision: 0 },
			default: 20,
			description: 'The most calls to fal at the same time',
		},
		includeLogsField(['check', 'wait']),
		maxPollIntervalField(['wait']),
		minPollIntervalField(['wait']),
	],
};

export const properties: INodeProperties[] = [
	operation,
	parkingNotice,
	requestId,
	model,
	maxWait,
	options,
];
