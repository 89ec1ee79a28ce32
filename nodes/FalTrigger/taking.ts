/** Taking each completion once, as far as n8n lets a trigger remember. */
import type { IWebhookFunctions } from 'n8n-workflow';
import type { Callback } from '../fal/callback';
import { n8nClock } from '../n8n/n8nClock';
import { Deliveries, type Taken } from './deliveries';

export interface Delivery {
	readonly taken: Taken;
	/** To be called right before the item of a new one is given to n8n. */
	readonly tellOtherProcesses: () => void;
}

/** Of this process, by workflow and node. */
const deliveriesByNode = new Map<string, Deliveries>();

export function take(node: IWebhookFunctions, { requestId, body }: Callback): Delivery {
	// Who tries a workflow out sends the same callback again and again, and n8n keeps no static data then.
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
		// n8n forgets that static data was changed when it begins to make an execution (2.41: the workflow
		// runner builds a second Workflow on it), and keeps what was changed when it has made one. Between
		// the two it writes to its database, which takes longer than this.
		tellOtherProcesses: () => {
			void n8nClock.sleep(1).then(() => deliveries.share(completion, shared));
		},
	};
}

/** n8n answers when it has made an execution of a callback, with an error when it could not. */
function whenAnswered(node: IWebhookFunctions, tell: (status: number) => void): void {
	const response = node.getResponseObject();
	const answered = () => tell(response.statusCode);
	// Comes also when fal has hung up meanwhile, and there is nobody to send the answer to.
	response.once('prefinish', answered);
	response.once('finish', answered);
}
