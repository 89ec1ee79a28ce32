/** Which of a job's outputs can be shown: by fal's fields, wherever in the output they are. */
import { isRecord } from '../engine/isRecord';
import { webAddress } from './markup';

export interface Medium {
	readonly url: string;
	readonly kind: 'picture' | 'other';
}

const DEEPEST = 6;
/** Of a list of files, the first few are enough to find one. */
const BROADEST = 20;
/** Objects and lists that are looked into, of one output. */
const MOST_PARTS = 1_000;

/** @returns the first picture; else the first file of another kind */
export function mediumOf(output: unknown): Medium | undefined {
	const found = mediaIn(output, 0, { left: MOST_PARTS });
	return found.find(({ kind }) => kind === 'picture') ?? found[0];
}

function mediaIn(value: unknown, depth: number, budget: { left: number }): Medium[] {
	if (depth > DEEPEST || typeof value !== 'object' || value === null) return [];
	if (budget.left-- <= 0) return [];
	const parts = Array.isArray(value) ? value.slice(0, BROADEST) : Object.values(value);
	const within = parts.slice(0, BROADEST).flatMap((part) => mediaIn(part, depth + 1, budget));
	if (!isRecord(value)) return within;
	const url = webAddress(value.url);
	return url === undefined ? within : [{ url, kind: kindOf(url, value.content_type) }, ...within];
}

function kindOf(url: string, contentType: unknown): Medium['kind'] {
	if (typeof contentType === 'string') {
		return contentType.startsWith('image/') ? 'picture' : 'other';
	}
	return /\.(png|jpe?g|webp|gif|avif)$/i.test(new URL(url).pathname) ? 'picture' : 'other';
}
