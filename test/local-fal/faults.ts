/**
 * What goes wrong, as plain values: a fault says which calls or jobs it strikes, how often, and
 * what happens then. `schedule({ call: 'submit', every: 20, answer: 'reset_after' })`.
 */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Call, CallKind } from './calls';
import type { Clock } from './clock';
import type { JobErrorType } from './errors';
import type { Job } from './jobs';
import { writeJson } from './json';
import type { StreamFault } from './streamFaults';

export type Fault = CallFault | JobFault;

interface Occasion<Subject> {
	/** Only the nth of those that match, counted from 1. */
	readonly nth?: number;
	/** Only each nth of those that match. */
	readonly every?: number;
	readonly where?: (subject: Subject) => boolean;
	/** How often it strikes before it is spent. Default: without end. */
	readonly times?: number;
}

/** A fault of the connection or of what answers on fal's behalf. */
export interface CallFault extends Occasion<Readonly<Call>> {
	readonly call: CallKind | 'any';
	readonly job?: undefined;
	readonly answer: FaultyAnswer;
}

export type FaultyAnswer =
	/** The socket dies before the body is read: nothing happened. */
	| 'refuse'
	/** The socket dies after the body is read, and nothing happened. */
	| 'reset_before'
	/** The call is carried out (the job is taken!), and the socket dies without an answer. */
	| 'reset_after'
	/** Nothing happens, and no answer ever comes. */
	| 'hang_before'
	/** The call is carried out, and no answer ever comes. */
	| 'hang'
	/** The right answer, a few bytes at a time. */
	| 'trickle'
	/** A few bytes at a time, and never the last of them. */
	| 'endless_trickle'
	/** The call is carried out; the answer has no body. */
	| 'empty'
	/** The call is carried out; the answer's JSON ends in the middle. */
	| 'half_json'
	/** The call is carried out; the answer is some proxy's web page, with status 200. */
	| 'html'
	/** Half of the right answer, whose length was announced, and the socket dies. */
	| 'cut'
	/** The right answer, announced as longer than it is. */
	| 'wrong_length'
	/** The right answer, called `text/plain`. */
	| 'wrong_content_type'
	/** The right answer, and then nobody listens any more: what comes next is refused. */
	| 'then_dark'
	/** Of status streams alone. */
	| StreamFault
	/** This answer instead. The call is not carried out, unless `taken`. */
	| {
			readonly status: number;
			readonly headers?: Record<string, string>;
			readonly body?: unknown;
			readonly taken?: boolean;
	  }
	/** The call is carried out; the answer is JSON of this many bytes, announced unless said. */
	| { readonly size: number; readonly unannounced?: boolean };

/** A fault of fal or of the model, on the job itself. */
export interface JobFault extends Occasion<Readonly<Job>>, JobFate {
	readonly call?: undefined;
}

export interface JobFate {
	readonly job: JobErrorType | 'stuck_in_queue';
	/**
	 * How many of fal's own attempts fail (fal-queue.md 1.9: up to 10, on 503 and 504 only, and one
	 * with X-Fal-No-Retry). Default: all, and then the failure comes at once.
	 */
	readonly attempts?: number;
	/** Overrides the `X-Fal-Needs-Retry` usual for a model's error. */
	readonly needsRetry?: boolean;
}

interface Scheduled<F> {
	readonly fault: F;
	seen: number;
	struck: number;
}

export class FaultPlan {
	#calls: Array<Scheduled<CallFault>> = [];
	#jobs: Array<Scheduled<JobFault>> = [];

	/** Adds a fault; the function given back takes it out again. */
	schedule(fault: Fault): () => void {
		if (fault.call !== undefined) {
			const scheduled = { fault, seen: 0, struck: 0 };
			this.#calls.push(scheduled);
			return () => void (this.#calls = this.#calls.filter((other) => other !== scheduled));
		}
		const scheduled = { fault, seen: 0, struck: 0 };
		this.#jobs.push(scheduled);
		return () => void (this.#jobs = this.#jobs.filter((other) => other !== scheduled));
	}

	/** Whether the socket of this call, whose body is not read yet, is to die. */
	refuses(call: Call): boolean {
		const refusals = this.#calls.filter(({ fault }) => fault.answer === 'refuse');
		return (
			strike(refusals, call, ({ call: kind }) => kind === 'any' || kind === call.kind) !== undefined
		);
	}

	/** The faulty answer for this call, whose body has been read. */
	answerTo(call: Call): FaultyAnswer | undefined {
		const others = this.#calls.filter(({ fault }) => fault.answer !== 'refuse');
		return strike(others, call, ({ call: kind }) => kind === 'any' || kind === call.kind)?.answer;
	}

	fateOf(job: Job): JobFate | undefined {
		return strike(this.#jobs, job, () => true);
	}

	reset(): void {
		this.#calls = [];
		this.#jobs = [];
	}
}

/** The first fault whose occasion this is. Every fault that matches counts the subject as seen. */
function strike<Subject, F extends Occasion<Subject>>(
	scheduled: Array<Scheduled<F>>,
	subject: Subject,
	concerns: (fault: F) => boolean,
): F | undefined {
	let first: Scheduled<F> | undefined;
	for (const entry of scheduled) {
		const { fault } = entry;
		if (!concerns(fault) || fault.where?.(subject) === false) continue;
		entry.seen++;
		const due =
			(fault.nth === undefined || entry.seen === fault.nth) &&
			(fault.every === undefined || entry.seen % fault.every === 0) &&
			entry.struck < (fault.times ?? Infinity);
		if (due) first ??= entry;
	}
	if (first) first.struck++;
	return first?.fault;
}

/**
 * Plays the part of a fault that comes before the call is carried out.
 * Gives back `'stop'` if the call must not be carried out at all.
 */
export function faultBefore(
	answer: FaultyAnswer,
	request: FastifyRequest,
	reply: FastifyReply,
): 'carry_on' | 'stop' {
	if (answer === 'reset_before') {
		reply.hijack();
		request.raw.socket.destroy();
		return 'stop';
	}
	if (answer === 'hang_before') {
		reply.hijack();
		return 'stop';
	}
	if (typeof answer === 'object' && 'status' in answer && !answer.taken) {
		reply
			.code(answer.status)
			.headers(answer.headers ?? {})
			.send(answer.body ?? '');
		return 'stop';
	}
	return 'carry_on';
}

/** Bytes, and milliseconds of fal's time between them, of an answer that trickles. */
export const TRICKLE = { bytes: 32, pause: 100 };

const GATEWAY_PAGE =
	'<!doctype html><html><body><h1>Please sign in to the network</h1></body></html>';

/** What leaves in place of the right answer, which is `payload`; nothing ever, for some faults. */
export async function faultAfter(
	answer: FaultyAnswer,
	payload: Buffer,
	request: FastifyRequest,
	reply: FastifyReply,
	clock: Clock,
): Promise<string | Buffer | Readable> {
	if (typeof answer === 'object') {
		if ('size' in answer) {
			reply.code(200).type('application/json; charset=utf-8');
			const json = jsonOfSize(answer.size);
			return answer.unannounced ? Readable.from([Buffer.from(json)]) : json;
		}
		takeOffMarks(reply);
		reply.code(answer.status).headers(answer.headers ?? {});
		const { body = '' } = answer;
		return typeof body === 'string' ? body : writeJson(body);
	}
	switch (answer) {
		case 'reset_after':
			request.raw.socket.destroy();
			return await never();
		case 'hang':
			return await never();
		case 'trickle':
			return Readable.from(inPieces(payload, clock));
		case 'endless_trickle':
			return Readable.from(withoutEnd(payload, clock));
		case 'empty':
			return '';
		case 'half_json':
			return payload.subarray(0, payload.length / 2);
		case 'html':
			takeOffMarks(reply);
			reply.code(200).type('text/html');
			return GATEWAY_PAGE;
		case 'cut':
			reply.header('content-length', payload.length);
			return Readable.from(broken(payload, request));
		case 'wrong_length':
			reply.header('content-length', payload.length + 100).header('connection', 'close');
			return Readable.from([payload]);
		case 'wrong_content_type':
			reply.type('text/plain');
			return payload;
		case 'then_dark':
			reply.header('connection', 'close');
			return payload;
		// What comes before the call is carried out, and what only streams do.
		default:
			return payload;
	}
}

/** What answers on fal's behalf does not know fal's own headers, such as the request id. */
export function takeOffMarks(reply: FastifyReply): void {
	const marks = Object.keys(reply.getHeaders()).filter((name) => name.startsWith('x-fal-'));
	for (const name of marks) reply.removeHeader(name);
}

async function* broken(bytes: Buffer, request: FastifyRequest): AsyncGenerator<Buffer> {
	yield bytes.subarray(0, bytes.length / 2);
	// The half is to arrive before its connection is gone.
	await new Promise((resolve) => setTimeout(resolve, 20));
	request.raw.socket.destroy();
}

const never = (): Promise<never> => new Promise(() => {});

function jsonOfSize(bytes: number): string {
	const frame = ['{"filler":"', '"}'] as const;
	return frame.join('x'.repeat(Math.max(0, bytes - frame.join('').length)));
}

/** JSON bears blanks in front of its closing brace, as many as come. */
async function* withoutEnd(bytes: Buffer, clock: Clock): AsyncGenerator<Buffer> {
	yield* inPieces(bytes.subarray(0, -1), clock);
	for (;;) {
		yield Buffer.from(' ');
		await clock.wait(TRICKLE.pause);
	}
}

async function* inPieces(bytes: Buffer, clock: Clock): AsyncGenerator<Buffer> {
	for (let at = 0; at < bytes.length; at += TRICKLE.bytes) {
		yield bytes.subarray(at, at + TRICKLE.bytes);
		await clock.wait(TRICKLE.pause);
	}
}
