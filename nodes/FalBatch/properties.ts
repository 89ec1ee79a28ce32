/** The parameters of Fal Batch, in the order of the panel. */
import type { INodeProperties } from 'n8n-workflow';
import { modelField } from '../n8n/modelField';
import { includeLogsField, maxPollIntervalField, minPollIntervalField } from '../n8n/watchFields';

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'run',
	options: [
		{
			name: 'Run',
			value: 'run',
			action: 'Run a batch of jobs',
			description: 'Submit a job for each item, follow them all, and give the results',
		},
		{
			name: 'Submit',
			value: 'submit',
			action: 'Submit a batch of jobs',
			description: 'Submit a job for each item, and give their request IDs at once',
		},
	],
};

const input: INodeProperties = {
	displayName: 'Input',
	name: 'input',
	type: 'json',
	typeOptions: { rows: 5 },
	required: true,
	// An expression that gives an object survives quotes and line breaks in a prompt; text does not.
	default: '={{ { "prompt": $json.prompt } }}',
	description:
		'The model’s input for each item, as a JSON object. The API tab of the model’s page on fal.ai lists its fields.',
};

const concurrency: INodeProperties = {
	displayName: 'Concurrency',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: 1, numberPrecision: 0 },
	default: 10,
	description:
		'The most jobs in flight at once. More than your fal account’s limit gains nothing: fal queues the rest. When fal pushes back (HTTP 429), fewer are used until it takes more again.',
};

const retryBudget: INodeProperties = {
	displayName: 'Retry Budget',
	name: 'retryBudget',
	type: 'number',
	typeOptions: { minValue: -1, numberPrecision: 0 },
	default: -1,
	hint: '-1 means a fifth of the items, and at least 4',
	description:
		'Extra submits that the whole batch may spend on jobs that were refused, or that failed for a reason that may pass. An item is submitted 3 times at the most.',
};

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Disable Fal’s Own Retries',
			name: 'noRetry',
			type: 'boolean',
			default: false,
			description: 'Whether to keep fal from trying a job again by itself when a runner fails',
		},
		includeLogsField(['run']),
		{
			displayName: 'Item Timeout (Seconds)',
			name: 'itemTimeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 3600,
			description: 'How long a job may take, from the moment fal accepts it',
			displayOptions: { show: { '/operation': ['run'] } },
		},
		maxPollIntervalField(['run']),
		{
			displayName: 'Media Lifecycle',
			name: 'mediaLifecycle',
			type: 'options',
			default: 0,
			description: 'How long fal keeps the generated media on its CDN',
			options: [
				{ name: '1 Day', value: 86_400 },
				{ name: '1 Hour', value: 3_600 },
				{ name: '1 Year', value: 31_536_000 },
				{ name: '30 Days', value: 2_592_000 },
				{ name: '7 Days', value: 604_800 },
				{ name: 'As Set in the Account', value: 0 },
			],
		},
		minPollIntervalField(['run']),
		{
			displayName: 'On Timeout or Stop',
			name: 'onTimeout',
			type: 'options',
			default: 'cancel',
			description:
				'What becomes of a job that is not done when its Item Timeout is over, or when the execution is stopped',
			options: [
				{
					name: 'Cancel',
					value: 'cancel',
					description: 'A job in the queue costs nothing then; one that works may still be billed',
				},
				{
					name: 'Leave Running',
					value: 'leave',
					description: 'The job goes on and is billed; its request ID is kept',
				},
			],
		},
		{
			displayName: 'On Unknown Submit',
			name: 'onUnknownSubmit',
			type: 'options',
			default: 'report',
			description:
				'What to do when no answer came to a submit: the job may be running at fal, and may be billed',
			options: [
				{
					name: 'Look Up',
					value: 'lookUp',
					description:
						'Looks for the job in fal’s request history by its input, and takes it from there. It takes minutes when there is none.',
				},
				{
					name: 'Report',
					value: 'report',
					description: 'The item goes to Failed with the outcome "unknown". Nothing is paid twice.',
				},
				{
					name: 'Submit Again (May Pay Twice)',
					value: 'submitAgain',
					description: 'Within the Retry Budget. If the first submit did arrive, both are billed.',
				},
			],
		},
		{
			displayName: 'Priority',
			name: 'priority',
			type: 'options',
			default: 'normal',
			description: 'The place in fal’s queue',
			options: [
				{ name: 'Low', value: 'low', description: 'Behind all jobs of normal priority' },
				{ name: 'Normal', value: 'normal' },
			],
		},
		{
			displayName: 'Reuse Recent Requests (Hours)',
			name: 'reuseRecentRequests',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 720 },
			default: 0,
			hint: '0 means that every item is submitted',
			description:
				'How far back to look in fal’s request history for requests with the same model and the same input. Their results are used instead of paying again: a run that crashed or was stopped goes on where it was. Two items with the same input take two requests.',
		},
		{
			displayName: 'Runner Hint',
			name: 'runnerHint',
			type: 'string',
			default: '',
			placeholder: 'e.g. campaign-42',
			description: 'Jobs with the same hint are given to the same runner where possible',
		},
		{
			displayName: 'Start Timeout (Seconds)',
			name: 'startTimeout',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description: 'How long a job may wait before it starts; then fal drops it. 0 for no limit.',
		},
		{
			displayName: 'Store Payloads',
			name: 'storePayloads',
			type: 'boolean',
			default: true,
			description:
				'Whether fal keeps the inputs and outputs in its request history, for 30 days by default. Without them a lost job can’t be found again.',
		},
		{
			displayName: 'Webhook URL',
			name: 'webhookUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/...',
			description:
				'Where fal posts each result when its job ends. Must be reachable from the internet.',
		},
	],
};

export const properties: INodeProperties[] = [
	operation,
	modelField,
	input,
	concurrency,
	retryBudget,
	options,
];
