/** Submits that fal takes, but whose answer never comes: the first one of every n-th item. */
import type { Transport } from '../../../nodes/engine/transport';
import { isStruck } from '../faults';

export function withLostAnswers(fal: Transport, share: number): Transport {
	const struck = new Set<number>();
	return {
		status: (handle, options) => fal.status(handle, options),
		result: (handle) => fal.result(handle),
		cancel: (handle) => fal.cancel(handle),
		submit: async (submission) => {
			const item = Number(submission.input.item);
			const reply = await fal.submit(submission);
			if (!isStruck(item, share) || struck.has(item)) return reply;
			struck.add(item);
			return { kind: 'rejected', status: 504, headers: {}, body: undefined };
		},
	};
}
