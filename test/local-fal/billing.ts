/** What the account is billed, job by job, and what fal says beforehand that work will cost (section 6). */
import type { Job } from './jobs';
import { findModel } from './models';
import type { LocalFalOptions } from './options';

/** As `/models/billing-events` has it. */
export interface Bill {
	readonly requestId: string;
	readonly model: string;
	readonly units: number;
	readonly unitPrice: number;
	/** Billionths of the currency: whole, so that they add up. */
	readonly nanos: number;
}

/**
 * Server errors are never charged. An input that a model refuses may be, if a runner has worked for it
 * before (fal's FAQ); which ones, nobody says, so that is a switch.
 */
export function billsOf(jobs: Iterable<Readonly<Job>>, options: LocalFalOptions): Bill[] {
	return [...jobs].flatMap((job) => {
		const units = unitsOf(job, options);
		if (units === undefined) return [];
		const { id: model, unitPrice } = job.model;
		const nanos = Math.round(units * unitPrice * 1e9);
		return [{ requestId: job.requestId, model, units, unitPrice, nanos }];
	});
}

function unitsOf({ model, progress }: Readonly<Job>, options: LocalFalOptions): number | undefined {
	if (progress.status !== 'COMPLETED') return undefined;
	const { ending } = progress;
	if (ending.kind === 'output') return ending.billableUnits;
	const isRefused = ending.kind === 'model_error' && ending.status === 422;
	return isRefused && options.chargesRefusedInputs ? model.usualUnits : undefined;
}

export type Estimate =
	| { readonly kind: 'estimated'; readonly type: string; readonly total: number }
	| { readonly kind: 'unknown'; readonly models: string[] }
	| { readonly kind: 'invalid'; readonly message: string };

/** What `POST /models/pricing/estimate` was asked. */
export function estimateOf(body: unknown): Estimate {
	const { estimate_type: type, endpoints } = Object(body) as Record<string, unknown>;
	const quantity = QUANTITIES.get(String(type));
	if (!quantity) return { kind: 'invalid', message: 'estimate_type: unknown' };
	const asked = Object.entries(Object(endpoints) as Record<string, unknown>);
	if (asked.length < 1) return { kind: 'invalid', message: 'endpoints: at least one is required' };
	const unknown = asked.map(([id]) => id).filter((id) => !findModel(id));
	if (unknown.length > 0) return { kind: 'unknown', models: unknown };
	let nanos = 0;
	for (const [id, given] of asked) {
		const count = Number((Object(given) as Record<string, unknown>)[quantity]);
		if (!(count > 0)) return { kind: 'invalid', message: `${quantity}: more than 0 is required` };
		const { unitPrice, usualUnits } = findModel(id)!;
		const units = quantity === 'call_quantity' ? usualUnits : 1;
		nanos += Math.round(count * units * unitPrice * 1e9);
	}
	return { kind: 'estimated', type: String(type), total: nanos / 1e9 };
}

const QUANTITIES = new Map([
	['historical_api_price', 'call_quantity'],
	['unit_price', 'unit_quantity'],
]);
