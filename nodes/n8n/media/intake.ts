import { type Missed, passing, tooLarge } from './missed';

/** Counts what comes, and ends it where it is too much or too little. */
export class Intake {
	size = 0;
	/** Why it is not all there, if it is the bytes' fault. */
	missed: Missed | undefined = passing('broken_off', 'the answer broke off');

	constructor(
		private readonly length: number | undefined,
		private readonly most: number,
	) {}

	async *of(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
		for await (const chunk of bytes) {
			this.size += chunk.byteLength;
			if (this.size > this.most) this.#refuse(tooLarge(this.most));
			yield chunk;
		}
		if (this.length !== undefined && this.size !== this.length) {
			this.#refuse(passing('broken_off', `${this.size} of ${this.length} bytes came`));
		}
		this.missed = undefined;
	}

	#refuse(missed: Missed): never {
		this.missed = missed;
		throw new Error(missed.message);
	}
}
