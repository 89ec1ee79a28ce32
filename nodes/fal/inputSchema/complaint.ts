/** Mistakes in an input, as sentences for the person at the canvas. */
import type { Mistake } from './check';
import { shortened } from './words';

/** More would not be read, and the rest is found when these are put right. */
const MOST = 5;

/** Such as `"num_images" is 7, but must be a whole number from 1 to 4.` */
export function complaintAbout(mistakes: readonly Mistake[]): string {
	const sentences = mistakes.slice(0, MOST).map(sentenceAbout);
	const rest = mistakes.length - sentences.length;
	return [...sentences, ...(rest > 0 ? [`And ${rest} more.`] : [])].join(' ');
}

function sentenceAbout({ path, value, allowed }: Mistake): string {
	const field = path.length === 0 ? 'The Input' : `"${inWords(path)}"`;
	const must = value === undefined ? 'is missing: it must be' : `is ${shown(value)}, but must be`;
	return `${field} ${must} ${allowed()}.`;
}

/** Such as `loras[0].scale`. */
function inWords(path: Mistake['path']): string {
	return path
		.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
		.join('')
		.slice(1);
}

function shown(value: unknown): string {
	try {
		return shortened(JSON.stringify(value) ?? String(value), 80);
	} catch {
		return 'a value that can’t be written as JSON';
	}
}
