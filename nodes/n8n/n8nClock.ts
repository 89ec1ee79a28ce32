/** The engine's clock on n8n's `sleep`: community nodes may not use timers of their own. */
import { sleep } from 'n8n-workflow';
import { onAbort } from '../engine/abort';
import type { Clock } from '../engine/clock';

export const n8nClock: Clock = {
	now: () => Date.now(),
	sleep: async (ms, signal) => {
		if (ms <= 0 || signal?.aborted) return;
		await new Promise<void>((resolve) => {
			// Since n8n-workflow 2.34 `sleep` takes a signal; when it aborts, `sleep` rejects and clears its timer.
			// An older one sleeps on, and nobody listens.
			const timer = new AbortController();
			const forget = onAbort(signal, () => {
				timer.abort();
				resolve();
			});
			const wake = () => {
				forget();
				resolve();
			};
			sleep(ms, timer.signal).then(wake, wake);
		});
	},
};
