/**
 * The files behind fal's media URLs (`v3.fal.media`): pictures that are drawn when they are fetched, files
 * of any size that are made up as they are sent, and what users have uploaded.
 */
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Clock } from './clock';
import type { LocalFalOptions } from './options';
import { contentType, draw } from './pictures';
import type { Picture } from './pictures';

export interface MediaFile {
	readonly bytes: Buffer | Readable;
	readonly size: number;
	readonly contentType: string;
}

/** A file that nobody has, and anybody may fetch. */
export interface MadeUpFile {
	readonly name: string;
	readonly contentType: string;
	readonly size: number;
}

/** An upload whose bytes have come. */
export interface Upload {
	readonly path: string;
	readonly contentType: string;
	readonly size: number;
	/** In hexadecimal digits. */
	readonly sha256: string;
	/** What was asked of its lifecycle, as it was written. */
	readonly lifecycle?: string;
}

interface Announced {
	readonly lifecycle: string | undefined;
	readonly latest: number;
}

/** The most bytes of uploads that are kept; the oldest go first. */
const UPLOADS_KEPT = 64 * 1024 * 1024;

export class Media {
	readonly #pictures = new Map<string, Picture>();
	readonly #madeUp = new Map<string, MadeUpFile>();
	readonly #kept = new Map<string, { readonly bytes: Buffer; readonly contentType: string }>();
	readonly #announced = new Map<string, Announced>();
	readonly #parts = new Map<
		string,
		Map<number, { readonly etag: string; readonly bytes: Buffer }>
	>();
	readonly #since = new Map<string, number>();
	#uploads: Upload[] = [];
	#keptBytes = 0;

	constructor(
		private readonly options: LocalFalOptions,
		private readonly clock: Clock,
	) {}

	get uploads(): readonly Upload[] {
		return this.#uploads;
	}

	/** Hangs up a picture that nobody has drawn yet. Gives back its path. */
	hang(picture: Picture): string {
		const name = createHash('sha256')
			.update([...Object.values(picture)].join('\n'))
			.digest('base64url');
		const path = `files/${name.slice(0, 6)}/${name.slice(6, 28)}.${picture.format}`;
		this.#pictures.set(path, picture);
		this.#since.set(path, Date.now());
		return path;
	}

	/** Makes up a file. Gives back its path. */
	leave(file: MadeUpFile): string {
		const path = `files/${randomUUID().slice(0, 8)}/${encodeURIComponent(file.name)}`;
		this.#madeUp.set(path, file);
		this.#since.set(path, Date.now());
		return path;
	}

	/** An upload is to come. Gives back its path. */
	announce(name: string, lifecycle?: string): string {
		const own = this.options.uploadNames === 'own';
		const last = own ? randomUUID().replaceAll('-', '') : encodeURIComponent(name);
		const path = `files/${randomUUID().slice(0, 8)}/${last}`;
		this.#announced.set(path, {
			lifecycle,
			latest: this.clock.later(Date.now(), this.options.uploadExpiry),
		});
		return path;
	}

	/** Whether bytes may be put there, and not any longer, or never. */
	isOpen(path: string): boolean {
		return Date.now() <= (this.#announced.get(path)?.latest ?? Number.NEGATIVE_INFINITY);
	}

	keep(path: string, bytes: Buffer, type: string): void {
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		const lifecycle = this.#announced.get(path)?.lifecycle;
		const size = bytes.length;
		this.#uploads.push({ path, contentType: type, size, sha256, ...(lifecycle && { lifecycle }) });
		this.#kept.set(path, { bytes, contentType: type });
		this.#since.set(path, Date.now());
		this.#keptBytes += size;
		for (const [oldest, kept] of this.#kept) {
			if (this.#keptBytes <= UPLOADS_KEPT || oldest === path) break;
			this.#kept.delete(oldest);
			this.#keptBytes -= kept.bytes.length;
		}
	}

	/** Gives back its etag. */
	keepPart(path: string, part: number, bytes: Buffer): string {
		const parts = this.#parts.get(path) ?? new Map();
		this.#parts.set(path, parts);
		const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
		parts.set(part, { etag, bytes });
		return etag;
	}

	/** Puts the parts together. @returns whether all of them are there, with their etags */
	complete(path: string, parts: ReadonlyArray<{ partNumber: number; etag: string }>, type: string) {
		const kept = this.#parts.get(path);
		const bytes = parts.flatMap(({ partNumber, etag }) => {
			const part = kept?.get(partNumber);
			return part?.etag === etag ? [part.bytes] : [];
		});
		if (bytes.length === 0 || bytes.length !== kept?.size || bytes.length !== parts.length)
			return false;
		this.#parts.delete(path);
		this.keep(path, Buffer.concat(bytes), type);
		return true;
	}

	async find(path: string): Promise<MediaFile | undefined> {
		const age = this.clock.between(this.#since.get(path) ?? 0, Date.now());
		if (age > this.options.mediaExpiry) return undefined;
		const picture = this.#pictures.get(path);
		if (picture) {
			const bytes = await draw(picture);
			return { bytes, size: bytes.length, contentType: contentType(picture.format) };
		}
		const madeUp = this.#madeUp.get(path);
		if (madeUp) return { ...madeUp, bytes: Readable.from(filler(madeUp)) };
		const kept = this.#kept.get(path);
		return kept && { ...kept, size: kept.bytes.length };
	}

	reset(): void {
		for (const kept of [this.#pictures, this.#madeUp, this.#kept, this.#announced, this.#parts]) {
			kept.clear();
		}
		this.#since.clear();
		this.#uploads = [];
		this.#keptBytes = 0;
	}
}

const BLOCK = 64 * 1024;

/** Bytes that differ from file to file, and cost no memory. */
function* filler({ name, size }: MadeUpFile): Generator<Buffer> {
	const seed = createHash('sha256').update(name).digest();
	const block = Buffer.alloc(BLOCK, seed);
	for (let left = size; left > 0; left -= BLOCK) {
		yield left >= BLOCK ? block : block.subarray(0, left);
	}
}
