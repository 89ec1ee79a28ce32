/** Model IDs as fal writes them: `owner/app`, `owner/app/path`, `workflows/owner/name`. */
import type { Handle } from '../engine/transport';

/** These owners are namespaces: the app's id has three parts. */
const NAMESPACES = new Set(['workflows', 'comfy']);

const PART = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const LONGEST = 200;

/**
 * Reads a model ID, or the address of a model's page on fal.ai.
 *
 * @returns the model ID
 * @throws an Error whose message says what is wrong
 */
export function parseModelId(value: string): string {
	const trimmed = value.trim();
	if (trimmed === '') throw new Error('No model was chosen');
	const id = /^[a-z]+:\/\//i.test(trimmed) ? idFromUrl(trimmed) : trimmed.replace(/^\/+|\/+$/g, '');
	const parts = id.split('/');
	const least = NAMESPACES.has(parts[0] ?? '') ? 3 : 2;
	const wellFormed = parts.length >= least && parts.every((part) => PART.test(part));
	if (!wellFormed || id.length > LONGEST || parts.includes('requests')) {
		throw new Error(`"${shown(trimmed)}" is not a model ID`);
	}
	return id;
}

/**
 * Where fal gives the result of a request: below the app, without the rest of the model ID
 * (https://fal.ai/docs/api-reference/inference-api).
 *
 * @param model a model ID
 */
export function responseUrl({ model, requestId }: Handle): string {
	const parts = model.split('/');
	const app = parts.slice(0, NAMESPACES.has(parts[0] ?? '') ? 3 : 2).join('/');
	return `https://queue.fal.run/${app}/requests/${requestId}`;
}

const PAGES = /^\/models\/(.+?)(?:\/(?:api|playground|llms\.txt|examples|requests))?\/?$/;

function idFromUrl(value: string): string {
	if (!URL.canParse(value)) throw new Error(`"${shown(value)}" is not a URL`);
	const { protocol, hostname, pathname } = new URL(value);
	const isFal =
		/^https?:$/.test(protocol) && /^(?:(?:www\.)?fal\.ai|(?:queue\.)?fal\.run)$/.test(hostname);
	if (!isFal) throw new Error(`"${shown(value)}" is not an address on fal.ai`);
	const id = hostname.endsWith('fal.run') ? pathname.slice(1) : PAGES.exec(pathname)?.[1];
	if (!id) throw new Error(`"${shown(value)}" is not the page of a model`);
	return id.replace(/\/+$/, '');
}

function shown(value: string): string {
	return value.length > 100 ? `${value.slice(0, 100)}...` : value;
}

/** What to do where a model ID was not accepted. */
export const MODEL_ID_ADVICE =
	'Give a model ID such as "fal-ai/flux/dev", or the address of its page, such as "https://fal.ai/models/fal-ai/flux/dev".';
