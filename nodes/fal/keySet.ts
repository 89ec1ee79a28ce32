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
import type { HttpLimits, HttpOutcome, SendHttp } from './http';
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
	#fetching: Promise<void> | undefined;
	/** Why the latest fetch brought no keys, if it brought none. */
	#problem: string | undefined;

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
		await this.#refresh(send);
		if (this.#isSigned(callback)) return { kind: 'genuine', callback };
		// It may be signed with a newer key than the ones we know.
		if (this.#problem) return { kind: 'undecided', reason: this.#problem };
		return { kind: 'forged', reason: 'its signature is by none of fal’s keys' };
	}

	#isSigned(callback: UnprovenCallback): boolean {
		const fresh = this.clock.now() - this.#fetchedAt < KEPT_FOR;
		return fresh && isSignedByAny(callback, this.#keys);
	}

	async #refresh(send: SendHttp): Promise<void> {
		if (!this.#fetching && this.clock.now() - this.#triedAt >= BETWEEN_FETCHES) {
			this.#triedAt = this.clock.now();
			this.#fetching = this.#fetch(send).finally(() => (this.#fetching = undefined));
		}
		await this.#fetching;
	}

	async #fetch(send: SendHttp): Promise<void> {
		const outcome = await send({
			method: 'GET',
			url: 'https://rest.fal.ai/.well-known/jwks.json',
			headers: { accept: 'application/json' },
			limits: LIMITS,
			survivesStop: true,
		});
		const keys = readAnswer(outcome);
		if (typeof keys === 'string') {
			this.#problem = keys;
			return;
		}
		this.#problem = undefined;
		this.#keys = keys;
		this.#fetchedAt = this.clock.now();
	}
}

/** @returns the keys, or why there are none */
function readAnswer(outcome: HttpOutcome): KeyObject[] | string {
	if (outcome.kind !== 'answer') return outcome.reason;
	const keys = outcome.status === 200 ? readKeySet(parseJson(outcome.text)?.value) : undefined;
	return keys ?? `fal’s key set can’t be read (HTTP status ${outcome.status})`;
}
