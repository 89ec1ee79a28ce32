/** What n8n makes of a node that is usable as a tool (n8n 2.41, tool-generation/ai-tools.js), as far as it concerns a run. */
import { type INodeType, NodeConnectionTypes } from 'n8n-workflow';

export function asTool(node: INodeType): INodeType {
	const { description } = node;
	description.name += 'Tool';
	description.displayName += ' Tool';
	description.inputs = [];
	description.outputs = [NodeConnectionTypes.AiTool];
	delete description.usableAsTool;
	const hasDescription = description.properties.some(({ name }) => name === 'toolDescription');
	if (!hasDescription) throw new Error('n8n would describe the tool to the agent in its own words');
	return node;
}
