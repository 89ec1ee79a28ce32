/** The parameters of Fal Queue Status, in the order of the panel. */
import type { INodeProperties } from 'n8n-workflow';
import { followField } from '../n8n/followField';
import { includeInputFieldsField } from '../n8n/inputFields';
import { fileFields, maxFileSizeField } from '../n8n/media/fields';
import { includeLogsField, maxPollIntervalField, minPollIntervalField } from '../n8n/watchFields';
import { toolHandle } from './toolHandle';

/** What an AI Agent reads when it decides whether to call, and with what. */
const toolDescription: INodeProperties = {
	displayName: 'Description',
	name: 'toolDescription',
	type: 'string',
	typeOptions: { rows: 5 },
	required: true,
	default:
		'Looks after one generation on fal.ai that was submitted before: whether it is done, and its result. It is free and generates nothing. It needs the request ID and the model, exactly as they were given when the job was submitted. An answer with the status COMPLETED has links to the files in its output; IN_QUEUE and IN_PROGRESS mean: look again later, and do not generate it again. Any other answer has a message that says what happened.',
	description:
		'What the AI Agent is told about this tool. Change it where the operation is Cancel: say that it ends a job that is not wanted any more.',
	displayOptions: { show: { '@tool': [true] } },
};

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
			description: 'Check each request once, and return the results of those that are done',
		},
		{
			name: 'Wait',
			value: 'wait',
			action: 'Wait until requests are done',
			description: 'Wait until all requests are done, and return their results',
		},
		{
			name: 'Wait for Webhooks',
			value: 'waitForWebhooks',
			action: 'Wait for webhooks',
			description:
				'Park the execution, without a worker, until fal has called back for all requests',
			// An agent waits for its tool, and a parked execution would leave it waiting.
			displayOptions: { hide: { '@tool': [true] } },
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
	description: 'ID of the request, as fal returned it when the job was submitted',
	displayOptions: { hide: { '@tool': [true] } },
};

const model: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'string',
	required: true,
	default: '={{ $json.model }}',
	placeholder: 'e.g. fal-ai/flux/dev',
	description: 'The model that the request was submitted to: its ID, or the address of its page',
	displayOptions: { hide: { '@tool': [true] } },
};

const maxWait: INodeProperties = {
	displayName: 'Max Wait (Minutes)',
	name: 'maxWait',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 60,
	description:
		'How long to wait for all requests together. What isn’t done by then is returned as it is.',
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
			description: 'The maximum number of calls to fal at the same time',
		},
		followField(['wait']),
		includeInputFieldsField(['cancel', 'check', 'wait']),
		includeLogsField(['check', 'wait']),
		maxFileSizeField(['check', 'wait']),
		maxPollIntervalField(['wait']),
		minPollIntervalField(['wait']),
	],
};

export const properties: INodeProperties[] = [
	toolDescription,
	operation,
	parkingNotice,
	requestId,
	model,
	...toolHandle,
	maxWait,
	...fileFields(['check', 'wait']),
	options,
];
