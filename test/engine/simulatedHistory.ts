/** The request history of the simulated fal: what it shows, how late, and by which clock. */
import type {
	History,
	HistoryPage,
	HistoryQuestion,
	PastRequest,
} from '../../nodes/engine/remembering/history';
import type { Reply } from '../../nodes/engine/transport';
import { seeded, type SimulatedFal, type SimulatedJob } from './simulatedFal';
import type { VirtualClock } from './virtualClock';

export interface SimulatedHistoryOptions {
	/** Whether requests are shown before they have ended, which fal does not document. */
	readonly showsOpen: boolean;
	/** Milliseconds until what happened is shown. */
	readonly late?: number;
	/** Milliseconds by which fal's clock is ahead of ours. */
	readonly skew?: number;
	/** What `start` means: fal does not document that, either. */
	readonly startMeans?: 'submit' | 'end';
	/** Share of pages that meet a fault, from 0 to 1. */
	readonly faults?: number;
	readonly seed?: number;
}

export class SimulatedHistory implements History {
	pages = 0;
	readonly #random: () => number;

	constructor(
		private readonly clock: VirtualClock,
		private readonly fal: SimulatedFal,
		private readonly options: SimulatedHistoryOptions,
	) {
		this.#random = seeded(options.seed ?? 1);
	}

	identityOf(input: Readonly<Record<string, unknown>>): string {
		return `item ${String(input.item)}`;
	}

	async page({ model, since, cursor, limit }: HistoryQuestion): Promise<Reply<HistoryPage>> {
		this.pages++;
		await this.clock.sleep(50);
		if (this.#random() < (this.options.faults ?? 0)) {
			return { kind: 'lost', reason: 'the connection was reset' };
		}
		const listed = this.#listed(model, since);
		const from = Number(cursor ?? 0);
		const requests = listed.slice(from, from + limit);
		const more = from + limit < listed.length && { nextCursor: String(from + limit) };
		return { kind: 'answered', status: 200, headers: {}, body: { requests, ...more } };
	}

	/** Latest first; in front of all what is open. */
	#listed(model: string, since: number): PastRequest[] {
		const { showsOpen, late = 0, skew = 0, startMeans = 'submit' } = this.options;
		const asOf = this.clock.now() - late;
		return this.fal.jobs
			.filter(({ sentAt }) => sentAt <= asOf)
			.map((job) => ({ job, endedAt: this.#endOf(job, asOf) }))
			.filter(({ endedAt }) => showsOpen || endedAt !== undefined)
			.filter(({ job, endedAt }) => {
				const start = startMeans === 'end' ? (endedAt ?? job.sentAt) : job.sentAt;
				return start + skew >= since;
			})
			.sort((a, b) => (b.endedAt ?? Infinity) - (a.endedAt ?? Infinity) || 0)
			.map(({ job, endedAt }) => ({
				handle: { requestId: job.id, model },
				sentAt: job.sentAt + skew,
				identity: this.identityOf({ item: job.item }),
				...(endedAt !== undefined && {
					end: {
						at: endedAt + skew,
						succeeded: job.fate === 'ok' && !job.cancelled,
						inferenceTime: job.workTime / 1_000,
					},
				}),
			}));
	}

	#endOf(job: SimulatedJob, asOf: number): number | undefined {
		const at = job.cancelled ? this.fal.cancelledAt.get(job.id) : job.endsAt;
		return at !== undefined && at <= asOf ? at : undefined;
	}
}
