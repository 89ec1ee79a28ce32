/**
 * The nodes' clock, running faster: what waits for minutes until it gives up is tried in seconds. Time
 * limits of requests stay what they are, because a busy machine needs them, unless a test is about what hangs.
 */
import type { n8nClock as Clock } from '../../nodes/n8n/n8nClock';
import { built } from './engineStandIn';

const { n8nClock } = built<{ n8nClock: typeof Clock }>('nodes/n8n/n8nClock.js');
const { now, sleep } = n8nClock;

/** As the source or as what is built of it: Jest maps stacks to sources where it can. */
const WHERE_LIMITS_ARE = /\bcutOff\.[jt]s\b/;

/**
 * @param limits how many times faster the time limits of requests pass
 * @returns a function that puts the clock right again
 */
export function runClockFaster(times: number, { limits = 1 } = {}): () => void {
	const began = Date.now();
	n8nClock.now = () => began + (Date.now() - began) * times;
	n8nClock.sleep = async (ms, signal) => {
		const isLimit = WHERE_LIMITS_ARE.test(new Error().stack ?? '');
		await sleep(ms / (isLimit ? limits : times), signal);
	};
	return () => Object.assign(n8nClock, { now, sleep });
}
