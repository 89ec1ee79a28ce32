/** Whether the pictures behind the addresses can be seen. */
import type { DemoResult } from './demo';

const OPENS_WITHIN_MS = 30_000;

/** @returns why a picture does not open, by its address; empty when all of them do */
export async function brokenPictures(results: readonly DemoResult[]): Promise<Map<string, string>> {
	const broken = new Map<string, string>();
	const open = async ({ picture }: DemoResult) => {
		if (picture === undefined) return;
		try {
			await fetchPicture(picture);
		} catch (error) {
			broken.set(picture, error instanceof Error ? error.message : String(error));
		}
	};
	await Promise.all(results.map(open));
	return broken;
}

/** @throws when the address does not answer with a picture */
export async function fetchPicture(address: string): Promise<Buffer> {
	const response = await fetch(address, { signal: AbortSignal.timeout(OPENS_WITHIN_MS) });
	const type = response.headers.get('content-type') ?? 'nothing that says its type';
	if (!response.ok) throw new Error(`answered ${response.status}`);
	if (!type.startsWith('image/')) throw new Error(`gave ${type} instead of a picture`);
	return Buffer.from(await response.arrayBuffer());
}
