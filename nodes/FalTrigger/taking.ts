/** Taking each completion once, as far as n8n lets a trigger remember. */
import type { IWebhookFunctions } from 'n8n-workflow';
import type { Callback } from '../fal/callback';
import { n8nClock } from '../n8n/n8nClock';
import { Deliveries, type Taken } from './deliveries';

export interface Delivery {
	readonly taken: Taken;
	/** To be called right before the item of a new completion is returned to n8n. */
	readonly tellOtherProcesses: () => void;
}

/** What this process has taken, by workflow and node. */
const deliveriesByNode = new Map<string, Deliveries>();

export function take(node: IWebhookFunctions, { requestId, body }: Callback): Delivery {
	// Somebody who tries a workflow out sends the same callback again and again, and n8n keeps no static data
	// then.
	if (node.getMode() === 'manual') return { taken: 'new', tellOtherProcesses: () => {} };
	const place = `${node.getWorkflow().id}/${node.getNode().id}`;
	const deliveries = deliveriesByNode.get(place) ?? new Deliveries();
	deliveriesByNode.set(place, deliveries);
	const completion = `${requestId} ${body.status}`;
	const shared = node.getWorkflowStaticData('node');
	const taken = deliveries.take(completion, shared);
	if (taken === 'new') {
		whenAnswered(node, (status) => deliveries.settle(completion, status < 400));
	}
	return {
		taken,
		tellOtherProcesses: () => {
			const share = () => deliveries.share(completion, shared);
			// n8n 1.x saves static data as soon as it has the item, before it makes an execution of it. Should n8n
			// die in between, fal's repetition counts as taken; should it only fail, `settle` sees to that.
			share();
			whileN8nMakesTheExecution(share);
		},
	};
}

/** n8n answers when it has created an execution for a callback, with an error when it could not. */
function whenAnswered(node: IWebhookFunctions, tell: (status: number) => void): void {
	const response = node.getResponseObject();
	const answered = () => tell(response.statusCode);
	// This event comes even when fal has hung up meanwhile, and there is nobody to send the answer to.
	response.once('prefinish', answered);
	response.once('finish', answered);
}

/**
 * Static data has to be changed at the right moment to be kept. n8n 2 (2.41, `live-webhooks.js`) saves it when
 * it has created the execution, and only if it is marked as changed; but when it begins to create one, it
 * builds a second `Workflow` on the same data, which clears the mark. In between it writes the execution to
 * its database, which takes longer than the millisecond after which the change is made. Should it ever be
 * quicker, the change is not kept, and a repetition that reaches another process is not recognised.
 */
function whileN8nMakesTheExecution(change: () => void): void {
	void n8nClock.sleep(1).then(change);
}
