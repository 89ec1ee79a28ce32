/**
 * fal's public keys for callbacks, kept for a day, and fetched again when a callback fits none of them
 * (keys change), but not more often than once a minute however many bad callbacks come.
 */
import type { KeyObject } from 'node:crypto';
import { type Clock, MINUTE, SECOND } from '../engine/clock';
import {
	type Callback,
	isSignedByAny,
	objectionTo,
	readCallback,
	readKeySet,
	type UnprovenCallback,
} from './callback';
import type { HttpLimits, SendHttp } from './http';
import { parseJson } from './json';

export type Judgement =
	| { readonly kind: 'genuine'; readonly callback: Callback }
	/** Not a callback of fal's: wrong form. */
	| { readonly kind: 'malformed'; readonly reason: string }
	/** Not proven to be fal's. */
	| { readonly kind: 'forged'; readonly reason: string }
	/** fal's keys can't be had now; fal will repeat the callback. */
	| { readonly kind: 'undecided'; readonly reason: string };

const LIMITS: HttpLimits = { time: 8 * SECOND, bytes: 1_000_000 };
const KEPT_FOR = 24 * 60 * MINUTE;
const BETWEEN_FETCHES = MINUTE;

export class KeySet {
	#keys: readonly KeyObject[] = [];
	#fetchedAt = Number.NEGATIVE_INFINITY;
	#triedAt = Number.NEGATIVE_INFINITY;
	#fetching: Promise<string | undefined> | undefined;

	constructor(private readonly clock: Clock) {}

	/** Decides on a callback. Never throws. */
	async judge(
		headers: Readonly<Record<string, unknown>>,
		rawBody: Uint8Array,
		send: SendHttp,
	): Promise<Judgement> {
		const read = readCallback(headers, rawBody);
		if (read.kind === 'malformed') return read;
		const { callback } = read;
		const objection = objectionTo(callback, this.clock.now());
		if (objection) return { kind: 'forged', reason: objection };
		if (this.#isSigned(callback)) return { kind: 'genuine', callback };
		const problem = await this.#refresh(send);
		if (this.#isSigned(callback)) return { kind: 'genuine', callback };
		if (problem) return { kind: 'undecided', reason: problem };
		return { kind: 'forged', reason: 'its signature is by none of fal’s keys' };
	}

	#isSigned(callback: UnprovenCallback): boolean {
		const fresh = this.clock.now() - this.#fetchedAt < KEPT_FOR;
		return fresh && isSignedByAny(callback, this.#keys);
	}

	/** @returns why there are no keys to judge by, if there are none */
	async #refresh(send: SendHttp): Promise<string | undefined> {
		if (!this.#fetching && this.clock.now() - this.#triedAt >= BETWEEN_FETCHES) {
			this.#triedAt = this.clock.now();
			this.#fetching = this.#fetch(send).finally(() => (this.#fetching = undefined));
		}
		const problem = await this.#fetching;
		const stale = this.clock.now() - this.#fetchedAt >= KEPT_FOR;
		return stale ? (problem ?? 'fal’s keys could not be fetched') : undefined;
	}

	async #fetch(send: SendHttp): Promise<string | undefined> {
		const outcome = await send({
			method: 'GET',
			url: 'https://rest.fal.ai/.well-known/jwks.json',
			headers: { accept: 'application/json' },
			limits: LIMITS,
			survivesStop: true,
		});
		if (outcome.kind !== 'answer') return outcome.reason;
		const keys = outcome.status === 200 && readKeySet(parseJson(outcome.text)?.value);
		if (!keys) return `fal’s key set can’t be read (HTTP status ${outcome.status})`;
		this.#keys = keys;
		this.#fetchedAt = this.clock.now();
		return undefined;
	}
}
