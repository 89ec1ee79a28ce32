/** What was measured of the latest jobs, in milliseconds: what fal did an hour ago says little about now. */
export class RecentSamples {
	readonly #samples: number[] = [];
	#sorted: number[] | undefined;

	add(sample: number): void {
		this.#samples.push(sample);
		if (this.#samples.length > MEMORY) this.#samples.shift();
		this.#sorted = undefined;
	}

	get least(): number | undefined {
		return this.#inOrder()[0];
	}

	/** Three of four samples are above it. */
	get lowerQuartile(): number | undefined {
		const sorted = this.#inOrder();
		return sorted[Math.floor(sorted.length / 4)];
	}

	#inOrder(): number[] {
		return (this.#sorted ??= [...this.#samples].sort((a, b) => a - b));
	}
}

/** As many as end within minutes in a batch of the usual size. */
const MEMORY = 50;
