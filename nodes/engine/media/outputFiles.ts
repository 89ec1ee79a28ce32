/**
 * The files in a model's output, in its order. fal has no one place for them: a file is an object with a
 * `url`, or an address in a field like `image_url` or `urls`, at any depth; with `sync_mode` it is a data URI.
 */
import { isRecord } from '../isRecord';

export interface OutputFile {
	/** An https or http address, or a data URI. */
	readonly url: string;
	/** As the output says, as far as it does. */
	readonly contentType?: string;
	readonly name?: string;
	/** Bytes. */
	readonly size?: number;
	readonly width?: number;
	readonly height?: number;
}

/** @returns each file once, also where the output has its address twice */
export function findFiles(output: unknown): OutputFile[] {
	const found = new Map<string, OutputFile>();
	search(output, '', 0, found);
	return [...found.values()];
}

/** No model's output is deeper; what holds itself ends here. */
const DEEPEST = 30;
/** No job makes more; an output that is a list of links is not a thousand downloads. */
const MOST_FILES = 1_000;

function search(value: unknown, field: string, depth: number, found: Map<string, OutputFile>) {
	if (depth > DEEPEST || found.size >= MOST_FILES) return;
	if (typeof value === 'string') {
		if (isFile(value, field) && !found.has(value)) found.set(value, { url: value });
		return;
	}
	if (Array.isArray(value)) {
		for (const entry of value) search(entry, field, depth + 1, found);
		return;
	}
	if (!isRecord(value)) return;
	const { url } = value;
	// What the object says of its file counts, also where the bare address came first.
	if (typeof url === 'string' && (isWebAddress(url) || isDataUri(url))) {
		found.set(url, { url, ...described(value) });
	}
	for (const [name, part] of Object.entries(value)) search(part, name, depth + 1, found);
}

/** A text with an address in it is none; a text that is one may still be a link to somewhere else. */
function isFile(value: string, field: string): boolean {
	if (isDataUri(value)) return true;
	return isWebAddress(value) && (/(^|_)urls?$/i.test(field) || FAL_MEDIA.test(value));
}

const FAL_MEDIA = /^https:\/\/([\w-]+\.)*fal\.media\//i;

function isWebAddress(value: string): boolean {
	return /^https?:\/\/[^\s/]/i.test(value) && URL.canParse(value);
}

export function isDataUri(value: string): boolean {
	return /^data:[\w.+-]+\/[\w.+-]+[;,]/i.test(value.slice(0, 200));
}

function described(file: Record<string, unknown>): Partial<OutputFile> {
	const { content_type: contentType, file_name: name, file_size: size, width, height } = file;
	return {
		...(typeof contentType === 'string' && contentType !== '' && { contentType }),
		...(typeof name === 'string' && name !== '' && { name }),
		...(isCount(size) && { size }),
		...(isCount(width) && { width }),
		...(isCount(height) && { height }),
	};
}

function isCount(value: unknown): value is number {
	return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
