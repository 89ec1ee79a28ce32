import {
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { isOutOfFalsReach } from '../fal/reach';
import { answerCallback } from '../n8n/callbacks';
import { readAccount } from '../n8n/credential';
import { properties } from './properties';
import { receive } from './receiving';
import { triggerPanel } from './triggerPanel';

/** Starts the workflow when fal calls back about a request: once for each, and only if fal did. */
export class FalTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Fal Trigger',
		name: 'falTrigger',
		icon: { light: 'file:fal.svg', dark: 'file:fal.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: 'On Completion',
		description: 'Starts the workflow when a request in fal’s queue completes or fails',
		eventTriggerDescription: 'Waiting for fal to call the Test URL',
		activationMessage: 'Requests with the Production URL as Webhook URL now start this workflow.',
		defaults: { name: 'Fal Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main, NodeConnectionTypes.Main],
		outputNames: ['Completed', 'Failed'],
		credentials: [{ name: 'falApi', required: true }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				// Answers when n8n has created the execution, not when that has ended: fal waits 15 seconds.
				responseMode: 'onReceived',
				path: 'fal',
			},
		],
		triggerPanel,
		properties,
	};

	/** Nothing to register at fal: each submit names its Webhook URL. */
	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return false;
			},
			async create(this: IHookFunctions): Promise<boolean> {
				const { baseUrl } = await readAccount(this);
				const address = this.getNodeWebhookUrl('default') ?? '';
				if (baseUrl === '' && isOutOfFalsReach(address)) {
					this.logger.warn(
						`Fal Trigger: fal can’t reach ${address}: it is a private address. Set WEBHOOK_URL to one on the internet.`,
					);
				}
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		try {
			return await receive(this);
		} catch (error) {
			this.logger.error(`Fal Trigger could not take a callback: ${error}`);
			answerCallback(this, 500, 'Send it again');
			return { noWebhookResponse: true };
		}
	}
}
