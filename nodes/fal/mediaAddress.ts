/**
 * Where files may be fetched from and put. The addresses come in answers of fal's, and what a model puts
 * into its output is anybody's word: so no key ever goes there, and only https, save for the media hosts
 * behind the user's own Base URL.
 */

const MEDIA_HOST = /^([a-z0-9-]+\.)*fal\.media$/;

/**
 * @param url as fal gave it, or where a redirect leads
 * @param baseUrl from the credential; empty for fal itself
 * @returns the address to ask; nothing when it may not be asked
 */
export function mediaAddress(url: string, baseUrl: string): string | undefined {
	if (!URL.canParse(url)) return undefined;
	const { protocol, host, pathname, search, username, password, href } = new URL(url);
	if (username || password) return undefined;
	if (isBehind(baseUrl, href)) return href;
	if (protocol !== 'https:') return undefined;
	if (baseUrl !== '' && MEDIA_HOST.test(host)) return `${baseUrl}/${host}${pathname}${search}`;
	return href;
}

/**
 * Of what is behind a gateway, only media: it may add the key by itself, and the rest of it is not for a
 * model to send us to.
 */
function isBehind(baseUrl: string, href: string): boolean {
	if (baseUrl === '') return false;
	const base = new URL(`${baseUrl}/`).href;
	if (!href.startsWith(base)) return false;
	return MEDIA_HOST.test(href.slice(base.length).split('/')[0] ?? '');
}
