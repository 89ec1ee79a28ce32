/** The bytes of a file in an incoming item: a stream from n8n's binary store, or n8n's memory. */
import { createHash } from 'node:crypto';
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import type { Content } from '../../engine/media/inputFiles';
import type { ByteStream } from './byteStream';

export class BinarySource {
	constructor(
		private readonly node: IExecuteFunctions,
		private readonly itemIndex: number,
		private readonly property: string,
		private readonly binary: IBinaryData,
	) {}

	/** The same for the same bytes; absent where n8n keeps them in its memory. */
	get id(): string | undefined {
		return this.binary.id;
	}

	/** @returns a stream where n8n keeps them outside its memory */
	async open(): Promise<ByteStream | Buffer> {
		const { helpers } = this.node;
		const { id } = this.binary;
		if (id !== undefined) return await helpers.getBinaryStream(id, CHUNK);
		return await helpers.getBinaryDataBuffer(this.itemIndex, this.property);
	}

	/** Reads them once, from the first to the last. */
	async read(): Promise<Content> {
		const hash = createHash('sha256');
		const bytes = await this.open();
		if (Buffer.isBuffer(bytes)) {
			return { sha256: hash.update(bytes).digest('hex'), size: bytes.length };
		}
		let size = 0;
		for await (const chunk of bytes) {
			hash.update(chunk);
			size += chunk.byteLength;
		}
		return { sha256: hash.digest('hex'), size };
	}
}

const CHUNK = 256 * 1024;
