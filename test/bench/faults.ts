/** Which items are struck: the same ones for every contender, spread over the batch. */
export function isStruck(item: number, share: number): boolean {
	const period = Math.round(1 / share);
	return item % period === Math.floor(period / 2);
}
