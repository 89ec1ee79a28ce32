/**
 * One try at a file: its bytes straight into n8n's binary store. Without the key, whatever the host: only
 * the helper that adds none is used here. Redirects are followed by hand, so that n8n's SSRF policy sees
 * each address, and a plain http one is not asked.
 */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { onAbort } from '../../engine/abort';
import { MINUTE, SECOND } from '../../engine/clock';
import { isRecord } from '../../engine/isRecord';
import { isPageInstead, nameOf, typeOf } from '../../engine/media/fileTypes';
import type { OutputFile } from '../../engine/media/outputFiles';
import { mediaAddress } from '../../fal/mediaAddress';
import { readNetworkError } from '../networkError';
import { messageOf } from '../parameterChecks';
import { isByteStream, readableOf, watched } from './byteStream';
import { Intake } from './intake';
import { final, type Missed, passing, tooLarge } from './missed';
import { StallWatch } from './stallWatch';

/** Who fetches, and within which bounds. */
export interface Fetching {
	readonly node: IExecuteFunctions;
	/** Of the credential; empty for fal itself. */
	readonly baseUrl: string;
	/** Bytes. */
	readonly most: number;
	/** Aborted when the execution is stopped. */
	readonly stop: AbortSignal | undefined;
}

export type Fetched =
	| {
			readonly kind: 'stored';
			readonly binary: IBinaryData;
			/** Bytes. */
			readonly size: number;
	  }
	| Missed;

/** As fal's own production advice has it; a large file on a slow line takes a while. */
const PATIENCE = { stall: 30 * SECOND, whole: 15 * MINUTE };
const MOST_REDIRECTS = 3;

/**
 * Never throws.
 *
 * @param place of the file in the output, from 0
 */
export async function fetchFile(
	file: OutputFile,
	place: number,
	fetching: Fetching,
): Promise<Fetched> {
	const watch = new StallWatch(PATIENCE, fetching.stop);
	const fetched = await follow(file, place, fetching, watch).catch((error: unknown) =>
		passing('broken_off', messageOf(error)),
	);
	watch.end();
	return fetched.kind === 'missed' && watch.signal.aborted
		? passing('no_answer', watch.reason)
		: fetched;
}

interface Answer {
	readonly kind: 'answer';
	readonly statusCode: number;
	readonly headers: Readonly<Record<string, unknown>>;
	readonly body: unknown;
}

async function follow(
	file: OutputFile,
	place: number,
	fetching: Fetching,
	watch: StallWatch,
): Promise<Fetched> {
	let at = file.url;
	for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
		const address = mediaAddress(at, fetching.baseUrl);
		if (!address) return final('not_allowed', 'only https addresses are fetched');
		const answer = await untilCutOff(ask(address, fetching), watch);
		if (answer.kind === 'missed') return answer;
		const { location } = answer.headers;
		const isRedirect = answer.statusCode >= 300 && answer.statusCode < 400;
		if (!isRedirect || typeof location !== 'string') {
			return await store(answer, file, place, fetching, watch);
		}
		close(answer);
		if (!URL.canParse(location, address)) break;
		at = new URL(location, address).href;
	}
	const message = `it was redirected more than ${MOST_REDIRECTS} times, or to nowhere`;
	return final('too_many_redirects', message);
}

async function ask(url: string, { node }: Fetching): Promise<Answer | Missed> {
	let answer: unknown;
	try {
		answer = await node.helpers.httpRequest({
			method: 'GET',
			url,
			// Compressed, its length would tell nothing; and pictures and films are compressed anyway.
			headers: { accept: '*/*', 'accept-encoding': 'identity' },
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
			timeout: PATIENCE.stall,
		});
	} catch (error) {
		const { reason } = readNetworkError(error);
		return isRefusedByN8n(error) ? final('not_allowed', reason) : passing('not_reached', reason);
	}
	if (!isRecord(answer) || typeof answer.statusCode !== 'number' || !isRecord(answer.headers)) {
		return passing('no_answer', 'n8n gave no full response');
	}
	const { statusCode, headers, body } = answer;
	return { kind: 'answer', statusCode, headers, body };
}

/** n8n's SSRF policy says the same the next time. */
function isRefusedByN8n(error: unknown): boolean {
	for (let cause = error, depth = 0; isRecord(cause) && depth < 8; cause = cause.cause, depth++) {
		if (/^SsrfBlocked/.test(cause.constructor.name)) return true;
	}
	return false;
}

/** An answer that comes after that has its body closed, unread. */
async function untilCutOff(
	sent: Promise<Answer | Missed>,
	watch: StallWatch,
): Promise<Answer | Missed> {
	return await new Promise((resolve) => {
		const forget = onAbort(watch.signal, () => {
			void sent.then(close);
			resolve(passing('no_answer', watch.reason));
		});
		void sent.then((answer) => {
			forget();
			resolve(answer);
		});
	});
}

function close(answer: Answer | Missed): void {
	if (answer.kind === 'answer' && isByteStream(answer.body)) answer.body.destroy?.();
}

async function store(
	answer: Answer,
	file: OutputFile,
	place: number,
	{ node, most }: Fetching,
	watch: StallWatch,
): Promise<Fetched> {
	const { body, headers } = answer;
	const length = lengthOf(headers);
	const objection = objectionTo(answer, file, length, most);
	if (objection || !isByteStream(body)) {
		close(answer);
		return objection ?? passing('no_answer', 'the answer is empty');
	}
	const intake = new Intake(length, most);
	const stream = readableOf(body, intake.of(watched(body, watch)));
	if (!stream) return final('not_stored', 'n8n gave no stream');
	const type = typeOf(file, text(headers['content-type']));
	try {
		const binary = await node.helpers.prepareBinaryData(stream, nameOf(file, type, place), type);
		return { kind: 'stored', binary, size: intake.size };
	} catch (error) {
		// Of bytes that did not come, n8n's store may tell by another name.
		return intake.missed ?? passing('not_stored', `n8n could not store it: ${messageOf(error)}`);
	} finally {
		stream.destroy();
	}
}

function objectionTo(
	{ statusCode, headers }: Answer,
	file: OutputFile,
	length: number | undefined,
	most: number,
): Missed | undefined {
	if (statusCode !== 200) {
		const message = `the answer has the HTTP status ${statusCode}`;
		return { ...passing('http_status', message), statusCode };
	}
	if (length !== undefined && length > most) return tooLarge(most, length);
	if (isPageInstead(file, text(headers['content-type']))) {
		return passing('wrong_type', 'a web page came in its place');
	}
	return undefined;
}

/** Of what is sent as it is; of a compressed body it is the length of something else. */
function lengthOf(headers: Answer['headers']): number | undefined {
	const encoding = text(headers['content-encoding']) ?? 'identity';
	const length = Number(text(headers['content-length']) ?? Number.NaN);
	return encoding === 'identity' && Number.isSafeInteger(length) ? length : undefined;
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}
