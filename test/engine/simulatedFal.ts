/**
 * fal on a virtual clock: jobs, an account limit, latency and faults by chance from a seed. It keeps
 * books of its own on what was submitted, generated and held, against which the engine is checked.
 */
import { onAbort } from '../../nodes/engine/abort';
import type {
	Accepted,
	CancelVerdict,
	Handle,
	Reply,
	ReplyHeaders,
	Result,
	StatusReport,
	Submission,
	Transport,
} from '../../nodes/engine/transport';
import type { VirtualClock } from './virtualClock';

export interface SimulatedFalOptions {
	readonly seed: number;
	/** Milliseconds from request to answer, at the most; at least half of it. */
	readonly latency: number;
	/** Milliseconds a job works; `item` is the place of its item in the batch. */
	readonly jobTime: (random: () => number, item: number) => number;
	/** Jobs of the account that work at the same time. */
	readonly accountLimit: number;
	/** Jobs that are held at all; above it submits are answered 429. */
	readonly submitLimit?: number;
	/** Limits that are others from a moment on. */
	readonly changes?: readonly LimitChange[];
	/** `Retry-After` in seconds that comes with a 429. */
	readonly retryAfter?: number;
	/** Share of submits that meet a fault, from 0 to 1. */
	readonly submitFaults?: number;
	/** Which faults; all kinds by default. */
	readonly submitFaultKinds?: readonly SubmitFault[];
	/** Share of status and result calls that meet a fault. */
	readonly readFaults?: number;
	/** Share of jobs that fail for a transient reason. */
	readonly transientFailures?: number;
	/** Share of jobs that fail for good. */
	readonly finalFailures?: number;
	/** A moment, relative to the start, from which every submit meets a fault. */
	readonly outageFrom?: number;
	/** Whether it says how many are ahead of a job that waits; yes, unless told. */
	readonly tellsPlaces?: boolean;
	/** Items whose jobs never start, though nobody is ahead of them. */
	readonly stuckInQueue?: (item: number) => boolean;
	/** Units that a job of this item is billed; without it, results name none. */
	readonly units?: (item: number) => number;
	/** Whether COMPLETED reports carry the inference time. */
	readonly tellsInferenceTime?: boolean;
}

export interface LimitChange {
	/** Milliseconds after the start. */
	readonly at: number;
	readonly accountLimit?: number;
	readonly submitLimit?: number;
}

export const SUBMIT_FAULTS = [
	'unsent',
	'lost before',
	'lost after',
	'503 before',
	'503 after',
	'unreadable after',
	'429',
] as const;
export type SubmitFault = (typeof SUBMIT_FAULTS)[number];

export interface SimulatedJob {
	readonly id: string;
	readonly item: number;
	/** When fal took it. */
	readonly sentAt: number;
	readonly workTime: number;
	readonly fate: 'ok' | 'transient' | 'final';
	startedAt?: number;
	endsAt?: number;
	cancelled?: boolean;
	/** Whether the engine has been told of it, and not yet that it is done. */
	held: boolean;
}

export class SimulatedFal implements Transport {
	readonly jobs: SimulatedJob[] = [];
	readonly calls = { submit: 0, status: 0, result: 0, cancel: 0 };
	/** Per item: what its submits came to, oldest first. */
	readonly submitsOf = new Map<number, string[]>();
	readonly cancelledAt = new Map<string, number>();
	/** Ids that the engine was told. */
	readonly acceptedIds = new Set<string>();
	readonly submittedAt: number[] = [];
	/**
	 * 429s that the engine got while it held other jobs or had other submits in the air. Answers that come
	 * at the same moment have no order: whichever is read first, the others are in the air, and a job whose
	 * end came with it may still have been held.
	 */
	freePushbacks = 0;
	peakHeld = 0;
	/** Those that left this machine. */
	submitsInOutage = 0;

	readonly #random: () => number;
	readonly #start: number;
	readonly #byId = new Map<string, SimulatedJob>();
	/** Neither started nor cancelled, in their order. */
	readonly #waiting: SimulatedJob[] = [];
	/** Started; who has ended meanwhile is taken out at the next look. */
	readonly #working = new Set<SimulatedJob>();
	readonly #hearers = new Set<() => void>();
	#accountLimit: number;
	#submitLimit: number;
	#held = 0;
	#inAir = 0;
	/** When the last answer to a submit came, or the last word of an end. */
	#lastNewsAt = Number.NEGATIVE_INFINITY;

	constructor(
		private readonly clock: VirtualClock,
		private readonly options: SimulatedFalOptions,
	) {
		this.#random = seeded(options.seed);
		this.#start = clock.now();
		this.#accountLimit = options.accountLimit;
		this.#submitLimit = options.submitLimit ?? Infinity;
		for (const { at, accountLimit, submitLimit } of options.changes ?? []) {
			clock.at(this.#start + at, () => {
				this.#accountLimit = accountLimit ?? this.#accountLimit;
				this.#submitLimit = submitLimit ?? this.#submitLimit;
				this.#settle();
			});
		}
	}

	async submit({ input }: Submission): Promise<Reply<Accepted>> {
		const item = Number(input.item);
		const log = this.submitsOf.get(item) ?? [];
		this.submitsOf.set(item, log);
		this.calls.submit++;
		this.submittedAt.push(this.clock.now());
		const inOutage = this.clock.now() - this.#start >= (this.options.outageFrom ?? Infinity);
		this.#inAir++;
		this.#note();
		await this.#travel();
		const { reply, job } = this.#receive(item, inOutage);
		await this.#travel();
		this.#inAir--;
		// What never left this machine cost nothing.
		if (inOutage && reply.kind !== 'unsent') this.submitsInOutage++;
		log.push(reply.kind === 'rejected' ? String(reply.status) : reply.kind);
		if (reply.kind === 'answered' && job) {
			this.#hold(job, true);
			this.acceptedIds.add(job.id);
		}
		const isAlone = this.#held + this.#inAir === 0 && this.#lastNewsAt < this.clock.now();
		this.#lastNewsAt = this.clock.now();
		if (reply.kind === 'rejected' && reply.status === 429 && !isAlone) this.freePushbacks++;
		this.#note();
		return reply;
	}

	#receive(item: number, inOutage: boolean): { reply: Reply<Accepted>; job?: SimulatedJob } {
		const { submitFaults = 0 } = this.options;
		const kinds = this.options.submitFaultKinds ?? SUBMIT_FAULTS;
		const fault = inOutage || this.#random() < submitFaults ? pick(kinds, this.#random) : undefined;
		switch (fault) {
			case 'unsent':
				return { reply: { kind: 'unsent', reason: 'the connection was refused' } };
			case 'lost before':
				return { reply: { kind: 'lost', reason: 'the connection was reset' } };
			case '503 before':
				return { reply: rejected(503) };
			case '429':
				return { reply: rejected(429, this.options.retryAfter) };
			case undefined:
				if (this.#open() >= this.#submitLimit)
					return { reply: rejected(429, this.options.retryAfter) };
		}
		const job = this.#take(item);
		switch (fault) {
			case 'lost after':
				return { reply: { kind: 'lost', reason: 'the connection was reset' } };
			case '503 after':
				return { reply: rejected(503) };
			case 'unreadable after':
				return { reply: { kind: 'unreadable', status: 200, reason: 'the answer is empty' } };
			default: {
				const place = this.#tellsPlaces ? { queuePosition: this.#place(job) ?? 0 } : {};
				const body = { requestId: job.id, ...place };
				return { reply: { kind: 'answered', status: 200, headers: {}, body }, job };
			}
		}
	}

	async status({ requestId }: Handle): Promise<Reply<StatusReport>> {
		this.calls.status++;
		await this.#travel();
		const fault = this.#readFault<StatusReport>();
		const seen = this.see(requestId);
		await this.#travel();
		if (fault) return fault;
		seen.arrive();
		return answered(seen.report);
	}

	/** How the job is now, and what is to be done when that has arrived. */
	see(requestId: string): { readonly report: StatusReport; readonly arrive: () => void } {
		const job = this.#job(requestId);
		this.#settle();
		const report = this.#report(job);
		const isDone = report.status === 'COMPLETED';
		return { report, arrive: () => void (isDone && this.#hold(job, false)) };
	}

	/** Resolves at the next change of any job, or when the signal aborts. */
	async changed(signal: AbortSignal): Promise<void> {
		await new Promise<void>((resolve) => {
			const hear = () => {
				this.#hearers.delete(hear);
				resolve();
			};
			this.#hearers.add(hear);
			onAbort(signal, hear);
		});
	}

	#report(job: SimulatedJob): StatusReport {
		const place = this.#place(job);
		const logs = [{ message: `working on ${job.item}`, timestamp: String(job.startedAt) }];
		if (this.#isOver(job) || job.cancelled) {
			const told = this.options.tellsInferenceTime ?? true;
			const time = told ? { inferenceTime: job.workTime / 1_000 } : {};
			// fal tells of errors of its own machinery with the status; of a model's it may not.
			const error =
				job.fate === 'transient'
					? { error: 'Runner disconnected', errorType: 'runner_disconnected' }
					: {};
			return { status: 'COMPLETED', logs, ...time, ...error };
		}
		if (place !== undefined) {
			const told = this.#tellsPlaces ? { queuePosition: place } : {};
			return { status: 'IN_QUEUE', ...told, logs: [] };
		}
		return { status: 'IN_PROGRESS', logs };
	}

	async result({ requestId }: Handle): Promise<Reply<Result>> {
		this.calls.result++;
		const job = this.#job(requestId);
		await this.#travel();
		const fault = this.#readFault<Result>();
		const early = !this.#isOver(job) && !job.cancelled;
		await this.#travel();
		if (fault) return fault;
		if (early) return rejected(400);
		if (job.fate === 'transient') {
			const headers = { 'x-fal-error-type': 'runner_disconnected' };
			const body = { detail: 'Runner disconnected', error_type: 'runner_disconnected' };
			return { kind: 'rejected', status: 503, headers, body };
		}
		if (job.fate === 'final') {
			const body = {
				detail: [{ loc: ['body', 'prompt'], msg: 'Field required', type: 'missing' }],
			};
			return { kind: 'rejected', status: 422, headers: {}, body };
		}
		const billableUnits = this.options.units?.(job.item);
		return answered({
			output: { item: job.item },
			...(billableUnits !== undefined && { billableUnits }),
		});
	}

	async cancel({ requestId }: Handle): Promise<Reply<CancelVerdict>> {
		this.calls.cancel++;
		this.cancelledAt.set(requestId, this.clock.now());
		const job = this.#job(requestId);
		await this.#travel();
		this.#settle();
		const over = this.#isOver(job);
		if (!over) this.#drop(job);
		await this.#travel();
		this.#hold(job, false);
		return answered(over ? 'ALREADY_COMPLETED' : 'CANCELLATION_REQUESTED');
	}

	#take(item: number): SimulatedJob {
		const { transientFailures = 0, finalFailures = 0, jobTime } = this.options;
		const dice = this.#random();
		const job: SimulatedJob = {
			id: `job-${this.jobs.length}`,
			item,
			sentAt: this.clock.now(),
			workTime: jobTime(this.#random, item),
			fate:
				dice < transientFailures
					? 'transient'
					: dice < transientFailures + finalFailures
						? 'final'
						: 'ok',
			held: false,
		};
		this.jobs.push(job);
		this.#byId.set(job.id, job);
		if (!this.options.stuckInQueue?.(item)) this.#waiting.push(job);
		this.#settle();
		return job;
	}

	get #tellsPlaces(): boolean {
		return this.options.tellsPlaces ?? true;
	}

	/** Starts what can start, in order; each start is at the moment at which a place became free. */
	#settle(): void {
		for (const job of this.#working) if (this.#isOver(job)) this.#working.delete(job);
		while (this.#working.size < this.#accountLimit) {
			const job = this.#waiting.shift();
			if (!job) return;
			job.startedAt = this.clock.now();
			job.endsAt = job.startedAt + job.workTime;
			this.#working.add(job);
			this.clock.at(job.endsAt, () => {
				this.#settle();
				this.#tellChange();
			});
			this.#tellChange();
		}
	}

	#isOver({ endsAt }: SimulatedJob): boolean {
		return endsAt !== undefined && endsAt <= this.clock.now();
	}

	#place(job: SimulatedJob): number | undefined {
		// One that is stuck has nobody ahead of it.
		return job.startedAt === undefined ? Math.max(0, this.#waiting.indexOf(job)) : undefined;
	}

	#drop(job: SimulatedJob): void {
		job.cancelled = true;
		this.#working.delete(job);
		const place = this.#waiting.indexOf(job);
		if (place >= 0) this.#waiting.splice(place, 1);
		this.#tellChange();
	}

	#tellChange(): void {
		for (const hear of [...this.#hearers]) hear();
	}

	#open(): number {
		const working = [...this.#working].filter((job) => !this.#isOver(job));
		return this.#waiting.length + working.length;
	}

	#job(id: string): SimulatedJob {
		const job = this.#byId.get(id);
		if (!job) throw new Error(`The engine asked for ${id}, which was never given out`);
		return job;
	}

	#hold(job: SimulatedJob, held: boolean): void {
		if (job.held === held) return;
		this.#held += held ? 1 : -1;
		job.held = held;
		if (!held) this.#lastNewsAt = this.clock.now();
	}

	#readFault<Body>(): Reply<Body> | undefined {
		if (this.#random() >= (this.options.readFaults ?? 0)) return undefined;
		return pick(
			[
				rejected(429, this.options.retryAfter),
				rejected(502),
				rejected(500),
				{ kind: 'lost', reason: 'the connection was reset' } as const,
				{ kind: 'unsent', reason: 'the connection was refused' } as const,
			],
			this.#random,
		);
	}

	#note(): void {
		this.peakHeld = Math.max(this.peakHeld, this.#held + this.#inAir);
	}

	async #travel(): Promise<void> {
		await this.clock.sleep((this.options.latency / 2) * (0.5 + this.#random() / 2));
	}
}

function rejected(status: number, retryAfter?: number): Reply<never> & { kind: 'rejected' } {
	const headers: ReplyHeaders =
		retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
	return { kind: 'rejected', status, headers, body: undefined };
}

function answered<Body>(body: Body): Reply<Body> {
	return { kind: 'answered', status: 200, headers: {}, body };
}

function pick<Choice>(choices: readonly Choice[], random: () => number): Choice {
	return choices[Math.floor(random() * choices.length)]!;
}

/** Mulberry32: small, quick, and the same everywhere. */
export function seeded(seed: number): () => number {
	let state = seed | 0;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
