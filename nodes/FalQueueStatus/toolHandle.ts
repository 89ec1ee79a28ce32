/**
 * Which request an AI Agent asks about. There is no incoming item that has it: the agent gives it by `$fromAI`,
 * and is told of those arguments only that stand in an expression.
 */
import type { INodeProperties } from 'n8n-workflow';

const toolRequestId: INodeProperties = {
	displayName: 'Request ID',
	name: 'requestId',
	type: 'string',
	required: true,
	default:
		'={{ $fromAI("request_id", "The request ID, exactly as it was given when the job was submitted", "string") }}',
	description: 'ID of the request, as the agent was told when the job was submitted',
	displayOptions: { show: { '@tool': [true] } },
};

const toolModel: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'string',
	required: true,
	default:
		'={{ $fromAI("model", "The model of the request, exactly as it was given when the job was submitted", "string") }}',
	description: 'The model that the request was submitted to: its ID, or the address of its page',
	displayOptions: { show: { '@tool': [true] } },
};

export const toolHandle: readonly INodeProperties[] = [toolRequestId, toolModel];
