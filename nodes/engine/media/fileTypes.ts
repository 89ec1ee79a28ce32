/** What a file is, and what it is called: from what fal's output, the address and the answer say of it. */
import type { OutputFile } from './outputFiles';

/** What fal's models make and take; for anything else the type in the answer does. The first ending is used. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
	'image/png': ['png'],
	'image/jpeg': ['jpg', 'jpeg'],
	'image/webp': ['webp'],
	'image/gif': ['gif'],
	'image/avif': ['avif'],
	'image/heic': ['heic'],
	'image/bmp': ['bmp'],
	'image/tiff': ['tiff', 'tif'],
	'image/svg+xml': ['svg'],
	'image/x-exr': ['exr'],
	'video/mp4': ['mp4', 'm4v'],
	'video/webm': ['webm'],
	'video/quicktime': ['mov'],
	'video/x-matroska': ['mkv'],
	'audio/mpeg': ['mp3'],
	'audio/wav': ['wav'],
	'audio/ogg': ['ogg', 'oga', 'opus'],
	'audio/flac': ['flac'],
	'audio/aac': ['aac'],
	'audio/mp4': ['m4a'],
	'model/gltf-binary': ['glb'],
	'model/gltf+json': ['gltf'],
	'model/obj': ['obj'],
	'model/stl': ['stl'],
	'model/vnd.usdz+zip': ['usdz'],
	'application/x-ply': ['ply'],
	'application/x-fbx': ['fbx'],
	'application/zip': ['zip'],
	'application/gzip': ['gz'],
	'application/x-tar': ['tar'],
	'application/pdf': ['pdf'],
	'application/json': ['json'],
	'application/octet-stream': ['bin', 'safetensors'],
	'text/plain': ['txt', 'srt', 'vtt'],
	'text/csv': ['csv'],
	'text/html': ['html', 'htm'],
};

const TYPES = new Map(
	Object.entries(ENDINGS).flatMap(([type, endings]) =>
		endings.map((ending) => [ending, type] as const),
	),
);

/** Servers call by these what they know nothing of. */
const MEANINGLESS = new Set([
	'application/octet-stream',
	'binary/octet-stream',
	'application/binary',
	'text/plain',
	'text/html',
]);

/**
 * @param answered the content type that came with the bytes
 * @returns a content type without parameters: the output's word, the answer's, or by the ending of the name
 */
export function typeOf(file: OutputFile, answered?: string): string {
	const told = [file.contentType, answered].map(bare).filter((type) => type !== undefined);
	const byName = typeOfName(file.name) ?? typeOfName(nameInAddress(file.url));
	return (
		told.find((type) => !MEANINGLESS.has(type)) ?? byName ?? told[0] ?? 'application/octet-stream'
	);
}

/** Whether what came is some gateway's page: a web page, where the file is known to be something else. */
export function isPageInstead(file: OutputFile, answered: string | undefined): boolean {
	if (bare(answered) !== 'text/html') return false;
	const isKnown =
		bare(file.contentType) ?? typeOfName(file.name) ?? typeOfName(nameInAddress(file.url));
	return isKnown !== undefined && typeOf(file) !== 'text/html';
}

/** @param place of the file in the output, from 0 */
export function nameOf(file: OutputFile, type: string, place: number): string {
	const given = safe(file.name) || safe(nameInAddress(file.url)) || `file_${place + 1}`;
	if (/\.[A-Za-z0-9]{1,8}$/.test(given)) return given;
	const ending = endingOf(type);
	return ending ? `${given}.${ending}` : given;
}

/** @returns the usual ending of names, without a dot; nothing for an unknown type */
export function endingOf(type: string): string | undefined {
	return ENDINGS[type.toLowerCase()]?.[0];
}

/** @returns nothing for an unknown ending, or none */
export function typeOfName(name: string | undefined): string | undefined {
	const ending = /\.([A-Za-z0-9]{1,12})$/.exec(name ?? '')?.[1];
	return ending === undefined ? undefined : TYPES.get(ending.toLowerCase());
}

/** `image/png` of `Image/PNG; charset=utf-8`; nothing of what is no content type. */
function bare(type: string | undefined): string | undefined {
	const name = type?.split(';')[0]?.trim().toLowerCase() ?? '';
	return /^[\w.+-]+\/[\w.+-]+$/.test(name) ? name : undefined;
}

function nameInAddress(url: string): string {
	if (!URL.canParse(url) || !/^https?:/i.test(url)) return '';
	const last = new URL(url).pathname.split('/').at(-1) ?? '';
	try {
		return decodeURIComponent(last);
	} catch {
		return last;
	}
}

/** A name comes from outside, and may become the name of a file on a disk. */
function safe(name = ''): string {
	const last = name.split(/[/\\]/).at(-1) ?? '';
	const plain = last.replace(/[\p{Cc}\p{Cf}<>:"|?*]/gu, '').trim();
	return /^\.*$/.test(plain) ? '' : plain.slice(-LONGEST_NAME);
}

/** Most file systems take 255 bytes. */
const LONGEST_NAME = 120;
