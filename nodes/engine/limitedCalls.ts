/** A transport of which only so many calls are under way at once, the others in the order they came. */
import pLimit from 'p-limit';
import type { Transport } from './transport';

export function limitedCalls(transport: Transport, concurrency: number): Transport {
	const slots = pLimit(concurrency);
	return {
		submit: async (submission) => await slots(() => transport.submit(submission)),
		status: async (handle, options) => await slots(() => transport.status(handle, options)),
		result: async (handle) => await slots(() => transport.result(handle)),
		cancel: async (handle) => await slots(() => transport.cancel(handle)),
	};
}
