/**
 * One HTTP exchange with fal, as a closed union: what sends it is passed in (n8n's own helper, see
 * `../n8n/n8nHttp.ts`), so that n8n's credentials, proxy and SSRF policy apply to every request.
 */
import type { ReplyHeaders } from '../engine/transport';

export interface HttpRequest {
	readonly method: string;
	/** Always one of fal's own addresses; the Base URL is applied by what sends it. */
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
	readonly limits: HttpLimits;
	/** Whether the request runs to its end even when the execution is stopped. */
	readonly survivesStop: boolean;
}

/** Sizes and times are bounded: no answer may fill the memory of the n8n it came to. */
export interface HttpLimits {
	/** Milliseconds for the whole exchange. */
	readonly time: number;
	/** Bytes of the answer's body. */
	readonly bytes: number;
}

export type HttpOutcome =
	| {
			readonly kind: 'answer';
			readonly status: number;
			readonly headers: ReplyHeaders;
			readonly text: string;
	  }
	/** An answer whose body is larger than the limit, or broke off. */
	| {
			readonly kind: 'broken';
			readonly status: number;
			readonly headers: ReplyHeaders;
			readonly reason: string;
			readonly tooLarge?: boolean;
	  }
	/** The other side received nothing, for certain. */
	| { readonly kind: 'unsent'; readonly reason: string }
	| { readonly kind: 'lost'; readonly reason: string };

/** Sends one request. Never throws, never follows a redirect, never tries again. */
export type SendHttp = (request: HttpRequest) => Promise<HttpOutcome>;

export interface HeldRequest {
	/** Always one of fal's own addresses, as above. */
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	/** Milliseconds until the answer must have begun. */
	readonly patience: number;
}

/** Who reads an answer as it comes. Both say what is wrong with it, if something is. */
export interface AnswerReader {
	begin(status: number, headers: ReplyHeaders): string | undefined;
	take(bytes: Uint8Array): string | undefined;
}

/**
 * Sends a GET, and has its answer read until it ends, the reader objects, or the signal aborts. Never
 * throws, never follows a redirect, never tries again.
 *
 * @returns once its connection is closed: why it ended, in a few words
 */
export type HoldHttp = (
	request: HeldRequest,
	reader: AnswerReader,
	signal: AbortSignal,
) => Promise<string>;
