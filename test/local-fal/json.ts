/**
 * JSON that keeps every digit. fal's models answer with seeds beyond 2^53 (fal-queue.md 5.2), which
 * `JSON.parse` would round: here such an integer is a `bigint`, read and written digit by digit.
 */
import { isInteger, isSafeNumber, parse, stringify } from 'lossless-json';

export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

/** Reads JSON text. Throws a `SyntaxError` when it is none. */
export function readJson(text: string): Json {
	return parse(text, null, numberWithAllDigits) as Json;
}

/** Writes JSON text. A property that is `undefined` is left out. */
export function writeJson(value: unknown): string {
	return stringify(value) ?? 'null';
}

export function isObject(value: Json | undefined): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberWithAllDigits(text: string): number | bigint {
	return isInteger(text) && !isSafeNumber(text) ? BigInt(text) : Number(text);
}
