/**
 * fal following a script: it takes every job, finishes it at the first look and gives its result,
 * save for what the test has it say instead. It writes down what it was asked, and when.
 */
import type { Clock } from '../../nodes/engine/clock';
import type {
	Accepted,
	CancelVerdict,
	Handle,
	Reply,
	Result,
	StatusReport,
	Submission,
	Transport,
} from '../../nodes/engine/transport';
import {
	accepted,
	answered,
	completed,
	completedWithoutRunner,
	output,
	runnerLost,
} from './replies';

/** What fal says to the `call`th call of a kind, from 1; `undefined` for what it usually says. */
export interface Script {
	readonly submit?: (
		call: number,
		submission: Submission,
		/** Milliseconds since the start. */
		at: number,
	) => Reply<Accepted> | undefined;
	readonly status?: (call: number, handle: Handle) => Reply<StatusReport> | undefined;
	readonly result?: (call: number, handle: Handle) => Reply<Result> | undefined;
	readonly cancel?: (call: number, handle: Handle) => Reply<CancelVerdict> | undefined;
	/** Milliseconds from request to answer; none unless told. */
	readonly latency?: number;
}

export interface Call {
	readonly kind: 'submit' | 'status' | 'result' | 'cancel';
	/** The model of a submit, the request id of all else. */
	readonly of: string;
	/** When it was sent, in milliseconds since the epoch. */
	readonly at: number;
}

export class ScriptedFal implements Transport {
	readonly calls: Call[] = [];
	/** Whether logs were asked for with each look. */
	readonly logsAsked: boolean[] = [];

	readonly #start: number;

	constructor(
		private readonly clock: Clock,
		private readonly script: Script = {},
	) {
		this.#start = clock.now();
	}

	/** The calls of one kind, in order. */
	sent(kind: Call['kind']): Call[] {
		return this.calls.filter((call) => call.kind === kind);
	}

	async submit(submission: Submission): Promise<Reply<Accepted>> {
		const call = await this.#hear('submit', submission.model);
		return (
			this.script.submit?.(call, submission, this.clock.now() - this.#start) ??
			accepted(`job-${call}`)
		);
	}

	async status(handle: Handle, { logs }: { readonly logs: boolean }) {
		this.logsAsked.push(logs);
		const call = await this.#hear('status', handle.requestId);
		return this.script.status?.(call, handle) ?? completed();
	}

	async result(handle: Handle): Promise<Reply<Result>> {
		const call = await this.#hear('result', handle.requestId);
		return this.script.result?.(call, handle) ?? output(`output of ${handle.requestId}`);
	}

	async cancel(handle: Handle): Promise<Reply<CancelVerdict>> {
		const call = await this.#hear('cancel', handle.requestId);
		return this.script.cancel?.(call, handle) ?? answered('CANCELLATION_REQUESTED', 202);
	}

	/** @returns which call of its kind it is, from 1 */
	async #hear(kind: Call['kind'], of: string): Promise<number> {
		this.calls.push({ kind, of, at: this.clock.now() });
		const number = this.sent(kind).length;
		await this.clock.sleep(this.script.latency ?? 0);
		return number;
	}
}

/** A script that says its replies one after the other, and the last one from then on. */
export function inTurn<Body>(...replies: Reply<Body>[]): (call: number) => Reply<Body> | undefined {
	return (call) => replies[Math.min(call, replies.length) - 1];
}

/** A script in which one request fails for a reason that may pass: its status and its result say so. */
export function withoutRunner(failed: string): Script {
	return {
		status: (_, { requestId }) => (requestId === failed ? completedWithoutRunner : undefined),
		result: (_, { requestId }) => (requestId === failed ? runnerLost : undefined),
	};
}
