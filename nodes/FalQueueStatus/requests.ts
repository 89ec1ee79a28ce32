/** From the node's parameters to the requests to look after, checked once, where they enter. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { Failure } from '../engine/failure';
import type { Handle } from '../engine/transport';
import { isRequestId } from '../fal/answers';
import { MODEL_ID_ADVICE, parseModelId } from '../fal/modelId';
import { messageOf, shown } from '../n8n/parameterChecks';

export interface Request {
	readonly itemIndex: number;
	readonly handle: Handle;
	/** When it was submitted, if Fal Batch says so; milliseconds since the epoch. */
	readonly submittedAt?: number;
}

export interface RejectedRequest {
	readonly itemIndex: number;
	/** The item's request ID and model, as they were given. */
	readonly given: IDataObject;
	readonly failure: Failure;
}

export interface Requests {
	readonly requests: readonly Request[];
	readonly rejected: readonly RejectedRequest[];
}

export function readRequests(node: IExecuteFunctions): Requests {
	const requests: Request[] = [];
	const rejected: RejectedRequest[] = [];
	node.getInputData().forEach(({ json }, itemIndex) => {
		const read = readHandle(node, itemIndex);
		if ('failure' in read) rejected.push({ itemIndex, ...read });
		else requests.push({ itemIndex, handle: read, ...submission(json.submitted_at) });
	});
	return { requests, rejected };
}

type Rejection = Pick<RejectedRequest, 'given' | 'failure'>;

function readHandle(node: IExecuteFunctions, itemIndex: number): Handle | Rejection {
	const given = readParameter(node, 'requestId', itemIndex);
	const model = readParameter(node, 'model', itemIndex);
	const requestId = typeof given.value === 'string' ? given.value.trim() : given.value;
	const reject = (type: string, what: string, advice: string) =>
		rejection(type, `${what}. ${advice}`, given.value, model.value);
	if (!isRequestId(requestId)) {
		const what = requestId ? `${shown(requestId)} is not a request ID` : 'There is no request ID';
		return reject('invalid_request_id', given.trouble ?? what, REQUEST_ID_ADVICE);
	}
	if (model.trouble) return reject('invalid_model', model.trouble, MODEL_ID_ADVICE);
	try {
		return { requestId, model: parseModelId(String(model.value)) };
	} catch (error) {
		return reject('invalid_model', messageOf(error), MODEL_ID_ADVICE);
	}
}

/** One whose expression fails must not take the other with it: a request ID is worth keeping. */
function readParameter(
	node: IExecuteFunctions,
	name: string,
	itemIndex: number,
): { value?: unknown; trouble?: string } {
	try {
		return { value: node.getNodeParameter(name, itemIndex, '') };
	} catch (error) {
		return { trouble: messageOf(error) };
	}
}

const REQUEST_ID_ADVICE =
	'Give the request_id that Fal Batch, or fal, gave out when the job was submitted.';

function rejection(type: string, message: string, requestId: unknown, model: unknown): Rejection {
	const given = { request_id: text(requestId), model: text(model) };
	return { given, failure: { type, message, retryable: false } };
}

function text(value: unknown): string | null {
	return typeof value === 'string' && value !== '' ? value : null;
}

function submission(value: unknown): { submittedAt?: number } {
	const submittedAt = typeof value === 'string' ? Date.parse(value) : Number.NaN;
	return Number.isFinite(submittedAt) ? { submittedAt } : {};
}
