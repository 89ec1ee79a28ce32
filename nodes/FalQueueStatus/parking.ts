/**
 * Wait for Webhooks: the execution is parked, without worker or memory, until fal has called back for
 * all its requests.
 *
 * What a parked webhook learns, n8n does not keep; so callbacks are not counted. Each genuine one makes
 * the node ask fal about the others, in random order, up to the first that is not done; when there is
 * none, the execution resumes. A callback that is lost is made up for by the next one, or at the latest
 * by the deadline.
 */
import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { MINUTE } from '../engine/clock';
import { isRecord } from '../engine/failure';
import type { Watch } from '../engine/follow';
import { areAllDone } from '../engine/lookup';
import type { Handle } from '../engine/transport';
import { isRequestId } from '../fal/answers';
import type { SendHttp } from '../fal/http';
import { answerCallback, proveCallback } from '../n8n/callbacks';
import type { Requests } from './requests';

/**
 * @param maxWait minutes
 * @returns the handles: at once when all are done, else what n8n shows while the execution is parked
 */
export async function park(
	node: IExecuteFunctions,
	{ requests }: Requests,
	maxWait: number,
	watch: Watch,
): Promise<INodeExecutionData[][]> {
	const handles = requests.map(({ handle }) => handle);
	const known = new Map(requests.map(({ itemIndex, handle }) => [itemIndex, handle]));
	const items = node.getInputData().map(({ json }, item) => {
		const handle = known.get(item);
		return { json: { ...json, ...(handle && handleFields(handle)) }, pairedItem: { item } };
	});
	if (await areAllDone(handles, watch)) return [items];
	// When the deadline is over, n8n gives out the node's input; the handles are to come out then, too,
	// also where they were given by expression.
	node.getExecuteData().data = { main: [items] };
	await node.putExecutionToWait(new Date(watch.clock.now() + maxWait * MINUTE));
	return [items];
}

/** Takes a callback to a parked execution. Never throws: n8n would end the execution with an error. */
export async function takeCallback(
	node: IWebhookFunctions,
	baseUrl: string,
	send: SendHttp,
	watch: Watch,
): Promise<IWebhookResponseData> {
	const callback = await proveCallback(node, baseUrl, send);
	if (!callback) return STAY_PARKED;
	// At once: fal gives a callback 15 seconds, and to ask about a thousand requests takes longer.
	answerCallback(node, 200, 'Received');
	const { requestId } = callback;
	const execution = node.getExecutionId();
	if (joinScan(execution, requestId)) return STAY_PARKED;
	const items = parkedItems(node);
	const handles = items.flatMap(({ json }) => readHandle(json));
	// fal signs for everybody: somebody else's job is genuine, and none of ours.
	if (!handles.some((handle) => handle.requestId === requestId)) return STAY_PARKED;
	if (!(await scan(execution, requestId, handles, watch))) return STAY_PARKED;
	return { workflowData: [items], noWebhookResponse: true };
}

/** Asking fal about the requests of one execution, on behalf of all callbacks that come meanwhile. */
interface Scan {
	/** Requests that have called back since it began. */
	readonly calledBack: Set<string>;
	/** Whether one did after the current round had begun. */
	again: boolean;
}

/**
 * Scans under way, by execution. Callbacks come in bursts, most of all after a restart of n8n: if each
 * asked about all the others at the same time, N of them would ask N squared times.
 */
const scans = new Map<string, Scan>();

/** @returns whether a scan is under way, which then looks once more */
function joinScan(execution: string, requestId: string): boolean {
	const underWay = scans.get(execution);
	if (!underWay) return false;
	underWay.calledBack.add(requestId);
	underWay.again = true;
	return true;
}

/** @returns whether all requests are done */
async function scan(
	execution: string,
	requestId: string,
	handles: readonly Handle[],
	watch: Watch,
): Promise<boolean> {
	const own: Scan = { calledBack: new Set([requestId]), again: true };
	scans.set(execution, own);
	try {
		while (own.again) {
			own.again = false;
			const silent = handles.filter((handle) => !own.calledBack.has(handle.requestId));
			if (await areAllDone(silent, watch)) return true;
		}
		return false;
	} finally {
		scans.delete(execution);
	}
}

const STAY_PARKED: IWebhookResponseData = { noWebhookResponse: true };

/** What the node was given when it parked; n8n keeps it with the execution. */
function parkedItems(node: IWebhookFunctions): INodeExecutionData[] {
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
