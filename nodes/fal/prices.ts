/**
 * What models cost, from fal's platform API: https://docs.fal.ai/platform-apis/v1/models/pricing and
 * .../pricing/estimate. Reading prices is free, and bounded in calls, time and size.
 */
import pLimit from 'p-limit';
import { backoffDelay, parseRetryAfter, READ_BACKOFF } from '../engine/backoff';
import { type Clock, SECOND } from '../engine/clock';
import { type Failure, readFailure } from '../engine/failure';
import { isRecord } from '../engine/isRecord';
import type { Price, Prices, Pricing } from '../engine/spending/price';
import type { HttpLimits, HttpRequest, SendHttp } from './http';
import { parseJson } from './json';

const LIMITS: HttpLimits = { time: 15 * SECOND, bytes: 1_000_000 };

/** fal's own bound on one call. */
const IDS_A_CALL = 50;
/** A batch of a thousand models is a mistake in an expression, not a batch. */
const MOST_MODELS = 500;
/** One unknown model has fal refuse the whole call, which is then split. */
const MOST_CALLS = 80;
/** fal estimates a sum over all models that are asked for, so each has a call of its own. */
const MOST_ESTIMATES = 50;
const CALLS_AT_ONCE = 4;
const TRIES = 3;

export interface PriceList {
	readonly prices: Prices;
	/** Why the prices could not be read, or not all; a model that fal does not know is no such reason. */
	readonly failure?: Failure;
}

export interface PriceReader {
	readonly send: SendHttp;
	readonly clock: Clock;
	readonly signal?: AbortSignal | undefined;
	readonly random?: () => number;
	/** Less than usual, where somebody waits for a list. */
	readonly patience?: Patience;
}

export interface Patience {
	readonly calls: number;
	readonly tries: number;
	/** Milliseconds for one try. */
	readonly time: number;
}

export class FalPrices {
	/** Requests sent so far, by kind. */
	readonly sent = { pricing: 0, estimate: 0 };

	constructor(private readonly by: PriceReader) {}

	/** Never throws. */
	async unitPrices(models: Iterable<string>): Promise<PriceList> {
		const ids = [...new Set(models)].slice(0, MOST_MODELS);
		const prices = new Map<string, Pricing>();
		let failure: Failure | undefined;
		const open = chunks(ids);
		for (
			let asked = open.shift();
			asked && this.sent.pricing < this.#patience.calls;
			asked = open.shift()
		) {
			const answer = await this.#ask(priceRequest(asked), 'pricing');
			if (answer.kind === 'read') {
				for (const [id, price] of readPrices(answer.body)) prices.set(id, { price });
			} else if (answer.failure.statusCode !== 404) {
				failure = answer.failure;
				break;
			} else if (asked.length > 1) {
				const middle = Math.ceil(asked.length / 2);
				open.unshift(asked.slice(0, middle), asked.slice(middle));
			}
		}
		return { prices, ...(failure && { failure }) };
	}

	/**
	 * Adds what a call has cost on average, by fal's own account. Never throws; what can't be had is left
	 * out, and so is a currency other than the price's.
	 */
	async withHistory(prices: Prices, models: Iterable<string>): Promise<Prices> {
		const calls = pLimit(CALLS_AT_ONCE);
		const all = new Map(prices);
		const ids = [...new Set(models)].slice(0, MOST_ESTIMATES);
		await Promise.all(
			ids.map((id) =>
				calls(async () => {
					const answer = await this.#ask(estimateRequest(id), 'estimate');
					const estimate = answer.kind === 'read' ? readEstimate(answer.body) : undefined;
					const { price } = all.get(id) ?? {};
					if (!estimate || !price || price.currency !== estimate.currency) return;
					all.set(id, { price, perCall: estimate.cost });
				}),
			),
		);
		return all;
	}

	get #patience(): Patience {
		return this.by.patience ?? { calls: MOST_CALLS, tries: TRIES, time: LIMITS.time };
	}

	async #ask(request: Request, kind: keyof FalPrices['sent']): Promise<Answer> {
		const { send, clock, signal, random = Math.random } = this.by;
		const limits = { ...LIMITS, time: this.#patience.time };
		for (let tries = 1; ; tries++) {
			this.sent[kind]++;
			const outcome = await send({ ...request, limits, survivesStop: false });
			const answer = readAnswer(outcome);
			const mayPass = answer.kind === 'failed' && answer.failure.retryable;
			if (!mayPass || tries >= this.#patience.tries || signal?.aborted) return answer;
			const headers = 'headers' in outcome ? outcome.headers : {};
			const asked = parseRetryAfter(headers['retry-after'], clock.now());
			const wait = backoffDelay(tries, READ_BACKOFF, random(), Math.min(asked, LIMITS.time));
			await clock.sleep(wait, signal);
		}
	}
}

type Request = Omit<HttpRequest, 'limits' | 'survivesStop'>;

type Answer =
	| { readonly kind: 'read'; readonly body: unknown }
	| { readonly kind: 'failed'; readonly failure: Failure };

function chunks(ids: readonly string[]): string[][] {
	const count = Math.ceil(ids.length / IDS_A_CALL);
	return Array.from({ length: count }, (_, i) => ids.slice(i * IDS_A_CALL, (i + 1) * IDS_A_CALL));
}

function priceRequest(ids: readonly string[]): Request {
	const parameters = new URLSearchParams(ids.map((id): [string, string] => ['endpoint_id', id]));
	return {
		method: 'GET',
		url: `https://api.fal.ai/v1/models/pricing?${parameters}`,
		headers: { accept: 'application/json' },
	};
}

function estimateRequest(id: string): Request {
	return {
		method: 'POST',
		url: 'https://api.fal.ai/v1/models/pricing/estimate',
		headers: { accept: 'application/json', 'content-type': 'application/json' },
		body: JSON.stringify({
			estimate_type: 'historical_api_price',
			endpoints: { [id]: { call_quantity: 1 } },
		}),
	};
}

function readAnswer(outcome: Awaited<ReturnType<SendHttp>>): Answer {
	if (outcome.kind !== 'answer') return { kind: 'failed', failure: noAnswer(outcome.reason) };
	const { status, headers, text } = outcome;
	const body = parseJson(text)?.value;
	if (status >= 200 && status < 300) {
		if (isRecord(body)) return { kind: 'read', body };
		return { kind: 'failed', failure: noAnswer('the answer is no list of prices') };
	}
	const failure = readFailure(status, headers, body);
	return { kind: 'failed', failure: { ...failure, retryable: status === 429 || status >= 500 } };
}

function noAnswer(message: string): Failure {
	return { type: 'not_reached', message, retryable: true };
}

function readPrices(body: unknown): Array<readonly [string, Price]> {
	if (!isRecord(body) || !Array.isArray(body.prices)) return [];
	return body.prices.filter(isRecord).flatMap((entry) => {
		const { endpoint_id: id, unit_price: unitPrice, unit, currency } = entry;
		if (typeof id !== 'string' || !isCost(unitPrice)) return [];
		if (typeof unit !== 'string' || typeof currency !== 'string' || !unit || !currency) return [];
		return [[id, { unitPrice, unit, currency }] as const];
	});
}

function readEstimate(body: unknown): { cost: number; currency: string } | undefined {
	if (!isRecord(body)) return undefined;
	const { total_cost: cost, currency } = body;
	// What costs nothing on average has no past to speak of.
	if (!isCost(cost) || cost === 0 || typeof currency !== 'string') return undefined;
	return { cost, currency };
}

function isCost(value: unknown): value is number {
	return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Such as `$0.025 per image`. */
export function priceInWords({ unitPrice, unit, currency }: Price): string {
	const amount = currency === 'USD' ? `$${unitPrice}` : `${unitPrice} ${currency}`;
	return `${amount} per ${unit.replace(/s$/, '')}`;
}
