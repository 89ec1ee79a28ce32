/**
 * Where requests may go: fal's own hosts, or the user's Base URL in front of them. The API key goes
 * with every request, so an address that came in an answer of fal's is never followed.
 */

const FAL_HOSTS = new Set(['queue.fal.run', 'fal.run', 'rest.fal.ai', 'api.fal.ai', 'fal.ai']);

/**
 * @param url an address on one of fal's hosts
 * @param baseUrl from the credential; empty for fal itself
 * @returns the address to send the request to: with a Base URL, `https://H/path` becomes `<Base URL>/H/path`
 * @throws if the address is not fal's
 */
export function routed(url: string, baseUrl: string): string {
	const { protocol, host, pathname, search } = new URL(url);
	if (protocol !== 'https:' || !FAL_HOSTS.has(host)) {
		throw new Error(`Not one of fal's addresses: ${protocol}//${host}`);
	}
	return baseUrl === '' ? url : `${baseUrl}/${host}${pathname}${search}`;
}

/**
 * Checks the Base URL of the credential.
 *
 * @returns it without a slash at its end, empty when none was given; or what is wrong with it
 */
export function parseBaseUrl(value: string): { baseUrl: string } | { problem: string } {
	const baseUrl = value.trim().replace(/\/+$/, '');
	if (baseUrl === '') return { baseUrl };
	if (!URL.canParse(baseUrl)) return { problem: `"${baseUrl}" is not a URL` };
	const { protocol, username, password } = new URL(baseUrl);
	if (protocol !== 'https:' && protocol !== 'http:') {
		return { problem: `"${baseUrl}" does not begin with https:// or http://` };
	}
	if (username || password || /[?#]/.test(baseUrl)) {
		return { problem: 'it may hold a host and a path, but no user name, query or fragment' };
	}
	return { baseUrl };
}
