/** What came out, as a sheet of thumbnails: by fal's addresses, with prompt, request ID, outcome and cost. */
import { type EndedJob, isSuccess } from '../engine/job';
import { moneyText } from '../engine/spending/amount';
import type { JobCost } from '../engine/spending/cost';
import type { BatchResult } from '../engine/summing/summary';
import { filtersFor } from './filters';
import { escaped, shortened } from './markup';
import { mediumOf } from './media';
import { SEARCH_FIELD, SEARCH_SCRIPT } from './search';

/** A sheet of more is slow in any browser, and nobody looks through it. */
const MOST_CARDS = 2_000;
/** What is cut off is not found, either. */
const LONGEST_PROMPT = 1_000;
const LONGEST_MESSAGE = 400;

export function contactSheet({ ended, costs }: BatchResult): string {
	if (ended.length === 0) return '<p>Nothing.</p>';
	const filters = filtersFor(ended);
	const cards = ended
		.slice(0, MOST_CARDS)
		.map((job, index) => card(job, costs[index], filters.classesOf(job)));
	const left = ended.length - cards.length;
	const more = left > 0 ? `<p>${left} more are not shown.</p>` : '';
	return `${SEARCH_FIELD}${filters.html}<div class="sheet">${cards.join('')}</div>${more}${SEARCH_SCRIPT}`;
}

function card(job: EndedJob, cost: JobCost | undefined, classes: string): string {
	const { ending, submission, handle, index } = job;
	const why = isSuccess(ending)
		? ''
		: `<p class="why"><b>${escaped(ending.failure.type)}</b> ${escaped(shortened(ending.failure.message, LONGEST_MESSAGE))}</p>`;
	const id = handle ? `<code>${escaped(handle.requestId)}</code>` : '';
	return `<article class="card ${classes}">${picture(job)}<p class="prompt">${escaped(shortened(promptOf(submission.input), LONGEST_PROMPT))}</p>${why}<p class="facts">#${index + 1} ${escaped(submission.model)}${costText(cost)} · <span class="outcome">${ending.outcome.replace('_', ' ')}</span></p>${id}</article>`;
}

function picture({ ending }: EndedJob): string {
	const medium = ending.outcome === 'completed' ? mediumOf(ending.output) : undefined;
	if (!medium) return '<div class="none">no picture</div>';
	const url = escaped(medium.url);
	const open = `<a href="${url}" target="_blank" rel="noopener noreferrer">`;
	if (medium.kind === 'other') return `${open}<div class="none">open the file</div></a>`;
	return `${open}<img src="${url}" alt="" width="200" height="150" loading="lazy" decoding="async" referrerpolicy="no-referrer"></a>`;
}

function costText(cost: JobCost | undefined): string {
	if (!cost || cost.amount === undefined) return '';
	return ` · ${cost.perhaps ? 'perhaps ' : ''}${escaped(moneyText(cost.amount, cost.currency))}`;
}

function promptOf(input: Readonly<Record<string, unknown>>): string {
	const { prompt, text } = input;
	if (typeof prompt === 'string') return prompt;
	return typeof text === 'string' ? text : '';
}
