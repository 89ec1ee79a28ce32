/**
 * What concerns the whole run, and is thrown: fal took no job, for a reason that lies with no item. Once a
 * job was taken, or may have been, nothing is thrown any more: n8n would drop what was paid for, and Retry On
 * Fail would pay for it again.
 */
import {
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeApiError,
	type NodeExecutionHint,
	NodeOperationError,
} from 'n8n-workflow';
import { endSentence, type Failure } from '../engine/failure';
import type { EndedJob, Unsuccessful } from '../engine/job';
import { hintOf, reasonsOf } from '../n8n/headline';
import { toRejectedItem } from '../n8n/items';
import { isOutputLoose } from '../n8n/looseOutput';
import { UPLOAD_FAILED } from '../n8n/media/fileUploads';
import { messageOf } from '../n8n/parameterChecks';
import { isTool } from '../n8n/toolAnswer';

/** The output's number. */
export const FAILED = 1;

export interface EndedRun {
	readonly ended: readonly EndedJob[];
	/** Why the batch stopped submitting, if it did. */
	readonly stoppedFor?: Failure | undefined;
	/** Whether the execution was stopped. */
	readonly wasStopped: boolean;
	/** Whether the model is set in the node. */
	readonly isModelFixed: boolean;
}

/** @returns what to throw, if anything */
export function troubleOfTheRun(run: EndedRun): Failure | undefined {
	const { ended, stoppedFor, wasStopped, isModelFixed } = run;
	const failures = ended.flatMap((job) => (isUntouched(job) ? [job.ending.failure] : []));
	const [first] = failures;
	if (!first || failures.length < ended.length || wasStopped) return undefined;
	if (stoppedFor) return stoppedFor;
	if (failures.some(({ type }) => type === UPLOAD_FAILED)) return undefined;
	// A few items are given up before the batch is.
	if (failures.every(isFalAway)) return first;
	return isModelFixed && failures.every(isRefusalOfTheModel) ? first : undefined;
}

/** Whether fal certainly has, and had, nothing of the job. */
function isUntouched(job: EndedJob): job is EndedJob & { readonly ending: Unsuccessful } {
	return job.ending.outcome === 'not_submitted' && !job.handle && job.failedAttempts.length === 0;
}

function isFalAway({ type, statusCode }: Failure): boolean {
	return type === 'not_reached' || statusCode === 429;
}

/** 401 and 403 too: an endpoint may be closed to a key that others accept. */
function isRefusalOfTheModel({ statusCode }: Failure): boolean {
	return statusCode !== undefined && [401, 403, 404, 405].includes(statusCode);
}

/** n8n's error about it, in fal's words, with what to do. */
export function errorOfTheRun(
	node: IExecuteFunctions,
	failure: Failure,
	items: number,
): NodeApiError | NodeOperationError {
	const { statusCode } = failure;
	const what = items === 1 ? 'The item was not submitted' : `None of ${items} items was submitted`;
	const message = inWordsFor(node, `${what}: ${endSentence(failure.message)}`);
	const description = isFalAway(failure) ? `${WHEN_AWAY} ${IT_IS_FREE}` : IT_IS_FREE;
	if (statusCode === undefined) {
		return new NodeOperationError(node.getNode(), message, { description });
	}
	const httpCode = String(statusCode);
	return new NodeApiError(
		node.getNode(),
		{ message, httpCode },
		{ message, description, httpCode },
	);
}

/** An agent gets the message only, and takes an error for something to try again. */
function inWordsFor(node: IExecuteFunctions, message: string): string {
	return isTool(node) ? `${endSentence(message)} ${TO_AN_AGENT}` : message;
}

/** What was thrown before anything was tried, as n8n's error. */
export function errorBeforeTheRun(node: IExecuteFunctions, error: unknown): NodeOperationError {
	const isOperational = error instanceof NodeOperationError;
	if (isOperational && !isTool(node)) return error;
	const description = isOperational ? error.description : undefined;
	return new NodeOperationError(node.getNode(), inWordsFor(node, messageOf(error)), {
		...(description && { description }),
	});
}

/** Of a run that ended before it began: without it, a green node would show an empty output and no word. */
export function hintOfNothing(
	node: IExecuteFunctions,
	failed: INodeExecutionData[],
): NodeExecutionHint {
	const word = node.getNodeParameter('operation', 0) === 'submit' ? 'submitted' : 'completed';
	const isLoose = isOutputLoose(node, FAILED);
	return hintOf({ count: 0, word }, [{ output: 'Failed', reasons: reasonsOf(failed), isLoose }]);
}

export function toFailedItem(itemIndex: number, error: unknown): INodeExecutionData {
	return toRejectedItem(itemIndex, undefined, {
		type: 'invalid_parameters',
		message: messageOf(error),
		retryable: false,
	});
}

const IT_IS_FREE = 'Nothing is at fal, and nothing is billed: the run can be repeated as it is.';

const WHEN_AWAY =
	'Check fal’s status page, the network of this n8n, and the Base URL of the Fal API credential, if it has one.';

const TO_AN_AGENT =
	'Nothing was generated or billed. Do not call this tool again; tell the user what has to be put right.';
