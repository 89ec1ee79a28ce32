/**
 * One run of the node. Errors that concern the whole run are thrown: its input still has every request, and
 * nothing here costs money, so running it again loses nothing. With On Error "Continue", requests not known
 * to be finished count as unfinished, and never go to Completed.
 */
import { type IExecuteFunctions, type INodeExecutionData, NodeOperationError } from 'n8n-workflow';
import { endSentence } from '../engine/failure';
import { isOutOfFalsReach } from '../fal/reach';
import { readAccount } from '../n8n/credential';
import { readStreams, tellOfStreams } from '../n8n/followField';
import { harmlessly } from '../n8n/harmless';
import { keepsInputFields, withInputFields } from '../n8n/inputFields';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { Downloads, tellOfFiles } from '../n8n/media/downloads';
import { readFileSettings } from '../n8n/media/fields';
import { messageOf, readNumber, readOptions, switchOf } from '../n8n/parameterChecks';
import { isTool } from '../n8n/toolAnswer';
import { readPollBounds } from '../n8n/watchFields';
import { park, parkedItems } from './parking';
import { errorOfTheKey, RefusedKey, TO_AN_AGENT } from './refusedKey';
import { readRequests, type Requests } from './requests';
import { sortCancelled, sortFound, type Unfinished } from './sorting';
import { sumUpRequests } from './summary';
import { readConcurrency, watchWith } from './watch';
import { cancelEach, lookAtEach, waitForEach } from './watching';

type Operation = 'check' | 'wait' | 'waitForWebhooks' | 'cancel';

/** @throws NodeOperationError or NodeApiError, unless On Error says to continue */
export async function lookAfterRequests(node: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const operation = readOperation(node);
	const isParking = operation === 'waitForWebhooks';
	if (node.getInputData().length === 0) return isParking ? [[]] : [[], []];
	const requests = readRequests(node);
	// The items that a parked execution passes on have them anyway.
	const keepsInput = !isParking && keepsInputFields(node);
	let outputs: INodeExecutionData[][];
	try {
		outputs = await carryOut(node, operation, requests);
	} catch (error) {
		if (!node.continueOnFail()) throw asNodeError(node, error);
		outputs = unfinished(node, operation, requests, messageOf(error));
	}
	if (operation !== 'waitForWebhooks') {
		harmlessly(() => node.addExecutionHints(sumUpRequests(node, operation, outputs)));
	}
	return keepsInput ? withInputFields(node, outputs) : outputs;
}

function readOperation(node: IExecuteFunctions): Operation {
	const operation = node.getNodeParameter('operation', 0);
	return operation === 'check' || operation === 'waitForWebhooks' || operation === 'cancel'
		? operation
		: 'wait';
}

const OPTIONS = ['concurrency', 'includeLogs', 'minPollInterval', 'maxPollInterval'];

async function carryOut(
	node: IExecuteFunctions,
	operation: Operation,
	requests: Requests,
): Promise<INodeExecutionData[][]> {
	const options = readOptions(node, 0, OPTIONS);
	const concurrency = readConcurrency(node, options.concurrency);
	const { baseUrl } = await readAccount(node);
	const signal = node.getExecutionCancelSignal();
	const includeLogs = switchOf(options.includeLogs) ?? false;
	const send = sendThroughN8n(node, baseUrl, signal);
	const watch = watchWith(send, { signal, includeLogs, concurrency });
	switch (operation) {
		case 'check':
		case 'wait': {
			const files = readFileSettings(node);
			const fetching = { node, baseUrl, stop: signal };
			const downloads = files && new Downloads(files, fetching, requests.requests.length);
			const hear = (index: number, output: unknown) => downloads?.begin(index, output);
			const streams = operation === 'wait' ? readStreams(node, baseUrl, concurrency) : undefined;
			const found =
				operation === 'check'
					? await lookAtEach(requests, watch, hear)
					: await waitForEach(
							requests,
							readMaxWait(node),
							readPollBounds(node, options),
							{ ...watch, streams },
							hear,
						);
			await downloads?.end();
			harmlessly(() => tellOfFiles(node, downloads));
			harmlessly(() => tellOfStreams(node, streams));
			return sortFound(requests, found, downloads);
		}
		case 'cancel':
			return sortCancelled(requests, await cancelEach(requests, watch));
		case 'waitForWebhooks': {
			refuseAgents(node);
			const maxWait = readMaxWait(node);
			if (baseUrl === '') harmlessly(() => warnIfOutOfReach(node));
			harmlessly(() => warnOfRejected(node, requests));
			return await park(node, requests, maxWait, watch, concurrency);
		}
	}
}

/** @returns minutes */
function readMaxWait(node: IExecuteFunctions): number {
	const given: unknown = node.getNodeParameter('maxWait', 0, 60);
	return readNumber(node, given, { label: 'Max Wait', least: 0, most: YEAR, whole: false });
}

/** In minutes. A longer wait must be a mistake. */
const YEAR = 525_600;

/** @throws NodeOperationError: an agent waits for its tool, and a parked execution would leave it waiting */
function refuseAgents(node: IExecuteFunctions): void {
	if (!isTool(node)) return;
	throw new NodeOperationError(
		node.getNode(),
		'Wait for Webhooks can’t be used by an AI Agent: it would park the agent’s execution. Choose Check or Wait in Fal Queue Status.',
	);
}

/** Where the requests go when nothing could be learned about them. */
function unfinished(
	node: IExecuteFunctions,
	operation: Operation,
	requests: Requests,
	message: string,
): INodeExecutionData[][] {
	const reason: Unfinished = { kind: 'unfinished', message };
	const asked = requests.requests.map(() => reason);
	if (operation !== 'waitForWebhooks') {
		return operation === 'cancel' ? sortCancelled(requests, asked) : sortFound(requests, asked);
	}
	// There is one output, and a field `error` on its first item would make Retry On Fail run it again.
	harmlessly(() => {
		node.logger.warn(`Fal Queue Status: the execution was not parked. ${message}`);
		node.addExecutionHints({ message, type: 'danger', location: 'outputPane' });
	});
	return [parkedItems(node, requests)];
}

/** They leave on Resumed with the others, and the Check behind it says the same; but it may be an hour until then. */
function warnOfRejected(node: IExecuteFunctions, { requests, rejected }: Requests): void {
	const [first] = rejected;
	if (!first) return;
	const items = requests.length + rejected.length;
	const message = `For ${rejected.length} of ${items} items there is nothing to wait for: ${first.failure.message}`;
	node.logger.warn(`Fal Queue Status: ${message}`);
	node.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
}

function warnIfOutOfReach(node: IExecuteFunctions): void {
	const address = String(node.evaluateExpression('{{ $execution.resumeUrl }}', 0));
	if (!isOutOfFalsReach(address)) return;
	const message =
		'fal can’t reach this n8n: its webhook address is a private one. The execution will only go on when Max Wait is over. Set WEBHOOK_URL to an address on the internet, or use the operation Wait.';
	node.logger.warn(`Fal Queue Status: ${message}`);
	node.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
}

function asNodeError(node: IExecuteFunctions, error: unknown): Error {
	if (error instanceof RefusedKey) return errorOfTheKey(node, error);
	const isOperational = error instanceof NodeOperationError;
	if (isOperational && !isTool(node)) return error;
	const said = messageOf(error);
	const description = isOperational ? error.description : undefined;
	return new NodeOperationError(
		node.getNode(),
		isTool(node) ? `${endSentence(said)} ${TO_AN_AGENT}` : said,
		{ ...(description && { description }) },
	);
}
