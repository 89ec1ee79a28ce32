/**
 * fal's callbacks: signed with Ed25519, delivered at least once, tried again until the receiver
 * answers 2xx or the result has expired (fal-queue.md 5).
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Clock } from './clock';
import { answerOf, isForgotten } from './jobs';
import type { Job } from './jobs';
import { writeJson } from './json';
import type { LocalFalOptions } from './options';

/** One attempt to deliver a callback, for tests that count them. */
export interface Delivery {
	readonly at: number;
	readonly requestId: string;
	readonly url: string;
	/** From 1; a duplicate starts again at 1. */
	readonly attempt: number;
	readonly outcome: DeliveryOutcome;
	/** What the receiver answered, if it did. */
	readonly status?: number;
}

export type DeliveryOutcome =
	| 'acknowledged'
	/** Lost on the way, by one of our own switches. */
	| 'dropped'
	/** Time-out, network error, 4xx or 5xx: comes again. */
	| 'retried'
	/** 3xx: not followed and not tried again (5.3). */
	| 'rejected';

/** Retries, at most (5.3). */
const RETRIES = 31;
/** The real schedule is not known, only that it grows (5.3): 1 s, 2 s, 4 s ... 4 minutes. */
const BACKOFF = { first: 1000, longest: 240_000 };
/** As long as the result lives: 1 h, or 6 min from 10 KB on (1.7). */
const LIFETIME = { small: 3_600_000, large: 360_000, largeFrom: 10_240 };
/** Far outside the 300 s that a receiver is to accept (5.4). */
const STALE_BY = 600;

export class Webhooks {
	readonly #options: LocalFalOptions;
	readonly #clock: Clock;
	readonly #keys = generateKeyPairSync('ed25519');
	readonly #foreignKeys = generateKeyPairSync('ed25519');
	#deliveries: Delivery[] = [];
	#stopped = new AbortController();
	#count = 0;

	constructor(options: LocalFalOptions, clock: Clock) {
		this.#options = options;
		this.#clock = clock;
	}

	get deliveries(): readonly Delivery[] {
		return this.#deliveries;
	}

	/** The public key, as `rest.fal.ai/.well-known/jwks.json` gives it (5.4). */
	jwks(): { keys: Array<{ kty: string; crv: string; x: string }> } {
		const { x = '' } = this.#keys.publicKey.export({ format: 'jwk' });
		return {
			keys: [{ kty: 'OKP', crv: 'Ed25519', x: this.#options.padJwksX ? `${x}=` : x }],
		};
	}

	/** Calls back about a job that has ended, if its submit asked for that. */
	announce(job: Job): void {
		const { webhookUrl } = job;
		// Whether fal calls back after a cancel is not known; a job it has forgotten surely gets none.
		if (webhookUrl === undefined || isForgotten(job, this.#options)) return;
		const {
			loseEvery,
			duplicateEvery,
			dropFirstEvery,
			lateEvery,
			lateBy = 5000,
		} = this.#options.webhooks;
		const number = ++this.#count;
		const isDue = (every: number | undefined): boolean =>
			every !== undefined && number % every === 0;
		if (isDue(loseEvery)) return;
		const body = this.#bodyOf(job);
		const delay = isDue(lateEvery) ? lateBy : 0;
		const deliver = (dropFirst: boolean): void =>
			void this.#deliver(job.requestId, webhookUrl, body, delay, dropFirst);
		deliver(isDue(dropFirstEvery));
		if (isDue(duplicateEvery)) deliver(false);
	}

	/** Forgets all callbacks, those on the way too. The clock must have been stopped. */
	reset(): void {
		this.#stopped.abort();
		this.#stopped = new AbortController();
		this.#deliveries = [];
		this.#count = 0;
	}

	/** OK, ERROR, or OK without its payload (5.2). */
	#bodyOf(job: Job): string {
		const { requestId: request_id, gatewayRequestId: gateway_request_id, progress } = job;
		if (progress.status !== 'COMPLETED') throw new TypeError('Only an ended job calls back.');
		const { status, body: payload } = answerOf(request_id, progress.ending);
		const ids = { request_id, gateway_request_id };
		if (status !== 200) {
			return writeJson({
				...ids,
				status: 'ERROR',
				error: `Invalid status code: ${status}`,
				payload,
			});
		}
		if (!this.#options.webhooks.payloadError) return writeJson({ ...ids, status: 'OK', payload });
		return writeJson({
			...ids,
			status: 'OK',
			payload: null,
			payload_error:
				'Response payload is not JSON serializable. Either return a JSON serializable object ' +
				'or use the queue endpoint to retrieve the response.',
		});
	}

	async #deliver(
		requestId: string,
		url: string,
		body: string,
		delay: number,
		dropFirst: boolean,
	): Promise<void> {
		const stopped = this.#stopped.signal;
		const lifetime = body.length < LIFETIME.largeFrom ? LIFETIME.small : LIFETIME.large;
		let age = delay;
		await this.#clock.wait(delay);
		for (let attempt = 1; attempt <= 1 + RETRIES && age < lifetime; attempt++) {
			const answer =
				attempt === 1 && dropFirst
					? ({ outcome: 'dropped' } as const)
					: await this.#post(requestId, url, body, attempt, stopped);
			if (stopped.aborted) return;
			this.#deliveries.push({ at: Date.now(), requestId, url, attempt, ...answer });
			if (answer.outcome === 'acknowledged' || answer.outcome === 'rejected') return;
			const backoff = Math.min(BACKOFF.first * 2 ** (attempt - 1), BACKOFF.longest);
			age += backoff;
			await this.#clock.wait(backoff * (this.#options.webhooks.delayScale ?? 1));
		}
	}

	async #post(
		requestId: string,
		url: string,
		body: string,
		attempt: number,
		stopped: AbortSignal,
	): Promise<{ outcome: DeliveryOutcome; status?: number }> {
		const { firstTimeout = 15_000, retryTimeout = 120_000 } = this.#options.webhooks;
		const timeout = AbortSignal.timeout(attempt === 1 ? firstTimeout : retryTimeout);
		try {
			const response = await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...this.#signatureOf(requestId, body) },
				body,
				redirect: 'manual',
				signal: AbortSignal.any([stopped, timeout]),
			});
			// An answer that nobody reads would hold its connection open.
			await response.body?.cancel();
			const { ok, status } = response;
			if (ok) return { outcome: 'acknowledged', status };
			return { outcome: status < 400 ? 'rejected' : 'retried', status };
		} catch {
			return { outcome: 'retried' };
		}
	}

	/** The four headers, signed over the raw body (5.4). */
	#signatureOf(requestId: string, body: string): Record<string, string> {
		const { signature = 'good', userId = 'local-user' } = this.#options.webhooks;
		const now = Math.floor(Date.now() / 1000);
		const timestamp = String(signature === 'stale' ? now - STALE_BY : now);
		const bodyHash = createHash('sha256').update(body).digest('hex');
		const message = [requestId, userId, timestamp, bodyHash].join('\n');
		const key: KeyObject = (signature === 'wrong' ? this.#foreignKeys : this.#keys).privateKey;
		return {
			'x-fal-webhook-request-id': requestId,
			'x-fal-webhook-user-id': userId,
			'x-fal-webhook-timestamp': timestamp,
			'x-fal-webhook-signature': sign(null, Buffer.from(message), key).toString('hex'),
		};
	}
}
