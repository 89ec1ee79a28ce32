/** A transport with a bound on the calls under way at once; the others wait in the order they came. */
import pLimit from 'p-limit';
import type { Transport } from '../transport';

export function limitedCalls(transport: Transport, concurrency: number): Transport {
	const slots = pLimit(concurrency);
	return {
		submit: async (submission) => await slots(() => transport.submit(submission)),
		status: async (handle, options) => await slots(() => transport.status(handle, options)),
		result: async (handle) => await slots(() => transport.result(handle)),
		cancel: async (handle) => await slots(() => transport.cancel(handle)),
	};
}

/**
 * How many results one batch reads at the same time, however many jobs it has in flight. Each may be 32 MB
 * long, so at worst 640 MB are under way. Most have a few hundred bytes, and fal's own job limit hardly ever
 * makes twenty at once. This bounds the calls, not the waiting between them.
 */
export const RESULTS_AT_ONCE = 20;

/** The same transport, with a bound on reading results alone. */
export function limitedResults(transport: Transport, atOnce = RESULTS_AT_ONCE): Transport {
	const slots = pLimit(atOnce);
	return {
		submit: async (submission) => await transport.submit(submission),
		status: async (handle, options) => await transport.status(handle, options),
		result: async (handle) => await slots(() => transport.result(handle)),
		cancel: async (handle) => await transport.cancel(handle),
	};
}
