/**
 * A file of n8n's as the official client takes one: it only asks for its size, its type, and for parts of
 * it. A whole one is read as it is sent; a part of a large one is held, so that it can be sent again.
 */
import type { FileOfBytes } from '../../fal/storage';
import type { BinarySource } from './binarySource';
import type { ByteStream } from './byteStream';

export class SourceFile implements FileOfBytes {
	#reader: PartReader | undefined;

	constructor(
		readonly name: string,
		readonly type: string,
		readonly size: number,
		readonly source: BinarySource,
	) {}

	slice(start: number, end: number): PartOfFile {
		this.#reader ??= new PartReader(this.source);
		return new PartOfFile(this, start, end - start, this.#reader);
	}

	async open(): Promise<ByteStream | Buffer> {
		return await this.source.open();
	}

	close(): void {
		this.#reader?.close();
	}
}

export class PartOfFile implements FileOfBytes {
	constructor(
		private readonly whole: FileOfBytes,
		private readonly start: number,
		readonly size: number,
		private readonly reader: PartReader,
	) {}

	get name(): string {
		return this.whole.name;
	}

	get type(): string {
		return this.whole.type;
	}

	slice(start: number, end: number): PartOfFile {
		return new PartOfFile(this.whole, this.start + start, end - start, this.reader);
	}

	async open(): Promise<Buffer> {
		return await this.reader.read(this.start, this.size);
	}
}

/** Reads on through one stream; what was read last can be had again. */
class PartReader {
	#chunks: AsyncIterator<Uint8Array> | undefined;
	#stream: ByteStream | undefined;
	#position = 0;
	#left = Buffer.alloc(0);
	#last: { readonly start: number; readonly bytes: Buffer } | undefined;

	constructor(private readonly source: BinarySource) {}

	/** @throws when the bytes are not there, or others than the next ones are asked for */
	async read(start: number, size: number): Promise<Buffer> {
		if (this.#last?.start === start) return this.#last.bytes;
		if (start !== this.#position) throw new Error('its parts were asked for out of their order');
		const bytes = await this.#next(size);
		this.#position += size;
		this.#last = { start, bytes };
		return bytes;
	}

	close(): void {
		this.#stream?.destroy?.();
		this.#last = undefined;
	}

	async #next(size: number): Promise<Buffer> {
		const chunks = [this.#left];
		let there = this.#left.length;
		while (there < size) {
			const { done, value } = await (await this.#iterator()).next();
			if (done) throw new Error('the file is shorter than it was');
			chunks.push(Buffer.from(value));
			there += value.byteLength;
		}
		const all = Buffer.concat(chunks);
		// A copy, so that a small rest does not keep all of it.
		this.#left = Buffer.from(all.subarray(size));
		return all.subarray(0, size);
	}

	async #iterator(): Promise<AsyncIterator<Uint8Array>> {
		if (this.#chunks) return this.#chunks;
		const opened = await this.source.open();
		const stream = Buffer.isBuffer(opened) ? only(opened) : opened;
		if (!Buffer.isBuffer(opened)) this.#stream = opened;
		this.#chunks = stream[Symbol.asyncIterator]();
		return this.#chunks;
	}
}

async function* only(bytes: Buffer): AsyncGenerator<Uint8Array> {
	yield bytes;
}
