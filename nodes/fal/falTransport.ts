/** The engine's four calls, made by fal's official client, which builds every request. See exchange.ts. */
import { createFalClient, type QueueClient } from '@fal-ai/client';
import { MINUTE, SECOND } from '../engine/clock';
import {
	type Accepted,
	type CancelVerdict,
	type Conditions,
	type Handle,
	type Reply,
	type ReplyHeaders,
	type Submission,
	type Transport,
	REQUEST_ID,
} from '../engine/transport';
import { readAccepted, readCancelRefusal, readStatus } from './answers';
import { Exchange, type Manner } from './exchange';
import type { HttpLimits, SendHttp } from './http';

const MEGABYTE = 1_000_000;

/** Inputs may contain pictures; only a few lines come back. */
const SUBMIT: HttpLimits = { time: 2 * MINUTE, bytes: MEGABYTE };
const STATUS: HttpLimits = { time: 30 * SECOND, bytes: 8 * MEGABYTE };
/** Room for a few pictures as data URIs; a film belongs on fal's CDN, not in an n8n item. */
const RESULT: HttpLimits = { time: MINUTE, bytes: 32 * MEGABYTE };
const CANCEL: HttpLimits = { time: 15 * SECOND, bytes: MEGABYTE };

export class FalTransport implements Transport {
	/** Requests sent so far, by kind. */
	readonly sent = { submit: 0, status: 0, result: 0, cancel: 0 };

	constructor(private readonly send: SendHttp) {}

	async submit({ model, input, conditions }: Submission): Promise<Reply<Accepted>> {
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
		const { reply, headers } = await this.#ask(
			{ limits: SUBMIT, survivesStop: true },
			async (queue) => await queue.submit<string>(model, options),
			readAccepted,
		);
		// fal took the job: whatever became of the body on its way, its headers name the request.
		const named = readAccepted({ request_id: headers[REQUEST_ID] });
		if (reply.kind === 'unreadable' && named) return answeredWith(reply.status, named);
		// An ID becomes part of an address, so only what looks like one is taken for one.
		if (reply.kind === 'rejected' && !named)
			return { ...reply, headers: without(headers, REQUEST_ID) };
		return reply;
	}

	async status({ model, requestId }: Handle, { logs }: { readonly logs: boolean }) {
		this.sent.status++;
		const { reply } = await this.#ask(
			{ limits: STATUS, survivesStop: false },
			async (queue) => await queue.status(model, { requestId, logs }),
			readStatus,
		);
		return reply;
	}

	async result({ model, requestId }: Handle) {
		this.sent.result++;
		const { reply } = await this.#ask(
			{ limits: RESULT, survivesStop: false },
			async (queue) => (await queue.result<string>(model, { requestId })).data,
			(output, headers) => {
				const billableUnits = Number(headers['x-fal-billable-units'] || Number.NaN);
				return { output, ...(Number.isFinite(billableUnits) && { billableUnits }) };
			},
		);
		return reply;
	}

	async cancel({ model, requestId }: Handle): Promise<Reply<CancelVerdict>> {
		this.sent.cancel++;
		const { reply } = await this.#ask<CancelVerdict>(
			{ limits: CANCEL, survivesStop: true },
			async (queue) => await queue.cancel(model, { requestId }),
			() => 'CANCELLATION_REQUESTED',
		);
		// Any 2xx to a cancel is a yes, whatever its body.
		if (reply.kind === 'unreadable') return answeredWith(reply.status, 'CANCELLATION_REQUESTED');
		if (reply.kind !== 'rejected') return reply;
		const { status, headers, body } = reply;
		const verdict = readCancelRefusal(status, body);
		return verdict ? answeredWith(status, verdict, headers) : reply;
	}

	async #ask<Body>(
		manner: Manner,
		question: (queue: QueueClient) => Promise<unknown>,
		check: (value: unknown, headers: ReplyHeaders) => Body | undefined,
	): Promise<{ readonly reply: Reply<Body>; readonly headers: ReplyHeaders }> {
		const exchange = new Exchange(this.send, manner);
		const client = createFalClient({
			// The key is n8n's to add; the client would look for one in the environment.
			credentials: () => undefined,
			fetch: exchange.fetch,
		});
		try {
			const value = await question(client.queue);
			const { headers } = exchange;
			return { reply: exchange.reply(check(value, headers)), headers };
		} catch (error) {
			return { reply: exchange.reply<Body>(undefined, error), headers: exchange.headers };
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

function answeredWith<Body>(status: number, body: Body, headers: ReplyHeaders = {}): Reply<Body> {
	return { kind: 'answered', status, headers, body };
}

function without(headers: ReplyHeaders, name: string): ReplyHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
}
