/** A run that could not begin, and that On Error lets go on: each item says so, and nothing is at fal. */
import type { IExecuteFunctions, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';
import type { BatchProgress } from '../engine/batch/ledger';
import type { Failure } from '../engine/failure';
import { harmlessly } from '../n8n/harmless';
import { hintOf, reasonsOf } from '../n8n/headline';
import { toRejectedItem } from '../n8n/items';
import { isOutputLoose } from '../n8n/looseOutput';
import { n8nClock } from '../n8n/n8nClock';
import { messageOf } from '../n8n/parameterChecks';
import { readSummaryWanted, summaryOutput, type SummaryWanted } from './summing';

/** The output's number. */
const FAILED = 1;

/**
 * @param startedAt milliseconds since the epoch
 * @returns all items on Failed, and a Summary if one is wanted: a scheduled run is heard of by it
 */
export async function outputsOfNothing(
	node: IExecuteFunctions,
	error: unknown,
	startedAt: number,
): Promise<INodeExecutionData[][]> {
	const failure = { type: 'invalid_parameters', message: messageOf(error), retryable: false };
	const failed = node.getInputData().map((_, index) => toRejectedItem(index, undefined, failure));
	harmlessly(() => node.addExecutionHints(hintOfNothing(node, failed)));
	const summary = await summaryOutput(node, summaryWantedOf(node), {
		ended: [],
		costs: [],
		rejected: failed.map(() => failure),
		progress: nothingWith(failure),
		requests: {},
		startedAt,
		elapsed: n8nClock.now() - startedAt,
	});
	return [[], failed, ...summary];
}

/** The options may be what can't be read. */
function summaryWantedOf(node: IExecuteFunctions): SummaryWanted {
	try {
		return readSummaryWanted(node);
	} catch {
		return 'off';
	}
}

function nothingWith(stoppedFor: Failure): BatchProgress {
	return {
		total: 0,
		succeeded: 0,
		unsuccessful: 0,
		inFlight: 0,
		inQueue: 0,
		peakInFlight: 0,
		retriesLeft: 0,
		retriesUsed: 0,
		pushbacks: 0,
		happenings: [],
		foundInHistory: 0,
		stoppedFor,
	};
}

/** Without it, a green node would show an empty output and no word. */
function hintOfNothing(node: IExecuteFunctions, failed: INodeExecutionData[]): NodeExecutionHint {
	const word = node.getNodeParameter('operation', 0) === 'submit' ? 'submitted' : 'completed';
	const isLoose = isOutputLoose(node, FAILED);
	return hintOf({ count: 0, word }, [{ output: 'Failed', reasons: reasonsOf(failed), isLoose }]);
}
