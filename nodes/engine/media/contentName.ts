/**
 * Files that are uploaded are named by their content. Each upload has an address of its own; by the name in
 * it, two uploads of the same bytes are known for the same input in fal's request history.
 */
const MARK = 'fal-queue-';

/**
 * @param sha256 of the bytes, in hexadecimal digits
 * @param ending without a dot
 */
export function contentName(sha256: string, ending: string): string {
	return `${MARK}${sha256}.${ending}`;
}

/** What stands for the file where inputs are compared. */
export function identityOfContent(sha256: string): string {
	return `file with the SHA-256 ${sha256}`;
}

/** @returns what stands for the file, if the text is the address of one that was named by its content */
export function byContent(text: string): string {
	if (!text.includes(MARK)) return text;
	const sha256 = NAMED.exec(text)?.[1];
	return sha256 === undefined ? text : identityOfContent(sha256);
}

/** fal may put something of its own before a name. */
const NAMED = new RegExp(
	`^https?://[^?#\\s]*${MARK}([0-9a-f]{64})(?:\\.[A-Za-z0-9]+)?(?:[?#]\\S*)?$`,
);
