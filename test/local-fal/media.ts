/**
 * The files behind fal's media URLs (`v3.fal.media`): pictures that are drawn when they are
 * fetched, and the bytes that users have uploaded.
 */
import { createHash } from 'node:crypto';
import { contentType, draw } from './pictures';
import type { Picture } from './pictures';

export interface MediaFile {
	readonly bytes: Buffer;
	readonly contentType: string;
}

/** The most bytes of uploads that are kept; the oldest go first. */
const UPLOADS_KEPT = 64 * 1024 * 1024;

export class Media {
	readonly #pictures = new Map<string, Picture>();
	readonly #uploads = new Map<string, MediaFile>();
	#uploadedBytes = 0;

	/** Hangs up a picture that nobody has drawn yet. Gives back its path. */
	hang(picture: Picture): string {
		const name = createHash('sha256')
			.update([...Object.values(picture)].join('\n'))
			.digest('base64url');
		const path = `files/${name.slice(0, 6)}/${name.slice(6, 28)}.${picture.format}`;
		this.#pictures.set(path, picture);
		return path;
	}

	keep(path: string, file: MediaFile): void {
		this.#uploads.set(path, file);
		this.#uploadedBytes += file.bytes.length;
		for (const [oldest, { bytes }] of this.#uploads) {
			if (this.#uploadedBytes <= UPLOADS_KEPT) break;
			this.#uploads.delete(oldest);
			this.#uploadedBytes -= bytes.length;
		}
	}

	async find(path: string): Promise<MediaFile | undefined> {
		const picture = this.#pictures.get(path);
		if (!picture) return this.#uploads.get(path);
		return { bytes: await draw(picture), contentType: contentType(picture.format) };
	}

	reset(): void {
		this.#pictures.clear();
		this.#uploads.clear();
		this.#uploadedBytes = 0;
	}
}
