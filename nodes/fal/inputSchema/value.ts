/**
 * Values of an input. An integer beyond 2^53 is one that `../json.ts` wrote: to JSON it is a number, or, on a
 * Node that can't write it, the text of one.
 */
import { rawJsonText } from '../json';
import type { JsonType } from './rule';

export type Kind = Exclude<JsonType, 'integer'>;

/** What the value is when it is written as JSON. */
export function kindOf(value: unknown): Kind | undefined {
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'array';
	switch (typeof value) {
		case 'string':
			return 'string';
		case 'number':
			return Number.isFinite(value) ? 'number' : 'null';
		case 'boolean':
			return 'boolean';
		case 'object':
			if (rawJsonText(value) !== undefined) return 'number';
			return 'toJSON' in value ? 'string' : 'object';
		default:
			return undefined;
	}
}

export function isNumber(value: unknown): boolean {
	return kindOf(value) === 'number' || isLargeIntegerAsText(value);
}

export function isInteger(value: unknown): boolean {
	return Number.isInteger(value) || rawJsonText(value) !== undefined || isLargeIntegerAsText(value);
}

/** As near as a number comes to it; none if it is no number. */
export function numberOf(value: unknown): number | undefined {
	if (typeof value === 'number') return value;
	const digits = rawJsonText(value) ?? (typeof value === 'string' ? value : undefined);
	return digits === undefined || digits.trim() === '' ? undefined : Number(digits);
}

function isLargeIntegerAsText(value: unknown): boolean {
	return typeof value === 'string' && /^-?[1-9]\d{15,}$/.test(value) && !isExact(value);
}

const isExact = (digits: string) => Number.isSafeInteger(Number(digits));

/** In characters, as JSON Schema counts them. */
export function lengthOf(text: string): number {
	return [...text].length;
}
