/** The parameters of Fal Batch, in the order of the panel. */
import type { INodeProperties } from 'n8n-workflow';
import { modelField } from '../n8n/modelField';
import { fileFields } from '../n8n/media/fields';
import { filesField } from '../n8n/media/filesField';
import { inputFields } from './inputFields';
import { options } from './options';

/** What an AI Agent reads when it decides whether to call, and with what. */
const toolDescription: INodeProperties = {
	displayName: 'Description',
	name: 'toolDescription',
	type: 'string',
	typeOptions: { rows: 6 },
	required: true,
	default:
		'Generates a picture, a video, audio or other media with a model on fal.ai, and gives links to the files. One call is one generation: it takes seconds to minutes and costs money, so call it once for each thing that is wanted, and never again for a prompt that has been answered. The input is a JSON object with the fields of the model, in most cases {"prompt": "..."}. An answer with the status COMPLETED has the links in its output. Any other answer has a message that says what happened, and whether it may be called again.',
	description:
		'What the AI Agent is told about this tool. Say which model it uses and which input fields it takes: the agent knows nothing else about it.',
	displayOptions: { show: { '@tool': [true] } },
};

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'run',
	options: [
		{
			name: 'Estimate Cost',
			value: 'estimateCost',
			action: 'Estimate the cost of a batch',
			description: 'Estimate what the items would cost, for each model. Nothing is submitted.',
		},
		{
			name: 'Run',
			value: 'run',
			action: 'Run a batch of jobs',
			description: 'Submit a job for each item, wait for all of them, and return the results',
		},
		{
			name: 'Submit',
			value: 'submit',
			action: 'Submit a batch of jobs',
			description: 'Submit a job for each item, and return the request IDs at once',
		},
	],
};

const concurrency = {
	displayName: 'Concurrency',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: 1, numberPrecision: 0 },
	default: 10,
} as const satisfies Partial<INodeProperties>;

const jobsAtOnce: INodeProperties = {
	...concurrency,
	description:
		'The maximum number of jobs in flight. A value above your fal account’s limit gains nothing, because fal queues the rest. When fal pushes back (HTTP 429), fewer jobs are in flight until it accepts more again.',
	displayOptions: { show: { operation: ['run'] } },
};

const submitsAtOnce: INodeProperties = {
	...concurrency,
	description:
		'The maximum number of submits on their way to fal at once. This does not limit the jobs in flight: all items are submitted, none is followed, and fal queues what your account can’t run yet. Max Concurrent Jobs in the credential does not limit them either.',
	displayOptions: { show: { operation: ['submit'] } },
};

const retryBudget: INodeProperties = {
	displayName: 'Retry Budget',
	name: 'retryBudget',
	type: 'number',
	typeOptions: { minValue: -1, numberPrecision: 0 },
	default: -1,
	displayOptions: { show: { operation: ['run', 'submit'] } },
	hint: '-1 means a fifth of the items, but at least 4',
	description:
		'How many extra submits the whole batch may use for jobs that were refused, or that failed for a reason that may pass. No item is submitted more than 3 times.',
};

export const properties: INodeProperties[] = [
	toolDescription,
	operation,
	modelField,
	...inputFields,
	filesField,
	jobsAtOnce,
	submitsAtOnce,
	retryBudget,
	...fileFields(['run']),
	options,
];
