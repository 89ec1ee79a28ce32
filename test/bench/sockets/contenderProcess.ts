/** One contender in a fresh process, so that its CPU, memory and event loop are its own. */
import { FAL_BATCH, peerCalled } from '../contenders';
import { API_KEY, type Fetch } from '../peers';
import type { Outcome, Work } from '../work';
import { measure, type Measured } from './measure';
import { answerQuestions } from './messages';

export interface ContenderQuestion {
	readonly contender: string;
	readonly work: Work;
	readonly baseUrl: string;
}

answerQuestions<ContenderQuestion, Measured<Outcome[]>>(async (question) => {
	const { contender, work, baseUrl } = question;
	if (contender !== FAL_BATCH) {
		const { run } = peerCalled(contender);
		return await measure(() => run(work, fetchAt(baseUrl)));
	}
	// Only here: n8n's engine alone is a hundred megabytes.
	const { runFalBatchInN8n } = await import('./falBatchInN8n');
	return await runFalBatchInN8n(work, { apiKey: API_KEY, baseUrl });
});

/** The only thing about a peer that is replaced: where fal lives. */
function fetchAt(baseUrl: string): Fetch {
	return (url, init) => fetch(String(url).replace('https://', `${baseUrl}/`), init);
}
