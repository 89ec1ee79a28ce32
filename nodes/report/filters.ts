/** Filters of the browser's own, which need no script: by outcome, and by model where there are several. */
import type { EndedJob } from '../engine/job';
import { escaped } from './markup';

/** Of so many models each has a filter; the rest have one together. */
const MOST_MODELS = 20;
const OTHERS = 'others';

/** A choice: the class of the cards that it shows, and what it is called. */
interface Choice {
	readonly shows: string;
	readonly label: string;
	readonly count: number;
}

export interface Filters {
	/** To stand before the sheet, beside it. */
	readonly html: string;
	/** @returns the classes by which the job's card is found */
	classesOf(job: EndedJob): string;
}

export function filtersFor(ended: readonly EndedJob[]): Filters {
	const outcomes = counted(ended.map(({ ending }) => ending.outcome));
	const models = [...counted(ended.map(({ submission }) => submission.model))].sort(
		([, a], [, b]) => b - a,
	);
	const places = new Map(models.slice(0, MOST_MODELS).map(([model], place) => [model, place]));
	const classOf = (model: string) => `model-${places.get(model) ?? OTHERS}`;
	const all = { shows: '', label: 'all', count: ended.length };
	const byOutcome = [...outcomes].map(([outcome, count]) => ({
		shows: outcome,
		label: outcome.replace('_', ' '),
		count,
	}));
	const byModel = models
		.slice(0, MOST_MODELS)
		.map(([model, count]) => ({ shows: classOf(model), label: model, count }));
	const rest = models.slice(MOST_MODELS).reduce((sum, [, count]) => sum + count, 0);
	if (rest > 0) byModel.push({ shows: `model-${OTHERS}`, label: 'other models', count: rest });
	const groups = [group('show', [all, ...byOutcome])];
	if (models.length > 1) groups.push(group('model', [{ ...all, label: 'all models' }, ...byModel]));
	return {
		html: groups.join('<br>'),
		classesOf: ({ ending, submission }) => `${ending.outcome} ${classOf(submission.model)}`,
	};
}

function group(name: string, choices: readonly Choice[]): string {
	const rules = choices
		.filter(({ shows }) => shows)
		.map(
			(choice) => `#${idOf(name, choice)}:checked~.sheet .card:not(.${choice.shows}){display:none}`,
		);
	const inputs = choices.map((choice, index) => {
		const id = idOf(name, choice);
		const { label, count } = choice;
		return `<input type="radio" name="${name}" id="${id}"${index === 0 ? ' checked' : ''}><label for="${id}">${escaped(label)} (${count})</label>`;
	});
	return `<style>${rules.join('')}</style>${inputs.join(' ')}`;
}

function idOf(name: string, { shows }: Choice): string {
	return `${name}-${shows || 'all'}`;
}

function counted(words: readonly string[]): Map<string, number> {
	const counts = new Map<string, number>();
	for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
	return counts;
}
