import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { answerCallback } from '../n8n/callbacks';
import { readAccount } from '../n8n/credential';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { answerToAgent, isTool } from '../n8n/toolAnswer';
import { lookAfterRequests } from './operations';
import { takeCallback } from './parking';
import { properties } from './properties';
import { adviseOnLooking } from './toolAdvice';
import { parkedConcurrency, watchWith } from './watch';

/**
 * Where fal calls a parked execution back: at $execution.resumeUrl itself.
 *
 * It is not inside the description, because there n8n's lint takes every webhook for a trigger's, and asks
 * for methods that register and remove it at the service (webhook-lifecycle-complete). A webhook that only
 * resumes an execution is registered nowhere: n8n makes it when it parks the execution, and each submit names
 * it.
 */
const webhooks: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		path: '',
		restartWebhook: true,
	},
];

/** Looks at requests that were submitted before, once or until they are done, or cancels them. */
export class FalQueueStatus implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Fal Queue Status',
		name: 'falQueueStatus',
		icon: { light: 'file:fal.svg', dark: 'file:fal.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ check: "Check", wait: "Wait", waitForWebhooks: "Wait for Webhooks", cancel: "Cancel" })[$parameter["operation"]] }}',
		description: 'Check, wait for, or cancel requests in fal’s queue',
		defaults: { name: 'Fal Queue Status' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{ ({
			check: ['Completed', 'Failed', 'Pending'],
			wait: ['Completed', 'Failed', 'Pending'],
			waitForWebhooks: ['Resumed'],
			cancel: ['Cancelled', 'Not Cancelled'],
		})[$parameter["operation"]].map((displayName) => ({ type: '${NodeConnectionTypes.Main}', displayName })) }}`,
		credentials: [{ name: 'falApi', required: true }],
		webhooks,
		waitingNodeTooltip: 'Parked until fal has called back for all requests, or Max Wait is over',
		properties,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const outputs = await lookAfterRequests(this);
		return isTool(this) ? answerToAgent(outputs, adviseOnLooking) : outputs;
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		try {
			const { baseUrl } = await readAccount(this);
			const send = sendThroughN8n(this, baseUrl);
			const concurrency = parkedConcurrency(this);
			const watch = watchWith(send, { concurrency });
			return await takeCallback(this, baseUrl, send, watch, concurrency);
		} catch (error) {
			this.logger.error(`Fal Queue Status could not take a callback: ${error}`);
			answerCallback(this, 500, 'Send it again');
			return { noWebhookResponse: true };
		}
	}
}
