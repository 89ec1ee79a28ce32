/** From a callback to an item: it is proven, taken once, completed if need be, and put on its output. */
import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import { endSentence } from '../engine/failure';
import type { Watch } from '../engine/following/follow';
import { type Ending, isSuccess, type Unsuccessful } from '../engine/job';
import { lookOnce } from '../engine/following/lookup';
import { DEFAULT_POLL_BOUNDS, PollSchedule } from '../engine/following/pollSchedule';
import type { Callback } from '../fal/callback';
import { readCompletion } from '../fal/completion';
import { FalTransport } from '../fal/falTransport';
import { parseModelId } from '../fal/modelId';
import { answerCallback, proveCallback } from '../n8n/callbacks';
import { readAccount } from '../n8n/credential';
import { endingFields, resultFirst } from '../n8n/items';
import { n8nClock } from '../n8n/n8nClock';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { take } from './taking';

/** Nothing is started, and the request has its answer. */
const ANSWERED: IWebhookResponseData = { noWebhookResponse: true };

/**
 * @returns the item on one of two outputs, for n8n to answer 200 once it has created an execution: if n8n
 *   can't, fal repeats the callback, and it is not lost
 */
export async function receive(node: IWebhookFunctions): Promise<IWebhookResponseData> {
	const { baseUrl } = await readAccount(node);
	const callback = await proveCallback(node, baseUrl, sendThroughN8n(node, baseUrl));
	if (!callback) return ANSWERED;
	if (!isFromExpectedAccount(node, callback)) {
		answerCallback(node, 401, 'This callback is about a request of another fal account');
		return ANSWERED;
	}
	const { taken, tellOtherProcesses } = take(node, callback);
	switch (taken) {
		case 'taken_before':
			answerCallback(node, 200, 'Received before');
			return ANSWERED;
		case 'under_way':
			// n8n may still fail with the first one; after a yes to this one, fal would not send it again.
			answerCallback(node, 503, 'Being received; send it again');
			return ANSWERED;
		case 'new': {
			const item = await itemOf(node, callback, baseUrl);
			tellOtherProcesses();
			return item;
		}
	}
}

async function itemOf(
	node: IWebhookFunctions,
	callback: Callback,
	baseUrl: string,
): Promise<IWebhookResponseData> {
	const correlation = node.getQueryData() as IDataObject;
	const model = readModel(node, correlation);
	const ending = await endingFrom(node, callback, model, baseUrl);
	const json = resultFirst({
		request_id: callback.requestId,
		...(model && { model }),
		...endingFields(ending, { user_id: callback.userId, correlation }),
	});
	return { workflowData: isSuccess(ending) ? [[{ json }], []] : [[], [{ json }]] };
}

/** fal signs for all its accounts: without a user ID, jobs of anybody who knows the URL are taken. */
function isFromExpectedAccount(node: IWebhookFunctions, { userId }: Callback): boolean {
	const expected = String(node.getNodeParameter('userId', '') ?? '').trim();
	return expected === '' || userId === expected;
}

/** The one in the Webhook URL takes precedence: a trigger may serve several models. */
function readModel(node: IWebhookFunctions, correlation: IDataObject): string | undefined {
	for (const given of [correlation.model, node.getNodeParameter('options.model', '')]) {
		try {
			if (typeof given === 'string' && given !== '') return parseModelId(given);
		} catch {
			node.logger.debug('Fal Trigger: the model given is not a model ID');
		}
	}
	return undefined;
}

async function endingFrom(
	node: IWebhookFunctions,
	callback: Callback,
	model: string | undefined,
	baseUrl: string,
): Promise<Ending> {
	const completion = readCompletion(callback);
	switch (completion.kind) {
		case 'output':
			return { outcome: 'completed', output: completion.output, logs: [] };
		case 'error':
			return { outcome: 'failed', failure: completion.failure };
		case 'left_out': {
			if (!model) return notFetched(completion.reason, MODEL_IS_MISSING);
			const fetched = await fetchResult(node, { requestId: callback.requestId, model }, baseUrl);
			return 'why' in fetched ? notFetched(completion.reason, fetched.why) : fetched;
		}
	}
}

/** fal waits 15 seconds for an answer, and its keys may have taken 8 of them. */
const FETCH_WITHIN = 5 * SECOND;

async function fetchResult(
	node: IWebhookFunctions,
	handle: { requestId: string; model: string },
	baseUrl: string,
): Promise<Ending | { readonly why: string }> {
	const late = new AbortController();
	const fetched = new AbortController();
	void n8nClock.sleep(FETCH_WITHIN, fetched.signal).then(() => late.abort());
	const watch: Watch = {
		transport: new FalTransport(sendThroughN8n(node, baseUrl, late.signal)),
		clock: n8nClock,
		random: Math.random,
		signal: late.signal,
		schedule: new PollSchedule(DEFAULT_POLL_BOUNDS),
		includeLogs: false,
	};
	const found = await lookOnce(handle, watch);
	const isLate = late.signal.aborted;
	fetched.abort();
	if (found.kind === 'ended') return found.ending;
	if (isLate) return { why: `fal did not give it within ${FETCH_WITHIN / SECOND} seconds.` };
	return { why: found.failure?.message ?? `fal says that the job is ${found.status}.` };
}

const MODEL_IS_MISSING =
	'Its model is not known: add "?model=..." to the Webhook URL, or give it in the options of Fal Trigger.';

function notFetched(reason: string, why: string): Unsuccessful {
	return {
		outcome: 'unknown',
		failure: {
			type: 'payload_missing',
			message: `The job is done, but fal left the result out of its callback: ${endSentence(reason)} It could not be fetched: ${why} Fetch it with Fal Queue Status, by its request ID.`,
			retryable: false,
		},
	};
}
