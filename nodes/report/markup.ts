/** Markup in which nothing from outside can be more than text. */
const ENTITIES: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
	'`': '&#96;',
};

/** For text and for the value of an attribute in quotes. */
export function escaped(text: string): string {
	return text.replace(/[&<>"'`]/g, (sign) => ENTITIES[sign] ?? '').replace(UNSEEN, '');
}

/** Signs that are not seen: control characters, and those that turn the direction of text around. */
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A web address that may stand in the report, or nothing. */
export function webAddress(value: unknown): string | undefined {
	if (typeof value !== 'string' || value.length > 2_000 || !URL.canParse(value)) return undefined;
	const { protocol, username, href } = new URL(value);
	return (protocol === 'https:' || protocol === 'http:') && username === '' ? href : undefined;
}

export function shortened(text: string, length: number): string {
	return text.length > length ? `${text.slice(0, length)}…` : text;
}
