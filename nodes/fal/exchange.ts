/**
 * One exchange that the official client has with fal, and what became of it. The client builds the request
 * and hands out the answer; it must not decide to send a request again (it would repeat the submit POST,
 * which may bill a job twice), so it only ever sees a 2xx.
 */
import type { FailedReply, Reply } from '../engine/transport';
import type { HttpLimits, HttpOutcome, SendHttp } from './http';
import { parseJson } from './json';

export interface Manner {
	readonly limits: HttpLimits;
	readonly survivesStop: boolean;
}

export class Exchange {
	#isSent = false;
	#outcome: HttpOutcome | undefined;

	constructor(
		private readonly send: SendHttp,
		private readonly manner: Manner,
	) {}

	/** For the client. Anything but a 2xx rejects, with an error that the client does not retry. */
	readonly fetch: typeof fetch = async (url, init) => {
		const request = {
			method: init?.method ?? 'GET',
			url: String(url),
			// Throws over a header that can't be one; nothing has left by then.
			headers: Object.fromEntries(new Headers(init?.headers)),
			...(typeof init?.body === 'string' && { body: init.body }),
			...this.manner,
		};
		this.#isSent = true;
		this.#outcome = await this.send(request);
		if (isGood(this.#outcome)) return new ShownAnswer(this.#outcome);
		throw new NothingToShow();
	};

	/** Headers of the answer, also of one that broke off; none if none came. */
	get headers() {
		return this.#outcome && 'headers' in this.#outcome ? this.#outcome.headers : {};
	}

	/**
	 * The outcome of the exchange.
	 *
	 * @param body what the client returned; absent when it failed, or its answer did not pass the check
	 * @param error what the client threw, if it did
	 */
	reply<Body>(body: Body | undefined, error?: unknown): Reply<Body> {
		const outcome = this.#outcome;
		if (!outcome || (error && isGood(outcome) && !(error instanceof NotJson))) {
			// Neither fal nor the network caused this; still, no job and no request ID may be lost because of it.
			return { kind: this.#isSent ? 'lost' : 'unsent', reason: messageOf(error) };
		}
		if (!isGood(outcome)) return failedReply(outcome);
		const { status, headers } = outcome;
		if (body !== undefined) return { kind: 'answered', status, headers, body };
		const reason = error ? messageOf(error) : 'the answer is not what fal sends';
		return { kind: 'unreadable', status, reason };
	}
}

type Answer = HttpOutcome & { kind: 'answer' };

function isGood(outcome: HttpOutcome): outcome is Answer {
	return outcome.kind === 'answer' && isSuccess(outcome.status);
}

function isSuccess(status: number): boolean {
	return status >= 200 && status < 300;
}

function failedReply(outcome: HttpOutcome): FailedReply {
	switch (outcome.kind) {
		case 'unsent':
		case 'lost':
			return outcome;
		case 'broken': {
			const { status, headers, reason, tooLarge } = outcome;
			if (!isSuccess(status)) return { kind: 'rejected', status, headers, body: reason };
			return { kind: 'unreadable', status, reason, ...(tooLarge && { tooLarge }) };
		}
		case 'answer': {
			const { status, headers, text } = outcome;
			return { kind: 'rejected', status, headers, body: jsonOrText(text) };
		}
	}
}

function jsonOrText(text: string): unknown {
	const parsed = parseJson(text);
	if (parsed) return parsed.value;
	const looksLikeHtml = /^\s*</.test(text);
	return looksLikeHtml ? undefined : text;
}

/** An answer as the client wants it, parsed without losing digits, whatever its content type says. */
class ShownAnswer extends Response {
	constructor(private readonly answer: Answer) {
		super(null, { status: answer.status, headers: { 'content-type': 'application/json' } });
	}

	override readonly json = async () => {
		const { text } = this.answer;
		const parsed = parseJson(text);
		if (parsed) return parsed.value;
		throw new NotJson(
			text === ''
				? 'the answer is empty'
				: `the answer is not JSON but begins with "${text.slice(0, 40)}"`,
		);
	};
}

class NotJson extends Error {}

/** It has no `code` and no `cause`: those would make the client try again. */
class NothingToShow extends Error {}

function messageOf(error: unknown): string {
	if (error === undefined) return 'the client gave an answer without asking fal';
	return error instanceof Error ? error.message : String(error);
}
