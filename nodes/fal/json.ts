/**
 * JSON that keeps the digits of large integers. fal's seeds go beyond 2^53, where a JavaScript number
 * rounds; a rounded seed generates another picture.
 */
import { type DuplicateKeyInfo, parse } from 'lossless-json';
import { isRecord } from '../engine/isRecord';
import { byContent } from '../engine/media/contentName';

/** Sixteen digits in a row is the least that 2^53 needs; without them the quick parser is right. */
const LEAST_DIGITS = 16;
const MAYBE_LARGE = /\d{16}/;

/** JSON that was read, or none. */
export type Parsed = { readonly value: unknown } | undefined;

/** @returns the value, with integers beyond 2^53 as text that has all their digits */
export function parseJson(text: string): Parsed {
	try {
		return { value: JSON.parse(MAYBE_LARGE.test(text) ? withLargeIntegersQuoted(text) : text) };
	} catch {
		return undefined;
	}
}

/**
 * The same JSON with each integer beyond 2^53 as a string, for the built-in parser. A parser that knows such
 * numbers took 1.2 s for 10 MB, during which n8n stood still. What is not JSON stays invalid.
 */
function withLargeIntegersQuoted(text: string): string {
	const parts: string[] = [];
	let kept = 0;
	for (let at = 0; at < text.length; ) {
		const quote = text.indexOf('"', at);
		const end = quote < 0 ? text.length : quote;
		// Between most strings there is only room for a comma.
		if (end - at >= LEAST_DIGITS) {
			const between = text.slice(at, end);
			const quoted = between.replace(LONG_INTEGER, quotedIfLarge);
			if (quoted !== between) {
				parts.push(text.slice(kept, at), quoted);
				kept = end;
			}
		}
		at = quote < 0 ? end : endOfString(text, quote);
	}
	return parts.length === 0 ? text : parts.join('') + text.slice(kept);
}

/**
 * A number that consists of digits only: no decimals, no exponent, and no part of either. One before a colon
 * stands where only a name is allowed; in quotes, it would become one.
 */
const LONG_INTEGER = /(?<![\d.eE+-])-?(?!0)\d{16,}(?![\d.eE]|\s*:)/g;

function quotedIfLarge(digits: string): string {
	return isExact(digits) ? digits : `"${digits}"`;
}

/**
 * @returns the index after the string that begins at `quote`, or the end of the text if the string has none
 */
function endOfString(text: string, quote: number): number {
	for (let at = quote + 1; ; at++) {
		at = text.indexOf('"', at);
		if (at < 0) return text.length;
		let backslashes = 0;
		while (text[at - 1 - backslashes] === '\\') backslashes++;
		if (backslashes % 2 === 0) return at + 1;
	}
}

/**
 * The same for what is to be sent: integers beyond 2^53 become values that `JSON.stringify` writes as
 * the number they were. Node before 21 can't write them; there they are sent as text, which fal's
 * models (pydantic) read as a number.
 */
export function parseInputJson(text: string): Parsed {
	// Of two entries with the same key the last one counts, as in JSON.parse.
	const options = {
		parseNumber: keepDigitsAsNumber,
		onDuplicateKey: ({ newValue }: DuplicateKeyInfo) => newValue,
	};
	try {
		const large = MAYBE_LARGE.test(text);
		return { value: large ? parse(text, undefined, options) : JSON.parse(text) };
	} catch {
		return undefined;
	}
}

/** @param digits a number, as JSON writes it. @returns what is written as just this number */
export function keepDigitsAsNumber(digits: string): unknown {
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
 * The same text for the same value, in whatever order its fields are. A large integer is its digits, whether
 * it is a number or a text: which of the two it is depends on the version of Node, and on fal.
 * An uploaded file is its content, wherever it was put.
 */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (_, part: unknown) => {
		const digits = rawJsonText(part);
		if (digits !== undefined) return digits;
		if (typeof part === 'string') return byContent(part);
		if (typeof part === 'number' && !isExact(String(part))) return String(part);
		return isRecord(part) ? inOrder(part) : part;
	});
}

function inOrder(fields: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What a value of `JSON.rawJSON` is written as; none for all others. It is frozen, and nothing else that was
 * read from JSON is.
 */
export function rawJsonText(part: unknown): string | undefined {
	const isRaw = isRecord(part) && Object.isFrozen(part) && 'rawJSON' in part;
	return isRaw ? String(part.rawJSON) : undefined;
}
