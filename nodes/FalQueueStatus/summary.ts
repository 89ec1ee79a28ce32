/** What the node says above its output after a run: how many requests are on which output, and why. */
import type { IExecuteFunctions, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';
import { hintOf, reasonsOf } from '../n8n/headline';
import { isOutputLoose } from '../n8n/looseOutput';

/** What is on the first output, and the labels of the others. */
const FOUND = { word: 'completed', others: ['Failed', 'Pending'] };
const CANCELLED = { word: 'cancelled', others: ['Not Cancelled'] };

export function sumUpRequests(
	node: IExecuteFunctions,
	operation: 'check' | 'wait' | 'cancel',
	[first = [], ...others]: readonly INodeExecutionData[][],
): NodeExecutionHint {
	const labels = operation === 'cancel' ? CANCELLED : FOUND;
	const shares = others.map((items, index) => ({
		output: labels.others[index] ?? '',
		reasons: reasonsOf(items),
		// What could not be cancelled goes on as before, whoever hears of it.
		isLoose: operation !== 'cancel' && isOutputLoose(node, index + 1),
	}));
	return hintOf({ count: first.length, word: labels.word }, shares);
}
