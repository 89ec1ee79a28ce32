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
	/** Whether the request is sent to its end although the execution was stopped. */
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
	/** For certain, nothing was received at the other side. */
	| { readonly kind: 'unsent'; readonly reason: string }
	| { readonly kind: 'lost'; readonly reason: string };

/** Sends one request. Never throws, never follows a redirect, never tries again. */
export type SendHttp = (request: HttpRequest) => Promise<HttpOutcome>;
