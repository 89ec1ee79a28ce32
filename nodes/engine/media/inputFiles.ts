/** Files in the input of a job: they stand in it as they are, and become addresses when it is submitted. */
import { isRecord } from '../isRecord';
import { identityOfContent } from './contentName';

export interface Content {
	/** In hexadecimal digits. */
	readonly sha256: string;
	/** Bytes. */
	readonly size: number;
}

/** A file that is to be uploaded. */
export class InputFile {
	/** Once its bytes were read. */
	content: Content | undefined;

	constructor(
		/** As the user knows it. */
		readonly name: string,
		readonly contentType: string,
		/** Where its bytes are: for who reads them. */
		readonly source: unknown,
	) {}

	/** As which it is compared with other inputs. It is never sent so. */
	toJSON(): string {
		return this.content ? identityOfContent(this.content.sha256) : `file ${this.name}`;
	}
}

/** Files for one field of the input. */
export interface FilesForField {
	/** `image_url`, or `elements.0.image_url`. */
	readonly path: string;
	readonly files: readonly InputFile[];
}

type Input = Readonly<Record<string, unknown>>;

/**
 * Puts files into an input. Several for the same field make a list, as one does for a field that is a list
 * already, or has a list's name (`image_urls`).
 *
 * @returns another input; the one given stays as it is
 * @throws an Error whose message says which path can't be followed, and why
 */
export function placeFiles(
	input: Input,
	wishes: readonly FilesForField[],
): Record<string, unknown> {
	const byPath = new Map<string, InputFile[]>();
	for (const { path, files } of wishes) {
		byPath.set(path, [...(byPath.get(path) ?? []), ...files]);
	}
	let placed: unknown = input;
	for (const [path, files] of byPath) placed = placedAt(placed, stepsOf(path), files, path);
	return placed as Record<string, unknown>;
}

/** No model's list is longer. */
const LARGEST_INDEX = 99;

function stepsOf(path: string): string[] {
	const steps = path.split('.');
	const isWrong = (step: string) => step === '' || FORBIDDEN.has(step);
	if (steps.some(isWrong)) {
		throw new Error(`"${path}" is no field: write image_url, or elements.0.image_url`);
	}
	return steps;
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

function placedAt(
	holder: unknown,
	[step = '', ...rest]: string[],
	files: readonly InputFile[],
	path: string,
): unknown {
	const isIndex = /^\d{1,9}$/.test(step);
	if (Array.isArray(holder) || (holder === undefined && isIndex)) {
		const list: unknown[] = [...((holder as unknown[] | undefined) ?? [])];
		const index = isIndex ? Number(step) : Number.NaN;
		if (!(index <= Math.min(list.length, LARGEST_INDEX))) {
			throw new Error(`"${path}": the list has ${list.length} entries, and no place ${step}`);
		}
		list[index] = within(list[index], step, rest, files, path);
		return list;
	}
	if (holder !== undefined && !isRecord(holder)) {
		throw new Error(`"${path}": what is before ${step} is neither an object nor a list`);
	}
	const fields = (holder ?? {}) as Record<string, unknown>;
	return { ...fields, [step]: within(fields[step], step, rest, files, path) };
}

function within(
	there: unknown,
	step: string,
	rest: string[],
	files: readonly InputFile[],
	path: string,
): unknown {
	if (rest.length > 0) return placedAt(there ?? undefined, rest, files, path);
	if (Array.isArray(there)) return [...(there as unknown[]), ...files];
	return files.length === 1 && !/(^|_)urls$/.test(step) ? files[0] : [...files];
}

/** @returns all that stand in it, each place counted */
export function filesIn(value: unknown): InputFile[] {
	if (value instanceof InputFile) return [value];
	if (Array.isArray(value)) return value.flatMap(filesIn);
	return isPlain(value) ? Object.values(value).flatMap(filesIn) : [];
}

/** @returns the same value, with an address in the place of each file */
export function withAddresses(value: unknown, addressOf: (file: InputFile) => string): unknown {
	if (value instanceof InputFile) return addressOf(value);
	if (Array.isArray(value)) return value.map((part: unknown) => withAddresses(part, addressOf));
	if (!isPlain(value)) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, part]) => [name, withAddresses(part, addressOf)]),
	);
}

/** A date, and a number that has all its digits, are written as they are. */
function isPlain(value: unknown): value is Record<string, unknown> {
	return isRecord(value) && !('toJSON' in value) && !Object.isFrozen(value);
}
