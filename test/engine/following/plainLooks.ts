/**
 * The best looks at a job by the formulas alone, slow and plain: what `WorkTimes` is to find, and finds with
 * sums and from the end backwards. Times in milliseconds.
 */
interface Question {
	/** Work times of jobs that have ended. */
	readonly works: readonly number[];
	readonly worked: number;
	readonly soonest: number;
	readonly apart: number;
}

/** A look comes so long after the end that it is for. */
const MARGIN = 10;

/** @returns when to look first, for a job that has not outlived all ends */
export function plainBestLook({ works, worked, soonest, apart }: Question): number {
	const ends = likelyEnds(works);
	const price = Math.min(30, 0.02 * ends[ends.length >> 1]!);
	const known = new Map<number, number>();

	/** What it costs in all to find these done, by how many there are: the last of all that is likely. */
	function costOf(open: readonly number[], lastSeen: number): number {
		const cost = known.get(open.length) ?? best(open, lastSeen + MARGIN + apart).cost;
		known.set(open.length, cost);
		return cost;
	}

	function best(open: readonly number[], from: number): { look: number; cost: number } {
		if (open.length === 0) return { look: from, cost: 0 };
		const choices = open.map((end) => {
			const look = Math.max(end + MARGIN, from);
			const seen = open.filter((other) => other <= look - MARGIN || other <= end);
			const late = seen.reduce((sum, other) => sum + look - other, 0);
			const rest = open.slice(seen.length);
			return { look, cost: price * open.length + late + costOf(rest, seen.at(-1)!) };
		});
		return choices.reduce((least, choice) => (choice.cost < least.cost ? choice : least));
	}

	const open = ends.filter((end) => end > worked);
	return best(open, soonest).look;
}

/** Kernel density estimation on a logarithmic scale: seven equal shares around each sample, in their order. */
function likelyEnds(works: readonly number[]): number[] {
	const count = works.length;
	const logs = works.map((work) => Math.log(work)).sort((a, b) => a - b);
	const mean = logs.reduce((sum, log) => sum + log) / count;
	const squares = logs.map((log) => (log - mean) * (log - mean));
	const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square) / (count - 1));
	const [lower, upper] = [0.25, 0.75].map((share) => logs[Math.floor(share * count)]!);
	const middle = (upper! - lower!) / 1.34;
	// Silverman's rule, with the quartiles where they are apart.
	const silverman = (0.9 * (middle > 0 ? Math.min(deviation, middle) : deviation)) / count ** 0.2;
	const neighbour = Math.min(Math.round(Math.sqrt(count)), count - 1);
	const ends = logs.flatMap((log) => {
		const distances = logs.map((other) => Math.abs(other - log)).sort((a, b) => a - b);
		const width = Math.min(silverman, distances[neighbour]!);
		return [-1.465, -0.792, -0.366, 0, 0.366, 0.792, 1.465].map((by) => Math.exp(log + by * width));
	});
	return ends.sort((a, b) => a - b);
}
