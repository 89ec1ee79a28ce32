/** From the node's parameters to the requests to look after, checked once, where they enter. */
import type { IExecuteFunctions } from 'n8n-workflow';
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

function readHandle(node: IExecuteFunctions, itemIndex: number): Handle | { failure: Failure } {
	try {
		const given: unknown = node.getNodeParameter('requestId', itemIndex, '');
		const id = typeof given === 'string' ? given.trim() : given;
		if (!isRequestId(id)) {
			const what = id ? `${shown(id)} is not a request ID` : 'There is no request ID';
			return rejection('invalid_request_id', `${what}. ${REQUEST_ID_ADVICE}`);
		}
		return {
			requestId: id,
			model: parseModelId(String(node.getNodeParameter('model', itemIndex, ''))),
		};
	} catch (error) {
		return rejection('invalid_model', `${messageOf(error)}. ${MODEL_ID_ADVICE}`);
	}
}

const REQUEST_ID_ADVICE =
	'Give the request_id that Fal Batch, or fal, gave out when the job was submitted.';

function rejection(type: string, message: string): { failure: Failure } {
	return { failure: { type, message, retryable: false } };
}

function submission(value: unknown): { submittedAt?: number } {
	const submittedAt = typeof value === 'string' ? Date.parse(value) : Number.NaN;
	return Number.isFinite(submittedAt) ? { submittedAt } : {};
}
