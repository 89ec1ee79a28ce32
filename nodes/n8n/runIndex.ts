/** Which run of the node in its execution this is, from 0: in a loop it runs more than once. */
import type { IExecuteFunctions } from 'n8n-workflow';

export function runIndexOf(node: IExecuteFunctions): number {
	return Number(node.getWorkflowDataProxy(0).$runIndex ?? 0);
}
