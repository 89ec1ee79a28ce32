/** The engine's clock on n8n's `sleep`: community nodes may not use timers of their own. */
import { sleep } from 'n8n-workflow';
import type { Clock } from '../engine/clock';

export const n8nClock: Clock = {
	now: () => Date.now(),
	sleep: async (ms, signal) => {
		if (ms <= 0 || signal?.aborted) return;
		if (!signal) return await sleep(ms);
		await raceWithAbort(ms, signal);
	},
};

/**
 * Since n8n-workflow 2.34 `sleep` ends on an abort by itself, by rejecting; before that it knows no
 * signal and sleeps on, unheard. Both are covered by listening for the abort here.
 */
async function raceWithAbort(ms: number, signal: AbortSignal): Promise<void> {
	await new Promise<void>((resolve) => {
		const wake = () => {
			signal.removeEventListener('abort', wake);
			resolve();
		};
		signal.addEventListener('abort', wake);
		sleep(ms, signal).then(wake, wake);
	});
}
