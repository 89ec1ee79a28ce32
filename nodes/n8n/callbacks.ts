/** fal's callbacks, where n8n receives them: only what is proven to be fal's gets past here. */
import type { IWebhookFunctions } from 'n8n-workflow';
import type { Callback } from '../fal/callback';
import type { SendHttp } from '../fal/http';
import { type Judgement, KeySet } from '../fal/keySet';
import { n8nClock } from './n8nClock';

/** One set for all nodes and executions of this n8n process that use the same fal. */
const keySets = new Map<string, KeySet>();

/**
 * Decides on the request that the node was called with; what is not proven is answered here.
 *
 * @param baseUrl from the credential: a gateway, or the local fal, has keys of its own
 * @returns the callback, still to be answered; nothing when it is not proven
 */
export async function proveCallback(
	node: IWebhookFunctions,
	baseUrl: string,
	send: SendHttp,
): Promise<Callback | undefined> {
	const request = node.getRequestObject();
	if (!request.rawBody) await request.readRawBody();
	const judgement = await keySetOf(baseUrl).judge(request.headers, request.rawBody, send);
	if (judgement.kind === 'genuine') return judgement.callback;
	const { status, answer } = REFUSALS[judgement.kind];
	node.logger.warn(`${node.getNode().name}: ${answer}, because ${judgement.reason}`);
	answerCallback(node, status, answer);
	return undefined;
}

/** Answers at once, whatever the workflow does. */
export function answerCallback(node: IWebhookFunctions, status: number, message: string): void {
	const response = node.getResponseObject();
	if (!response.headersSent) response.status(status).json({ message });
}

type Refusal = Exclude<Judgement['kind'], 'genuine'>;

const REFUSALS: Readonly<Record<Refusal, { status: number; answer: string }>> = {
	malformed: { status: 400, answer: 'This is not a callback of fal’s' },
	forged: { status: 401, answer: 'This callback is not proven to be fal’s' },
	undecided: { status: 503, answer: 'fal’s keys can’t be had now; send it again' },
};

function keySetOf(baseUrl: string): KeySet {
	const known = keySets.get(baseUrl) ?? new KeySet(n8nClock);
	keySets.set(baseUrl, known);
	return known;
}
