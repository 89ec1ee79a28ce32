/** How a figure is spread over many jobs. */
export interface Spread {
	readonly median: number;
	/** Nine of ten are not above it. */
	readonly p90: number;
	readonly longest: number;
}

/** @returns nothing for no figures */
export function spreadOf(figures: readonly number[]): Spread | undefined {
	const sorted = [...figures].sort((a, b) => a - b);
	const longest = sorted.at(-1);
	if (longest === undefined) return undefined;
	const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? longest;
	return { median: at(0.5), p90: at(0.9), longest };
}
