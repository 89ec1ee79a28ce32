/**
 * The Input of a Fal Batch that an AI Agent uses. There is no incoming item with a prompt: what the model wants
 * comes by `$fromAI`, and an agent is told of those arguments only that stand in an expression.
 */
import type { INodeProperties } from 'n8n-workflow';

export const toolInput: INodeProperties = {
	displayName: 'Input',
	name: 'input',
	type: 'json',
	typeOptions: { rows: 5 },
	required: true,
	default:
		'={{ { "prompt": $fromAI("prompt", "What to generate, described in words for the model on fal.ai", "string") } }}',
	description:
		'The model’s input, as a JSON object. What the agent is to fill in stands in it as $fromAI("name", "description", "string"), or "number", or "boolean". The API tab of the model’s page on fal.ai lists its fields.',
	displayOptions: { show: { '@tool': [true] } },
};
