/**
 * The Spend Limit of a batch: before a job is submitted, the most that it is likely to cost is set aside;
 * when its result names its units, the true amount takes the place of that. What may have been billed
 * keeps what was set aside.
 *
 * At each submit all that was spent and set aside is within the limit. So the limit can only be exceeded
 * by what is open at the last submit, or of unknown fate, and turns out dearer than was set aside for it.
 */
import type { Ending, Job } from '../job';
import { toAmount } from './amount';
import { chargeOf } from './charge';
import { amountOf, likelyCost } from './likelyCost';
import type { Prices } from './price';

export interface PurseRules {
	/** In the currency of the prices, more than 0. */
	readonly limit: number;
	readonly prices: Prices;
	/** Whether requests that are taken over from fal's history are of this run, and so within its limit. */
	readonly countsTakenOver?: boolean;
}

export class Purse {
	readonly limit: number;
	/** What the attempts that are open have aside, by job. */
	readonly #open = new Map<Job, number>();
	/** Billed, or kept aside for good. */
	#gone = 0;
	#setAside = 0;
	/** By model: how many times what was thought a job has cost, at the most; never below 1. */
	readonly #dearness = new Map<string, number>();

	constructor(private readonly rules: PurseRules) {
		this.limit = toAmount(rules.limit);
	}

	/** Billed, kept aside for good, and aside for what is open. */
	get committed(): number {
		return this.#gone + this.#setAside;
	}

	/** Whether an attempt is open, and may give something back. */
	get isAnyOpen(): boolean {
		return this.#open.size > 0;
	}

	fits(job: Job): boolean {
		return this.committed + this.mostOf(job) <= this.limit;
	}

	/** The most that the job is likely to cost, by the input and by what others of its model have cost. */
	mostOf({ submission }: Job): number {
		const likely = likelyCost(submission, this.rules.prices)?.amount ?? 0;
		return Math.ceil(likely * (this.#dearness.get(submission.model) ?? 1));
	}

	/** It is about to be submitted. */
	setAside(job: Job): void {
		this.#close(job);
		const most = this.mostOf(job);
		this.#open.set(job, most);
		this.#setAside += most;
	}

	/** Its request was found at fal. */
	takeOver(job: Job): void {
		if (this.rules.countsTakenOver && !this.#open.has(job)) this.setAside(job);
	}

	/** fal did not take it: nothing of it was spent. */
	putBack(job: Job): void {
		this.#close(job);
	}

	/** The attempt has ended. */
	settle(job: Job, ending: Ending): void {
		const aside = this.#close(job);
		if (aside === undefined) return;
		switch (chargeOf(ending)) {
			case 'free':
				return;
			case 'perhaps':
				this.#gone += aside;
				return;
			case 'billed':
				this.#gone += this.#billed(job, ending) ?? aside;
		}
	}

	#billed({ submission }: Job, ending: Ending): number | undefined {
		const price = this.rules.prices.get(submission.model)?.price;
		if (ending.outcome !== 'completed' || ending.billableUnits === undefined) return undefined;
		if (!price) return undefined;
		const billed = amountOf(ending.billableUnits, price.unitPrice);
		const thought = likelyCost(submission, this.rules.prices)?.amount ?? 0;
		const known = this.#dearness.get(submission.model) ?? 1;
		if (thought > 0) this.#dearness.set(submission.model, Math.max(known, billed / thought));
		return billed;
	}

	#close(job: Job): number | undefined {
		const aside = this.#open.get(job);
		this.#open.delete(job);
		this.#setAside -= aside ?? 0;
		return aside;
	}
}
