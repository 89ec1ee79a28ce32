/** Whether anybody hears of what does not go well: n8n drops items on an output that nothing is connected to. */
import type { IExecuteFunctions } from 'n8n-workflow';
import { isRecord } from '../engine/isRecord';
import { isTool } from './toolAnswer';

/**
 * @param output its number, from 0
 * @returns true only where n8n lets a node know of its connections, and none leaves this output
 */
export function isOutputLoose(node: IExecuteFunctions, output: number): boolean {
	// An agent gets everything on one output.
	if (isTool(node)) return false;
	const ask = connectionsOf(node);
	if (!ask) return false;
	const { name } = node.getNode();
	const leaving = node
		.getChildNodes(name)
		.flatMap((child) => ask(child))
		.filter((connection) => connection.node === name);
	return !leaving.some(({ index }) => index === output);
}

interface Connection {
	/** The node it comes from. */
	readonly node: unknown;
	/** The number of that node's output. */
	readonly index: unknown;
}

/** n8n's contexts can tell, although its types for nodes do not say so (seen in n8n-core 2.41). */
function connectionsOf(
	node: IExecuteFunctions,
): ((destination: { readonly name: string }) => Connection[]) | undefined {
	if (!('getConnections' in node) || typeof node.getConnections !== 'function') return undefined;
	const ask = node.getConnections.bind(node);
	return (destination) => {
		const inputs: unknown = ask(destination, 'main');
		if (!Array.isArray(inputs)) return [];
		return inputs
			.flat()
			.filter(isRecord)
			.map(({ node: from, index }) => ({ node: from, index }));
	};
}
