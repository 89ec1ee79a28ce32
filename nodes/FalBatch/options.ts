/** The options of Fal Batch, in alphabetical order, as n8n shows them. */
import type { INodeProperties } from 'n8n-workflow';
import { followField } from '../n8n/followField';
import { includeInputFieldsField } from '../n8n/inputFields';
import { maxFileSizeField } from '../n8n/media/fields';
import { WITH_FORM } from './inputFields';
import { includeLogsField, maxPollIntervalField, minPollIntervalField } from '../n8n/watchFields';
import { spendLimitField } from './spending';
import { summaryField } from './summing';

/** Workflows that were saved before there was a check are not refused what they were not refused before. */
const checkInputsFirst: INodeProperties = {
	displayName: 'Check Inputs First',
	name: 'checkInputsFirst',
	type: 'boolean',
	default: true,
	description:
		'Whether to check each item’s input against the model’s schema before anything is submitted, so that an input that doesn’t fit costs nothing. This takes one free request for each model, and none where the form is filled in.',
};

export const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { hide: { operation: ['estimateCost'] } },
	options: [
		{
			...checkInputsFirst,
			displayOptions: { show: { '@version': [{ _cnd: { gte: WITH_FORM } }] } },
		},
		{ ...checkInputsFirst, default: false, displayOptions: { show: { '@version': [1] } } },
		{
			displayName: 'Disable Fal’s Own Retries',
			name: 'noRetry',
			type: 'boolean',
			default: false,
			description: 'Whether to keep fal from retrying a job by itself when a runner fails',
		},
		followField(['run']),
		includeInputFieldsField(['run', 'submit']),
		includeLogsField(['run']),
		{
			displayName: 'Item Timeout (Seconds)',
			name: 'itemTimeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 3600,
			description:
				'How long a job may go without a sign of life before it is given up. Signs of life: fal accepts it, it moves up in the queue, or it starts.',
			displayOptions: { show: { '/operation': ['run'] } },
		},
		maxFileSizeField(['run']),
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
				'What to do with a job that isn’t done when its Item Timeout is over, or when the execution is stopped',
			options: [
				{
					name: 'Cancel',
					value: 'cancel',
					description:
						'A job that is still in the queue costs nothing then; one that has started may still be billed',
				},
				{
					name: 'Leave Running',
					value: 'leave',
					description: 'The job continues and is billed; its request ID is kept',
				},
			],
		},
		{
			displayName: 'On Unknown Submit',
			name: 'onUnknownSubmit',
			type: 'options',
			default: 'report',
			description:
				'What to do when a submit got no answer: the job may be running at fal, and may be billed',
			options: [
				{
					name: 'Look Up',
					value: 'lookUp',
					description:
						'Find the job in fal’s request history by its input, and continue from there. This takes minutes when there is none.',
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
			description: 'The priority of the jobs in fal’s queue',
			options: [
				{ name: 'Low', value: 'low', description: 'After all jobs of normal priority' },
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
				'How far back to look in fal’s request history for requests with the same model and the same input. Their results are used instead of paying again, so a run that crashed or was stopped continues where it left off. Two items with the same input take two requests.',
		},
		{
			displayName: 'Runner Hint',
			name: 'runnerHint',
			type: 'string',
			default: '',
			placeholder: 'e.g. campaign-42',
			description: 'Jobs with the same hint go to the same runner where possible',
		},
		spendLimitField,
		{
			displayName: 'Start Timeout (Seconds)',
			name: 'startTimeout',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'How long a job may wait before it starts. After that, fal drops it. 0 means no limit.',
		},
		{
			displayName: 'Store Payloads',
			name: 'storePayloads',
			type: 'boolean',
			default: true,
			description:
				'Whether fal keeps inputs and outputs in its request history, by default for 30 days. Without them, a lost job can’t be found again.',
		},
		summaryField,
		{
			displayName: 'Take Over After a Crash',
			name: 'takeOverAfterCrash',
			type: 'boolean',
			default: true,
			description:
				'Whether to take over what an earlier attempt of this execution left at fal, when n8n runs it again because its worker died, or on Retry. A first attempt takes no extra request.',
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
