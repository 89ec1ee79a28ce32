/**
 * The engine's four calls, made by fal's official client. The client builds every queue request and
 * parses every answer; what it must not do is decide to send one again (it would repeat the submit
 * POST, and may so bill a job twice), so everything but a 2xx leaves it as an error of ours, which it
 * does not know as one to retry.
 */
import { createFalClient, type QueueClient } from '@fal-ai/client';
import { MINUTE, SECOND } from '../engine/clock';
import type {
	Accepted,
	CancelVerdict,
	Conditions,
	FailedReply,
	Handle,
	Reply,
	ReplyHeaders,
	Submission,
	Transport,
} from '../engine/transport';
import { readAccepted, readCancelRefusal, readStatus } from './answers';
import type { HttpLimits, HttpOutcome, SendHttp } from './http';
import { parseJson } from './json';

/** In every answer that is about a request. */
const REQUEST_ID = 'x-fal-request-id';

type Answer = HttpOutcome & { kind: 'answer' };

const MEGABYTE = 1_000_000;

/** Inputs with pictures in them go out, a few lines come back. */
const SUBMIT: HttpLimits = { time: 2 * MINUTE, bytes: MEGABYTE };
const STATUS: HttpLimits = { time: 30 * SECOND, bytes: 8 * MEGABYTE };
/** Room for a few pictures as data URIs; a film belongs on fal's CDN, not into an n8n item. */
const RESULT: HttpLimits = { time: MINUTE, bytes: 32 * MEGABYTE };
const CANCEL: HttpLimits = { time: 15 * SECOND, bytes: MEGABYTE };

export class FalTransport implements Transport {
	/** Requests sent so far, by kind. */
	readonly sent = { submit: 0, status: 0, result: 0, cancel: 0 };

	constructor(private readonly send: SendHttp) {}

	async submit({ model, input, conditions }: Submission) {
		this.sent.submit++;
		const { webhookUrl, priority, runnerHint, mediaExpiration } = conditions;
		const options = {
			input,
			headers: headersOf(conditions),
			...(webhookUrl && { webhookUrl }),
			...(priority && { priority }),
			...(runnerHint && { hint: runnerHint }),
			...(mediaExpiration && { storageSettings: { expiresIn: mediaExpiration } }),
		};
		let named: Accepted | undefined;
		const reply = await this.#ask(
			{ limits: SUBMIT, survivesStop: true },
			async (queue) => await queue.submit<string>(model, options),
			readAccepted,
			({ status, headers }) => {
				if (isSuccess(status)) named = readAccepted({ request_id: headers[REQUEST_ID] });
			},
		);
		// fal took the job: what became of the body on its way, its headers name the request.
		const wasTaken = reply.kind === 'unreadable' && named;
		return wasTaken ? { ...reply, kind: 'answered' as const, headers: {}, body: wasTaken } : reply;
	}

	async status({ model, requestId }: Handle, { logs }: { readonly logs: boolean }) {
		this.sent.status++;
		return await this.#ask(
			{ limits: STATUS, survivesStop: false },
			async (queue) => await queue.status(model, { requestId, logs }),
			readStatus,
		);
	}

	async result({ model, requestId }: Handle) {
		this.sent.result++;
		return await this.#ask(
			{ limits: RESULT, survivesStop: false },
			async (queue) => (await queue.result<string>(model, { requestId })).data,
			(output, headers) => {
				const billableUnits = Number(headers['x-fal-billable-units'] || Number.NaN);
				return { output, ...(Number.isFinite(billableUnits) && { billableUnits }) };
			},
		);
	}

	async cancel({ model, requestId }: Handle) {
		this.sent.cancel++;
		const reply = await this.#ask(
			{ limits: CANCEL, survivesStop: true },
			async (queue) => await queue.cancel(model, { requestId }),
			(): CancelVerdict => 'CANCELLATION_REQUESTED',
		);
		if (reply.kind === 'unreadable') {
			// Any 2xx to a cancel is a yes, whatever its body.
			const body: CancelVerdict = 'CANCELLATION_REQUESTED';
			return { kind: 'answered' as const, status: reply.status, headers: {}, body };
		}
		if (reply.kind !== 'rejected') return reply;
		const { status, headers, body } = reply;
		const verdict = readCancelRefusal(status, body);
		return verdict ? { kind: 'answered' as const, status, headers, body: verdict } : reply;
	}

	async #ask<Body>(
		manner: { limits: HttpLimits; survivesStop: boolean },
		question: (queue: QueueClient) => Promise<unknown>,
		check: (value: unknown, headers: ReplyHeaders) => Body | undefined,
		hearHeaders: (answer: { status: number; headers: ReplyHeaders }) => void = () => {},
	): Promise<Reply<Body>> {
		let heard: Answer | undefined;
		let asked = false;
		const client = createFalClient({
			// The key is n8n's to add; the client would look for one in the environment.
			credentials: () => undefined,
			fetch: async (url, init) => {
				const request = {
					method: init?.method ?? 'GET',
					url: String(url),
					headers: Object.fromEntries(new Headers(init?.headers)),
					...(typeof init?.body === 'string' && { body: init.body }),
					...manner,
				};
				asked = true;
				const outcome = await this.send(request);
				if ('headers' in outcome) hearHeaders(outcome);
				const answer = successful(outcome);
				heard = answer;
				return new FalResponse(answer);
			},
		});
		try {
			const value = await question(client.queue);
			if (!heard) throw new Error('The client gave an answer without asking fal');
			const { status, headers } = heard;
			const body = check(value, headers);
			if (body !== undefined) return { kind: 'answered', status, headers, body };
			return { kind: 'unreadable', status, reason: 'the answer is not what fal sends' };
		} catch (error) {
			if (error instanceof Unsuccessful) return error.reply;
			// Not fal's doing and not the network's: still, no job and no request id may be lost over it.
			const reason = error instanceof Error ? error.message : String(error);
			return { kind: asked ? 'lost' : 'unsent', reason };
		}
	}
}

/** Options that the client has no field for. Names as in fal's reference of common parameters. */
function headersOf({ startTimeout, noRetry, storePayloads }: Conditions): Record<string, string> {
	return {
		...(startTimeout && { 'x-fal-request-start-timeout': String(startTimeout) }),
		...(noRetry && { 'x-fal-no-retry': '1' }),
		...(storePayloads === false && { 'x-fal-store-io': '0' }),
	};
}

/** Takes a failed exchange past the client. It has no `code` and no `cause`, by which the client retries. */
class Unsuccessful extends Error {
	constructor(readonly reply: FailedReply) {
		super(`fal call: ${reply.kind}`);
	}
}

function successful(outcome: HttpOutcome): Answer {
	switch (outcome.kind) {
		case 'unsent':
		case 'lost':
			throw new Unsuccessful(outcome);
		case 'broken':
			throw new Unsuccessful(brokenAnswer(outcome));
		case 'answer':
			if (isSuccess(outcome.status)) return outcome;
			throw new Unsuccessful({
				kind: 'rejected',
				status: outcome.status,
				headers: outcome.headers,
				body: jsonOrText(outcome.text),
			});
	}
}

function brokenAnswer(answer: HttpOutcome & { kind: 'broken' }): FailedReply {
	const { status, headers, reason, tooLarge } = answer;
	if (isSuccess(status))
		return { kind: 'unreadable', status, reason, ...(tooLarge && { tooLarge }) };
	return { kind: 'rejected', status, headers, body: reason };
}

function isSuccess(status: number): boolean {
	return status >= 200 && status < 300;
}

function jsonOrText(text: string): unknown {
	const parsed = parseJson(text);
	if (parsed) return parsed.value;
	return looksLikeHtml(text) ? undefined : text;
}

function looksLikeHtml(text: string): boolean {
	return /^\s*</.test(text);
}

/** An answer as the client wants it, parsed without losing digits, whatever its content type says. */
class FalResponse extends Response {
	constructor(private readonly answer: Answer) {
		super(null, { status: answer.status, headers: { 'content-type': 'application/json' } });
	}

	override readonly json = async () => {
		const { text, status } = this.answer;
		const parsed = parseJson(text);
		if (parsed) return parsed.value;
		const reason =
			text === ''
				? 'the answer is empty'
				: `the answer is not JSON but begins with "${text.slice(0, 40)}"`;
		throw new Unsuccessful({ kind: 'unreadable', status, reason });
	};
}
