/**
 * Uploads to fal's storage, by the official client's own code: `initiate`, then the bytes, in parts above
 * 90 MB. The client is given a file that is none but tells where its bytes are, and a `fetch` that sends
 * what goes to fal's API with the key, and bytes without.
 */
import { createFalClient } from '@fal-ai/client';
import { SECOND } from '../engine/clock';
import { type Failure, readFailure } from '../engine/failure';
import type { HttpLimits, HttpOutcome, SendHttp } from './http';
import { parseJson } from './json';

/** A file, or a part of one, whose bytes are somewhere else. */
export interface FileOfBytes {
	readonly name: string;
	readonly type: string;
	/** Bytes. */
	readonly size: number;
	/** Bytes from `start` to before `end`; asked for one after the other. */
	slice(start: number, end: number): FileOfBytes;
}

/** Puts bytes, or tells that all are there, at an address that fal gave. Never with the key. */
export type SendBytes = (request: {
	readonly method: string;
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: FileOfBytes | string;
}) => Promise<HttpOutcome>;

export type Stored =
	| { readonly kind: 'stored'; readonly url: string }
	| { readonly kind: 'unsent'; readonly reason: string }
	| { readonly kind: 'rejected'; readonly failure: Failure; readonly mayPass: boolean }
	| { readonly kind: 'broken'; readonly reason: string };

/** Some lines go out, and some come back. */
const INITIATE: HttpLimits = { time: 30 * SECOND, bytes: 1_000_000 };
const API = 'https://rest.fal.ai/';

export class FalStorage {
	/** Requests sent so far, by kind. */
	readonly sent = { upload: 0 };

	constructor(
		private readonly send: SendHttp,
		private readonly sendBytes: SendBytes,
		/** Before a part is sent again; told how often in a row it failed. */
		private readonly pause: (failures: number) => Promise<void>,
	) {}

	/**
	 * One try. Never throws.
	 *
	 * @param expiresIn seconds; absent for the account's setting
	 */
	async upload(file: FileOfBytes, expiresIn?: number): Promise<Stored> {
		const wire = new Wire(this.send, this.sendBytes, this.pause);
		// The key is n8n's to add; the client would look for one in the environment.
		const client = createFalClient({ credentials: () => undefined, fetch: wire.fetch });
		try {
			const options = expiresIn === undefined ? {} : { lifecycle: { expiresIn } };
			const url: unknown = await client.storage.upload(file as unknown as Blob, options);
			if (typeof url === 'string' && URL.canParse(url)) return { kind: 'stored', url };
			return { kind: 'broken', reason: 'fal’s answer names no address' };
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			return wire.trouble ?? { kind: 'broken', reason: message };
		} finally {
			this.sent.upload += wire.requests;
		}
	}

	/**
	 * Where a file of that name would be: asked by beginning an upload, which is then left.
	 *
	 * @returns nothing when fal could not be asked
	 */
	async addressFor(name: string): Promise<string | undefined> {
		let begun: string | undefined;
		const wire = new Wire(this.send, NOTHING, this.pause);
		wire.hear = (text) => {
			const value = parseJson(text)?.value as { file_url?: unknown } | null | undefined;
			begun = typeof value?.file_url === 'string' ? value.file_url : undefined;
		};
		const client = createFalClient({ credentials: () => undefined, fetch: wire.fetch });
		const nothing = { name, type: 'application/octet-stream', size: 1 };
		await client.storage.upload(nothing as unknown as Blob).catch(() => {});
		this.sent.upload += wire.requests;
		return begun;
	}
}

/** What the client sends, and why it could not go on. */
const NOTHING: SendBytes = async () => ({ kind: 'unsent', reason: 'it is only asked' });

class Wire {
	requests = 0;
	#failures = 0;
	trouble: Exclude<Stored, { kind: 'stored' }> | undefined;
	/** Told each good answer of fal's API. */
	hear: (text: string) => void = () => {};

	constructor(
		private readonly send: SendHttp,
		private readonly sendBytes: SendBytes,
		private readonly pause: (failures: number) => Promise<void>,
	) {}

	readonly fetch: typeof fetch = async (address, init) => {
		if (this.trouble) throw new NothingToShow();
		this.requests++;
		const url = String(address);
		const isApi = url.startsWith(API);
		const outcome = await this.#exchange(url, isApi, init);
		if (outcome.kind === 'answer' && outcome.status >= 200 && outcome.status < 300) {
			this.#failures = 0;
			if (isApi) this.hear(outcome.text);
			// An object store answers with nothing, or with whatever it likes: an etag is in a header then.
			const text = parseJson(outcome.text) ? outcome.text : etagOf(outcome);
			const headers = { 'content-type': 'application/json' };
			return new Response(text, { status: 200, headers });
		}
		this.#failures++;
		// The client sends a part three times, in no time.
		const isPart = !isApi && init?.method === 'PUT' && isPartOf(url);
		if (isPart && this.#failures < TRIES_OF_A_PART) await this.pause(this.#failures);
		else this.trouble = troubleOf(outcome, isApi);
		throw new NothingToShow();
	};

	async #exchange(
		url: string,
		isApi: boolean,
		init: RequestInit | undefined,
	): Promise<HttpOutcome> {
		const method = init?.method ?? 'GET';
		const headers = Object.fromEntries(new Headers(init?.headers));
		const body = init?.body as unknown as FileOfBytes | string;
		if (!isApi) return await this.sendBytes({ method, url, headers, body });
		return await this.send({
			method,
			url,
			headers,
			body: String(body),
			limits: INITIATE,
			survivesStop: false,
		});
	}
}

/** The client's own figure. */
const TRIES_OF_A_PART = 3;

/** The client puts the number of a part behind the address of the whole. */
function isPartOf(url: string): boolean {
	return /\/\d+$/.test(new URL(url).pathname);
}

/** It has no `code` and no `cause`, by which the client would try again. */
class NothingToShow extends Error {}

function etagOf({ headers }: HttpOutcome & { kind: 'answer' }): string {
	return JSON.stringify(headers.etag === undefined ? {} : { etag: headers.etag });
}

function troubleOf(outcome: HttpOutcome, isApi: boolean): Exclude<Stored, { kind: 'stored' }> {
	switch (outcome.kind) {
		case 'unsent':
			// Whether a storage host is there says nothing of fal's queue.
			return isApi ? outcome : { kind: 'broken', reason: outcome.reason };
		case 'lost':
			return { kind: 'broken', reason: outcome.reason };
		case 'broken':
			if (outcome.status < 300) return { kind: 'broken', reason: outcome.reason };
			return rejected(outcome.status, outcome.headers, outcome.reason, isApi);
		case 'answer': {
			const { status, headers, text } = outcome;
			const body = parseJson(text)?.value ?? (/^\s*</.test(text) ? undefined : text);
			return rejected(status, headers, body, isApi);
		}
	}
}

/** To put bytes anew, at another address, may help against anything; fal's API means what it says. */
function rejected(
	status: number,
	headers: Readonly<Record<string, string>>,
	body: unknown,
	isApi: boolean,
): Exclude<Stored, { kind: 'stored' }> {
	const failure = readFailure(status, headers, body);
	const mayPass = !isApi || status >= 500 || status === 408 || status === 429;
	return { kind: 'rejected', failure, mayPass };
}
