/** The call of fal's public keys (JWKS), when a callback of fal's is to be proven. */
import { startTrigger, type TriggerServer } from '../../n8n-core/triggerServer';
import { leaksKey } from '../books';
import { count, type StruckCall, type Trial } from './cell';
import { strike } from './strike';

/**
 * The keys are asked for once a minute at most, however many callbacks come; fal repeats a callback that
 * was not taken, and is made to do so when that minute is over.
 */
const MINUTE = 60_000;
const AGAIN_AFTER = MINUTE + 3_000;

export const keys: StruckCall = {
	name: 'JWKS',
	setting: 'Fal Trigger. fal repeats a callback that is not taken, here after a minute.',
	async tryOut(trial) {
		const { fal, fault, lasting, credential } = trial;
		// fal's own first pause is a second.
		fal.options.webhooks = { delayScale: AGAIN_AFTER / 1_000 };
		const trigger = await startTrigger({ credential });
		try {
			await submitWithCallback(trial, trigger);
			const struck = strike(fal, fault, lasting, { call: 'jwks' });
			const answers = await answersTo(trial);
			struck.end();
			if (leaksKey({ everythingWritten: trigger.everythingWritten() })) {
				trial.complaints.push('the API key was written somewhere');
			}
			const { executions } = trigger.database;
			return `${answers.join(', then ')}; ${count(executions.length, 'execution')}`;
		} finally {
			await trigger.close();
		}
	},
};

async function submitWithCallback({ fal, credential }: Trial, { url }: TriggerServer) {
	// Slow enough for the fault to be there when it ends.
	fal.options.jobTime = () => 2_000;
	const address = `${fal.baseUrl}/queue.fal.run/fal-ai/flux/schnell?fal_webhook=${encodeURIComponent(url)}`;
	const response = await fetch(address, {
		method: 'POST',
		headers: { authorization: `Key ${credential.apiKey}` },
		body: JSON.stringify({ prompt: 'called back' }),
	});
	if (!response.ok) throw new Error(`The submit was answered with ${response.status}`);
	// A connection that is kept alive would outlive a fal that goes dark.
	await response.text();
}

/** What n8n answers to the callback and, if fal has to come again, to the next one. */
async function answersTo({ fal }: Trial): Promise<number[]> {
	for (const latest = Date.now() + 2 * AGAIN_AFTER; Date.now() < latest; ) {
		const answers = fal.deliveries.map(({ status = 0 }) => status);
		if (answers.at(-1) === 200 || answers.length === 2) return answers;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error('fal did not call back');
}
