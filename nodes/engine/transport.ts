/**
 * What the engine needs of fal: four calls. None of them throws: every way a call can go is a case of
 * a closed union, so that the compiler finds the one that was forgotten.
 */

/** What is to become a job: which model, with which input, under which conditions. */
export interface Submission {
	readonly model: string;
	readonly input: Readonly<Record<string, unknown>>;
	readonly conditions: Conditions;
}

/** fal's options for a submit; absent means fal's own default. */
export interface Conditions {
	/** Where fal posts the result when the job ends. */
	readonly webhookUrl?: string;
	readonly priority?: 'normal' | 'low';
	/** Session affinity: jobs with the same hint prefer the same runner. */
	readonly runnerHint?: string;
	/** Seconds until the job must have started, else fal drops it. */
	readonly startTimeout?: number;
	/** Whether fal's own up to ten retries are switched off. */
	readonly noRetry?: boolean;
	/** Whether fal keeps input and output in the request history; fal's default is yes. */
	readonly storePayloads?: boolean;
	/** Seconds the generated media are kept; absent means the account's setting. */
	readonly mediaExpiration?: number;
}

/** All that is needed to ask fal about a job. */
export interface Handle {
	readonly requestId: string;
	readonly model: string;
}

/** Header names in lower case. */
export type ReplyHeaders = Readonly<Record<string, string>>;

/** In every answer of fal's that is about a request. */
export const REQUEST_ID = 'x-fal-request-id';

export type Reply<Body> =
	/** A 2xx with the body that belongs there. */
	| {
			readonly kind: 'answered';
			readonly status: number;
			readonly headers: ReplyHeaders;
			readonly body: Body;
	  }
	/** Any other HTTP status; `body` is the JSON or the text that came with it. */
	| {
			readonly kind: 'rejected';
			readonly status: number;
			readonly headers: ReplyHeaders;
			readonly body: unknown;
	  }
	/** A 2xx whose body is not what fal sends: not JSON, too large, cut off, without a request id. */
	| {
			readonly kind: 'unreadable';
			readonly status: number;
			readonly reason: string;
			/** It will be the next time, too. */
			readonly tooLarge?: boolean;
	  }
	/** Nothing reached fal, for certain: connection refused, unknown host. */
	| { readonly kind: 'unsent'; readonly reason: string }
	/** It was sent, or may have been, and no answer came: reset, time-out. */
	| { readonly kind: 'lost'; readonly reason: string };

/** Every way in which a call can go wrong. */
export type FailedReply = Exclude<Reply<never>, { kind: 'answered' }>;

export interface Accepted {
	readonly requestId: string;
	readonly queuePosition?: number;
}

export interface LogLine {
	readonly message: string;
	readonly timestamp?: string;
	readonly level?: string;
	readonly source?: string;
}

export type StatusReport =
	| { readonly status: 'IN_QUEUE'; readonly queuePosition?: number; readonly logs: LogLine[] }
	| { readonly status: 'IN_PROGRESS'; readonly logs: LogLine[] }
	/** fal has no FAILED: whether the job succeeded, the result call tells for certain. */
	| {
			readonly status: 'COMPLETED';
			readonly logs: LogLine[];
			/** Why it failed: fal says so of its own errors, and not of every model's. */
			readonly error?: string;
			readonly errorType?: string;
			/** Seconds of work, as fal measured them. */
			readonly inferenceTime?: number;
	  };

export interface Result {
	readonly output: unknown;
	/** Units billed, from the header `X-Fal-Billable-Units`. */
	readonly billableUnits?: number;
}

/** fal's word on a cancel, whatever HTTP status came with it. */
export type CancelVerdict = 'CANCELLATION_REQUESTED' | 'ALREADY_COMPLETED' | 'NOT_FOUND';

export interface Transport {
	/** The one call that costs money. It is sent to its end even when the execution is stopped. */
	submit(submission: Submission): Promise<Reply<Accepted>>;
	/** Gives up at once (`lost`) when the execution is stopped, as `result` does. */
	status(handle: Handle, options: { readonly logs: boolean }): Promise<Reply<StatusReport>>;
	result(handle: Handle): Promise<Reply<Result>>;
	/** Works after the execution was stopped, too. */
	cancel(handle: Handle): Promise<Reply<CancelVerdict>>;
}
