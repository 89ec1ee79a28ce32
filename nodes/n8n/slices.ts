/** Work on thousands of items at a stretch, in slices of time between which n8n gets to do other things. */
import { n8nClock } from './n8nClock';

/** Milliseconds: somebody who types in n8n's editor does not notice a pause of that length. */
const SLICE = 20;
/** The shortest that a timer knows. */
const PAUSE = 1;

export class Slices {
	#end = performance.now() + SLICE;

	/** Whether it is time for a `pause`. To be asked between two items: to await something for each has a price. */
	get isOver(): boolean {
		return performance.now() >= this.#end;
	}

	async pause(): Promise<void> {
		await n8nClock.sleep(PAUSE);
		this.#end = performance.now() + SLICE;
	}
}
