/**
 * A key that fal refuses, as opposed to a single request that this key may not read. Then nothing is known
 * about jobs that run and are paid for: to call them failed, or done, would be made up.
 */
import { type IExecuteFunctions, NodeApiError } from 'n8n-workflow';
import { endSentence, type Failure } from '../engine/failure';
import { isRefusedKey } from '../engine/following/barrier';
import { isTool } from '../n8n/toolAnswer';

/** Thrown when fal lets nothing be read: the run is over, and the jobs are as they were. */
export class RefusedKey extends Error {
	/** @param wereAllAsked whether fal was asked about all of them, and not only up to the first refusal */
	constructor(
		readonly failure: Failure,
		requests: number,
		{ wereAllAsked = true } = {},
	) {
		// A key that fal does not know is refused for all.
		const many = wereAllAsked || failure.statusCode === 401 ? 'any' : 'one';
		const whom = requests === 1 ? 'the request' : `${many} of ${requests} requests`;
		const { detail, message, statusCode } = failure;
		const said = typeof detail === 'string' ? detail : message;
		super(
			`fal did not let ${whom} be asked about: ${endSentence(said)} ${ADVICE[statusCode ?? 0] ?? ''}`,
		);
	}
}

const ADVICE: Readonly<Record<number, string>> = {
	401: 'Check the API Key in the Fal API credential.',
	403: 'Check the balance and the permissions of the API key in fal’s dashboard.',
};

/**
 * @param failures the refusal of each request; nothing for one that fal did answer about
 * @throws RefusedKey if fal answered about none of them because of the key
 */
export function checkKey(failures: ReadonlyArray<Failure | undefined>): void {
	const [first] = failures;
	const areAllRefused = failures.every((failure) => failure && isRefusedKey(failure));
	if (first && areAllRefused) throw new RefusedKey(first, failures.length);
}

export function errorOfTheKey(node: IExecuteFunctions, refused: RefusedKey): NodeApiError {
	const httpCode = String(refused.failure.statusCode);
	const message = isTool(node) ? `${refused.message} ${TO_AN_AGENT}` : refused.message;
	const description = JOBS_GO_ON;
	return new NodeApiError(
		node.getNode(),
		{ message, httpCode },
		{ message, description, httpCode },
	);
}

const JOBS_GO_ON =
	'The jobs themselves go on at fal. The input of this node has all their request IDs: run it again when the key is in order.';

export const TO_AN_AGENT =
	'The job goes on at fal. Do not generate again, and do not call this tool again; tell the user what has to be put right.';
