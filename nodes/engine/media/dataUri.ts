/** A file that came inside the output itself, as models give it with `sync_mode`. */
export interface InlineFile {
	readonly contentType: string;
	readonly bytes: Buffer;
}

/** @returns nothing if it can't be read */
export function readDataUri(uri: string): InlineFile | undefined {
	const comma = uri.indexOf(',');
	if (comma < 0) return undefined;
	const [contentType = '', ...parameters] = uri.slice('data:'.length, comma).split(';');
	const text = uri.slice(comma + 1);
	try {
		const bytes = parameters.some((each) => each.trim().toLowerCase() === 'base64')
			? Buffer.from(text, 'base64')
			: Buffer.from(decodeURIComponent(text));
		// Node reads base64 as far as it is good, and says nothing of the rest.
		return bytes.length === 0 ? undefined : { contentType, bytes };
	} catch {
		return undefined;
	}
}

/** How it can be shown: megabytes of base64 help nobody. */
export function shortAddress(url: string): string {
	return url.startsWith('data:') && url.length > 100 ? `${url.slice(0, 60)}...` : url;
}
