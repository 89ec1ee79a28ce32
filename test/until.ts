/** Waits until it is so: a busy machine needs longer than any pause that a test could make. @throws after `withinMs` */
export async function until(isSo: () => boolean, withinMs = 60_000): Promise<void> {
	const deadline = Date.now() + withinMs;
	while (!isSo()) {
		if (Date.now() > deadline) throw new Error(`It is still not so after ${withinMs} ms: ${isSo}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
