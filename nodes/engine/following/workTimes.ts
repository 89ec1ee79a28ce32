/**
 * How long the jobs of a model work, as far as those that have ended tell, and when to look at one that works.
 *
 * A look has a price, and so has every moment in which a job is done and not yet seen to be. Which looks cost
 * least in all is the problem of optimal inspection (Barlow, Hunter and Proschan, 1963). It is solved from the
 * last possible end backwards: what a job costs that is still at work after one of them, if every look at it
 * is the best one. So jobs that all take the same time get one look, right after their end; jobs whose time
 * varies get several, close together where many end and far apart where few do.
 */
export class WorkTimes {
	/** Milliseconds, the latest ones. */
	readonly #samples: number[] = [];
	#unplanned = 0;
	#plan: Plan | undefined;

	get isEmpty(): boolean {
		return this.#samples.length === 0;
	}

	add(sample: number): void {
		this.#samples.push(Math.max(1, sample));
		if (this.#samples.length > MEMORY) this.#samples.shift();
		this.#unplanned++;
	}

	/** @returns milliseconds that a job usually works in all that has worked for so long; nothing while none has ended */
	usual(worked: number): number | undefined {
		const longer = this.#samples.filter((sample) => sample > worked).sort(ascending);
		return longer[longer.length >> 1] ?? (this.isEmpty ? undefined : worked * OUTLIVED_TAKES);
	}

	/**
	 * @param worked milliseconds that it has worked when it was seen last; negative before it starts
	 * @param soonest milliseconds of work before which it can't be looked at
	 * @param apart milliseconds between two looks, at the least
	 * @returns milliseconds of work at which to look at it, once one has ended
	 */
	bestLook(worked: number, soonest: number, apart: number): number {
		if (!this.#plan || this.#unplanned >= this.#samples.length * RENEWED_SHARE) {
			this.#plan = new Plan(likelyEnds(this.#samples), apart);
			this.#unplanned = 0;
		}
		const look = this.#plan.bestLook(worked, soonest);
		if (this.#samples.length >= ENOUGH) return look;
		const outlived = this.#samples.filter((sample) => sample <= worked).length;
		if (outlived === 0) return look;
		// It is not like one of the few that are known: it may be like none of them.
		const soon = Math.max(soonest, worked * (1 + SHARE_OF_FEW));
		return outlived === this.#samples.length ? soon : Math.min(look, soon);
	}
}

/** The best looks at jobs that are equally likely to end at each of some moments. */
class Plan {
	/** Of the first so many ends; milliseconds. */
	readonly #sums = [0];
	/** Of all jobs that end after the first so many ends, in milliseconds, if each look at them is the best one. */
	readonly #costs: number[];
	/** Of a look, in milliseconds in which a job is done and not seen to be. */
	readonly #price: number;

	/** @param ends milliseconds of work, in their order */
	constructor(
		private readonly ends: readonly number[],
		apart: number,
	) {
		this.#price = Math.min(HIGHEST_PRICE, PRICE_SHARE * ends[ends.length >> 1]!);
		for (const end of ends) this.#sums.push(this.#sums.at(-1)! + end);
		this.#costs = new Array<number>(ends.length + 1).fill(0);
		for (let next = ends.length - 1; next > 0; next--) {
			this.#costs[next] = this.#best(next, ends[next - 1]! + MARGIN + apart).cost;
		}
	}

	bestLook(worked: number, soonest: number): number {
		const next = this.#firstAfter(worked);
		if (next < this.ends.length) return this.#best(next, soonest).look;
		// It has outlived all that are known: it can end at any moment, the less likely the longer it works.
		return worked + Math.sqrt((2 * this.#price * worked) / OVERDUE_ENDS);
	}

	/** The best look at jobs that have not ended before the end of this number. */
	#best(next: number, soonest: number): { readonly look: number; readonly cost: number } {
		const { ends } = this;
		let [look, cost] = [soonest, Infinity];
		for (let last = next; last < ends.length; last++) {
			const at = Math.max(ends[last]! + MARGIN, soonest);
			const isSeenToo = ends[last + 1]! <= at - MARGIN;
			if (isSeenToo) continue;
			const lateness = (last + 1 - next) * at - (this.#sums[last + 1]! - this.#sums[next]!);
			const whole = this.#price * (ends.length - next) + lateness + this.#costs[last + 1]!;
			if (whole < cost) [look, cost] = [at, whole];
		}
		return { look, cost };
	}

	#firstAfter(worked: number): number {
		let [low, high] = [0, this.ends.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.ends[middle]! > worked) high = middle;
			else low = middle + 1;
		}
		return low;
	}
}

/**
 * The next jobs end about when those before them did, not at the same milliseconds: each known end stands for
 * several around it (kernel density estimation, on a logarithmic scale, since times vary by shares of
 * themselves). Ends that are all the same stay so.
 */
function likelyEnds(samples: readonly number[]): number[] {
	const logs = samples.map(Math.log).sort(ascending);
	const widest = widthForAll(logs);
	return logs
		.flatMap((log) => {
			const width = Math.min(widest, distanceToNeighbours(log, logs));
			return KERNEL.map((deviation) => Math.exp(log + deviation * width));
		})
		.sort(ascending);
}

/**
 * Silverman's rule.
 *
 * @param values in their order
 */
function widthForAll(values: readonly number[]): number {
	const { length } = values;
	if (length < 2) return 0;
	const mean = values.reduce((sum, value) => sum + value, 0) / length;
	const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (length - 1);
	const deviation = Math.sqrt(variance);
	const quarters = values[Math.floor((3 * length) / 4)]! - values[Math.floor(length / 4)]!;
	const spread = quarters > 0 ? Math.min(deviation, quarters / 1.34) : deviation;
	return 0.9 * spread * length ** -0.2;
}

/** Where a model has quick jobs and slow ones, neither blurs the other. */
function distanceToNeighbours(value: number, values: readonly number[]): number {
	const distances = values.map((other) => Math.abs(other - value)).sort(ascending);
	const neighbours = Math.round(Math.sqrt(values.length));
	return distances[Math.min(neighbours, values.length - 1)]!;
}

const ascending = (one: number, other: number) => one - other;

/** The middles of seven equal shares of a normal distribution, in standard deviations. */
const KERNEL = [-1.465, -0.792, -0.366, 0, 0.366, 0.792, 1.465];

/** From so many samples on they tell how much work times vary, and how much longer than all of them one may take. */
const ENOUGH = 10;
/** Until then a look is late by at most this share of the job's time, once it has outlived one. */
const SHARE_OF_FEW = 0.2;
/** The latest samples only: what fal did an hour ago says little about now. */
const MEMORY = 50;
/** A plan serves until this share of the samples is new: to make one takes as long as hundreds of looks at it. */
const RENEWED_SHARE = 0.1;
/**
 * A look is worth a fiftieth of a usual job's time, and never more than 30 ms: looks are free, and a place at
 * fal that stands empty is not. What other prices buy is in docs/bench.md.
 */
const PRICE_SHARE = 0.02;
const HIGHEST_PRICE = 30;
/** After the likely end, so that a job that is on time is not just missed and looked at twice. */
const MARGIN = 10;
/**
 * How quickly jobs end that have outlived all known ones: at each moment, so many in the time that they have
 * worked by then. Few are left, but the last one of a batch often is among them, and everybody waits for it.
 */
const OVERDUE_ENDS = 6;
/** A job that has outlived all known ones is taken to need a bit more, so that its place counts as held. */
const OUTLIVED_TAKES = 1.1;
