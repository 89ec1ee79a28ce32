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
import type { Watch } from '../engine/follow';
import { limitedCalls } from '../engine/limitedCalls';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../engine/pollSchedule';
import { FalTransport } from '../fal/falTransport';
import type { SendHttp } from '../fal/http';
import { isOutOfFalsReach } from '../fal/reach';
import { answerCallback } from '../n8n/callbacks';
import { readAccount } from '../n8n/credential';
import { n8nClock } from '../n8n/n8nClock';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { readNumber, readOptions } from '../n8n/parameterChecks';
import { readPollBounds } from '../n8n/watchFields';
import { park, takeCallback } from './parking';
import { properties } from './properties';
import { readRequests } from './requests';
import { cancel, check, wait } from './watching';

/** Where a parked execution is called back: at $execution.resumeUrl itself. */
const webhooks: IWebhookDescription[] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		path: '',
		restartWebhook: true,
	},
];

/** Looks after requests that were submitted before: once, until they are done, or not any longer. */
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
		const operation = this.getNodeParameter('operation', 0);
		if (this.getInputData().length === 0) return operation === 'waitForWebhooks' ? [[]] : [[], []];
		const requests = readRequests(this);
		const options = readOptions(this, 0);
		const minutes = () =>
			readNumber(this, this.getNodeParameter('maxWait', 0, 60), {
				label: 'Max Wait',
				// A year.
				most: 525_600,
				least: 0,
				whole: false,
			});
		const { baseUrl } = await readAccount(this);
		const signal = this.getExecutionCancelSignal();
		const watch = watchWith(sendThroughN8n(this, baseUrl, signal), {
			signal,
			includeLogs: options.includeLogs === true,
			concurrency: readNumber(this, options.concurrency ?? 20, {
				label: 'Concurrency',
				least: 1,
				whole: true,
			}),
		});
		switch (operation) {
			case 'check':
				return await check(requests, watch);
			case 'cancel':
				return await cancel(requests, watch);
			case 'waitForWebhooks':
				if (baseUrl === '') warnIfOutOfReach(this);
				return await park(this, requests, minutes(), watch);
			default:
				return await wait(requests, minutes(), readPollBounds(this, options), watch);
		}
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		try {
			const { baseUrl } = await readAccount(this);
			const send = sendThroughN8n(this, baseUrl);
			return await takeCallback(this, baseUrl, send, watchWith(send, {}));
		} catch (error) {
			this.logger.error(`Fal Queue Status could not take a callback: ${error}`);
			answerCallback(this, 500, 'Send it again');
			return { noWebhookResponse: true };
		}
	}
}

interface WatchOptions {
	readonly signal?: AbortSignal | undefined;
	readonly includeLogs?: boolean;
	readonly concurrency?: number;
}

function watchWith(send: SendHttp, options: WatchOptions): Watch {
	const { signal, includeLogs = false, concurrency = 1 } = options;
	return {
		transport: limitedCalls(new FalTransport(send), concurrency),
		clock: n8nClock,
		random: Math.random,
		signal: signal ?? new AbortController().signal,
		schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
		includeLogs,
	};
}

function warnIfOutOfReach(node: IExecuteFunctions): void {
	const address = String(node.evaluateExpression('{{ $execution.resumeUrl }}', 0));
	if (!isOutOfFalsReach(address)) return;
	const message =
		'fal can’t reach this n8n: its webhook address is a private one. The execution will only go on when Max Wait is over. Set WEBHOOK_URL to an address on the internet, or use the operation Wait.';
	node.logger.warn(`Fal Queue Status: ${message}`);
	node.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
}
