/**
 * JSON that keeps the digits of large integers. fal's seeds go beyond 2^53, where a JavaScript number
 * rounds; a rounded seed generates another picture.
 */
import { type DuplicateKeyInfo, parse } from 'lossless-json';
import { isRecord } from '../engine/failure';

/** Sixteen digits in a row is the least that 2^53 needs; without them the quick parser is right. */
const MAYBE_LARGE = /\d{16}/;

/** JSON that was read, or none. */
export type Parsed = { readonly value: unknown } | undefined;

/** @returns the value, with integers beyond 2^53 as text that has all their digits */
export function parseJson(text: string): Parsed {
	return parseWith(keepDigitsAsText, text);
}

/**
 * The same for what is to be sent: integers beyond 2^53 become values that `JSON.stringify` writes as
 * the number they were. Node before 21 can't write them; there they are sent as text, which fal's
 * models (pydantic) read as a number.
 */
export function parseInputJson(text: string): Parsed {
	return parseWith(keepDigitsAsNumber, text);
}

function parseWith(parseNumber: (digits: string) => unknown, text: string): Parsed {
	// The last one of two entries with the same key counts, as for JSON.parse.
	const options = { parseNumber, onDuplicateKey: ({ newValue }: DuplicateKeyInfo) => newValue };
	try {
		const large = MAYBE_LARGE.test(text);
		return { value: large ? parse(text, undefined, options) : JSON.parse(text) };
	} catch {
		return undefined;
	}
}

function keepDigitsAsText(digits: string): number | string {
	return isExact(digits) ? Number(digits) : digits;
}

function keepDigitsAsNumber(digits: string): unknown {
	return isExact(digits) ? Number(digits) : rawJson(digits);
}

function isExact(digits: string): boolean {
	return !/^-?\d+$/.test(digits) || Number.isSafeInteger(Number(digits));
}

/** `JSON.rawJSON` is newer than the TypeScript library that the project builds with. */
const rawJson: (text: string) => unknown =
	'rawJSON' in JSON && typeof JSON.rawJSON === 'function'
		? (JSON.rawJSON as (text: string) => unknown)
		: (text) => text;

/**
 * The same text for the same value, in whatever order its fields are. A large integer is its digits, as
 * a number or as text: as which of the two it travels depends on this Node, and on what fal makes of it.
 */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (_, part: unknown) => {
		if (isRawJson(part)) return part.rawJSON;
		if (typeof part === 'number' && !isExact(String(part))) return String(part);
		return isRecord(part) ? inOrder(part) : part;
	});
}

function inOrder(fields: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A value of `JSON.rawJSON` is frozen; nothing else that was read from JSON is. */
function isRawJson(part: unknown): part is { readonly rawJSON: unknown } {
	return isRecord(part) && Object.isFrozen(part) && 'rawJSON' in part;
}
