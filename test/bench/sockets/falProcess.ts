/** The local fal in a process of its own, so that its work is not taken for a contender's. */
import { type LocalFal, startLocalFal } from '../../local-fal';
import { isStruck } from '../faults';
import { drawTimes } from '../jobTimes';
import type { Scenario } from '../scenarios';
import { itemOf } from '../work';
import { answerQuestions } from './messages';
import type { Requests } from '../figures';

export type FalQuestion =
	| { readonly kind: 'prepare'; readonly scenario: Scenario }
	/** What it has seen since. */
	| { readonly kind: 'count' };

export interface FalAnswer {
	readonly baseUrl: string;
	readonly requests: Requests;
	readonly pushbacks: number;
	readonly generatedTwice: number;
}

const starting = startLocalFal();

answerQuestions<FalQuestion, FalAnswer>(async (question) => {
	const fal = await starting;
	if (question.kind === 'prepare') prepare(fal, question.scenario);
	return count(fal);
});

function prepare(fal: LocalFal, scenario: Scenario): void {
	const { accountLimit, submitLimit, latency, items, ambiguousSubmits = 0 } = scenario;
	const times = drawTimes(scenario.times, items);
	fal.reset();
	Object.assign(fal.options, {
		accountConcurrency: accountLimit,
		submitLimit,
		latency,
		jobTime: ({ input }: { input: unknown }) => times[itemOf(String(Object(input).prompt))],
	});
	if (ambiguousSubmits > 0) loseAnswers(fal, ambiguousSubmits);
}

/** The first submit of every n-th item is taken, and answered by a gateway that ran out of time. */
function loseAnswers(fal: LocalFal, share: number): void {
	const struck = new Set<number>();
	fal.schedule({
		call: 'submit',
		where: ({ prompt = '' }) => {
			const item = itemOf(prompt);
			if (!isStruck(item, share) || struck.has(item)) return false;
			struck.add(item);
			return true;
		},
		answer: {
			status: 504,
			headers: { 'content-type': 'text/html' },
			body: '<h1>504 Gateway Time-out</h1>',
			taken: true,
		},
	});
}

function count(fal: LocalFal): FalAnswer {
	const { submit, status, result, cancel } = fal.counts().calls;
	const prompts = [...fal.jobs.values()].map(({ inputText }) => inputText);
	return {
		baseUrl: fal.baseUrl,
		requests: { submit, status, result, cancel },
		pushbacks: fal.calls.filter((call) => call.kind === 'submit' && call.status === 429).length,
		generatedTwice: prompts.length - new Set(prompts).size,
	};
}
