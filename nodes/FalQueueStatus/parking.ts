/**
 * Wait for Webhooks: the execution is parked, without a worker or memory, until fal has called back for all
 * its requests.
 *
 * n8n does not keep what a parked webhook learns, so callbacks are not counted. Each genuine one makes the
 * node ask fal about the others, in random order, up to the first that is not done; if there is none, the
 * execution resumes. The next callback makes up for one that was lost, or at the latest the deadline does.
 */
import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { MINUTE } from '../engine/clock';
import type { Failure } from '../engine/failure';
import { isRecord } from '../engine/isRecord';
import type { Watch } from '../engine/following/follow';
import { areAllDone } from '../engine/following/allDone';
import type { Handle } from '../engine/transport';
import { isRequestId } from '../fal/answers';
import type { SendHttp } from '../fal/http';
import { answerCallback, proveCallback } from '../n8n/callbacks';
import { n8nClock } from '../n8n/n8nClock';
import { RefusedKey } from './refusedKey';
import type { Requests } from './requests';
import { Scans } from './scans';

/**
 * @param maxWait minutes
 * @param atOnce the most looks at the same time
 * @throws RefusedKey when fal does not let a request be read: its end could not be seen either
 * @returns the handles: at once when all are done, else what n8n shows while the execution is parked
 */
export async function park(
	node: IExecuteFunctions,
	requests: Requests,
	maxWait: number,
	watch: Watch,
	atOnce: number,
): Promise<INodeExecutionData[][]> {
	const handles = requests.requests.map(({ handle }) => handle);
	const items = parkedItems(node, requests);
	const hearRefusal = (failure: Failure) => {
		throw new RefusedKey(failure, handles.length, { wereAllAsked: false });
	};
	if (await areAllDone(handles, watch, { atOnce, hearRefusal })) return [items];
	// When the deadline is over, n8n outputs the node's input: the handles must be in it, even where they came
	// from an expression.
	node.getExecuteData().data = { main: [items] };
	await node.putExecutionToWait(new Date(watch.clock.now() + maxWait * MINUTE));
	return [items];
}

/** What the node was given, with the handles in it even where they came from an expression. */
export function parkedItems(node: IExecuteFunctions, { requests }: Requests): INodeExecutionData[] {
	const known = new Map(requests.map(({ itemIndex, handle }) => [itemIndex, handle]));
	return node.getInputData().map(({ json }, item) => {
		const handle = known.get(item);
		return { json: { ...json, ...(handle && handleFields(handle)) }, pairedItem: { item } };
	});
}

/** Takes a callback to a parked execution. Never throws: n8n would end the execution with an error. */
export async function takeCallback(
	node: IWebhookFunctions,
	baseUrl: string,
	send: SendHttp,
	watch: Watch,
	atOnce: number,
): Promise<IWebhookResponseData> {
	const callback = await proveCallback(node, baseUrl, send);
	if (!callback) return STAY_PARKED;
	// At once: fal gives a callback 15 seconds, and asking about a thousand requests takes longer.
	answerCallback(node, 200, 'Received');
	const { requestId } = callback;
	const execution = node.getExecutionId();
	if (scans.join(execution, requestId)) return STAY_PARKED;
	const items = keptItems(node);
	const handles = items.flatMap(({ json }) => readHandle(json));
	// fal signs for everybody: a callback for somebody else's job is genuine, and not ours.
	if (!handles.some((handle) => handle.requestId === requestId)) return STAY_PARKED;
	const areDone = async (silent: readonly Handle[]) => await areAllDone(silent, watch, { atOnce });
	if (!(await scans.areAllDone(execution, requestId, handles, areDone))) return STAY_PARKED;
	return { workflowData: [items], noWebhookResponse: true };
}

const scans = new Scans(n8nClock);

const STAY_PARKED: IWebhookResponseData = { noWebhookResponse: true };

/** What the node was given when it parked; n8n keeps it with the execution. */
function keptItems(node: IWebhookFunctions): INodeExecutionData[] {
	const given: unknown = node.evaluateExpression('{{ $input.all() }}', 0);
	if (!Array.isArray(given)) return [];
	return given.filter(isRecord).map(({ json }, item) => ({
		json: isRecord(json) ? (json as IDataObject) : {},
		pairedItem: { item },
	}));
}

function readHandle({ request_id: requestId, model }: IDataObject): Handle[] {
	return isRequestId(requestId) && typeof model === 'string' ? [{ requestId, model }] : [];
}

function handleFields({ requestId, model }: Handle): IDataObject {
	return { request_id: requestId, model };
}
