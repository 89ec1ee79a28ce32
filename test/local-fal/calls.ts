/**
 * The log of everything that was asked of the local fal, and exact counts by kind. The log keeps
 * the latest calls only; the counts know all.
 */
const CALL_KINDS = [
	'submit',
	'status',
	'status_stream',
	'result',
	'cancel',
	'run',
	'models',
	'pricing',
	'estimate',
	'billing',
	'history',
	'meta',
	'openapi',
	'jwks',
	'upload_initiate',
	'upload',
	'upload_part',
	'upload_complete',
	'media',
	'other',
] as const;

export type CallKind = (typeof CALL_KINDS)[number];

export interface Call {
	/** When it came in, in milliseconds since 1970. */
	readonly at: number;
	readonly kind: CallKind;
	/** The API key it brought. */
	readonly key?: string;
	/** The model's full id, as far as the call or its job tells. */
	model?: string;
	requestId?: string;
	prompt?: string;
	/** The answer's HTTP status; missing as long as there is none, or if none ever left. */
	status?: number;
}

/** Enough for 10,000 jobs with ten calls each. */
const CALLS_KEPT = 100_000;

export class CallLog {
	#calls: Call[] = [];
	#counts = noCalls();
	#openStreams = 0;
	#peakStreams = 0;

	get openStreams(): number {
		return this.#openStreams;
	}

	get peakStreams(): number {
		return this.#peakStreams;
	}

	/** @param connection closes once, however it ends */
	holdStream(connection: { once(event: 'close', hear: () => void): unknown }): void {
		this.#openStreams++;
		this.#peakStreams = Math.max(this.#peakStreams, this.#openStreams);
		connection.once('close', () => this.#openStreams--);
	}

	get calls(): readonly Call[] {
		return this.#calls;
	}

	get counts(): Readonly<Record<CallKind, number>> {
		return { ...this.#counts };
	}

	add(call: Call): Call {
		this.#counts[call.kind]++;
		this.#calls.push(call);
		// Cut in halves, not one by one: dropping the first entry each time would move all others.
		if (this.#calls.length > CALLS_KEPT) this.#calls.splice(0, CALLS_KEPT / 2);
		return call;
	}

	reset(): void {
		this.#calls = [];
		this.#counts = noCalls();
		this.#peakStreams = this.#openStreams;
	}
}

function noCalls(): Record<CallKind, number> {
	return Object.fromEntries(CALL_KINDS.map((kind) => [kind, 0])) as Record<CallKind, number>;
}
