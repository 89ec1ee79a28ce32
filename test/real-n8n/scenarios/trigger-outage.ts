/**
 * fal's keys can't be had when its first callback comes. They are asked for again after a minute at the
 * earliest, so this goes on beside other scenarios, with a local fal of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocalFal } from '../../local-fal';
import { LOCAL_KEY } from '../demo';
import type { N8n } from '../n8n';
import { plainReceiver, publishReceiver } from '../trigger';

const MODEL = 'fal-ai/flux/schnell';
const BACK_WITHIN_MS = 180_000;

export async function keyOutage(n8n: N8n) {
	const fal = await startLocalFal({ jobTime: () => 100, webhooks: { delayScale: 0.5 } });
	try {
		fal.schedule({ call: 'jwks', times: 1, answer: { status: 503 } });
		const receiver = await publishReceiver(n8n, plainReceiver('falTrigOutage001'), fal);
		const startedAt = Date.now();
		const query = `fal_webhook=${encodeURIComponent(receiver.url)}`;
		await fetch(`${fal.baseUrl}/queue.fal.run/${MODEL}?${query}`, {
			method: 'POST',
			headers: { authorization: `Key ${LOCAL_KEY}`, 'content-type': 'application/json' },
			body: JSON.stringify({ prompt: 'a fox' }),
		});
		while (!fal.deliveries.some(({ outcome }) => outcome === 'acknowledged')) {
			if (Date.now() - startedAt > BACK_WITHIN_MS) throw new Error('It was never taken');
			await sleep(500);
		}
		return {
			answers: fal.deliveries.map(({ status }) => status),
			seconds: (Date.now() - startedAt) / 1000,
			executions: await receiver.executions(),
		};
	} finally {
		await fal.close();
	}
}
