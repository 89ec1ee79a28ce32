/**
 * One limit for everything that uses the same credential in this n8n process, so that five workflows
 * at ten jobs each stay within one account's limit. It is kept in memory: another n8n process (a queue
 * worker) has a limit of its own.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import type { FalAccount } from './credential';

const slotsByCredential = new Map<string, LimitFunction>();

/** @returns the account's slots; a changed figure applies to running batches, too */
export function accountSlots({
	credentialId,
	maxConcurrentJobs,
}: FalAccount): LimitFunction | undefined {
	const limit = maxConcurrentJobs === 0 ? Number.POSITIVE_INFINITY : maxConcurrentJobs;
	const shared = slotsByCredential.get(credentialId);
	if (!shared && maxConcurrentJobs === 0) return undefined;
	const slots = shared ?? pLimit(limit);
	slots.concurrency = limit;
	slotsByCredential.set(credentialId, slots);
	return slots;
}
