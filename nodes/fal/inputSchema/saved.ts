/**
 * The schema as text, to be kept in the node: without what it says to people, which the form has shown.
 * With it the run needs nothing from fal.
 */
import { isRecord } from '../../engine/isRecord';
import { readInputSchema } from './openapi';
import type { InputSchema, Rule } from './rule';

/** Characters. What fal's models have is a tenth of it; a workflow is loaded and saved whole, again and again. */
const MOST_CHARACTERS = 100_000;

/** @returns none if it is too large to be kept in a workflow; it is fetched for each run then */
export function saveSchema({ model, root, definitions }: InputSchema): string | undefined {
	const text = JSON.stringify({ model, root: bare(root), definitions: mapped(definitions, bare) });
	return text.length > MOST_CHARACTERS ? undefined : text;
}

/** @returns none if it is no schema that was saved for this model */
export function readSavedSchema(text: unknown, model: string): InputSchema | undefined {
	if (typeof text !== 'string' || text.length > MOST_CHARACTERS) return undefined;
	const saved = parsed(text);
	if (!isRecord(saved) || saved.model !== model || !isRecord(saved.root)) return undefined;
	// A workflow is a file that anybody may have written: it is read with the same care as fal's document.
	return readInputSchema(
		{
			definitions: saved.definitions,
			paths: {
				[`/${model}`]: {
					post: { requestBody: { content: { 'application/json': { schema: saved.root } } } },
				},
			},
		},
		model,
	);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function bare(rule: Rule): object {
	const { $ref, items, prefixItems, properties, additionalProperties, ...rest } = rule;
	const { anyOf, oneOf, allOf, not, ...plain } = rest;
	return {
		...($ref !== undefined && { $ref: `#/definitions/${escaped($ref)}` }),
		...plain,
		// As JSON, it is not there.
		notes: undefined,
		...(items && { items: bare(items) }),
		...(prefixItems && { prefixItems: prefixItems.map(bare) }),
		...(properties && { properties: mapped(properties, bare) }),
		...(additionalProperties && { additionalProperties: bare(additionalProperties) }),
		...(anyOf && { anyOf: anyOf.map(bare) }),
		...(oneOf && { oneOf: oneOf.map(bare) }),
		...(allOf && { allOf: allOf.map(bare) }),
		...(not && { not: bare(not) }),
	};
}

function escaped(name: string): string {
	return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function mapped<From, To>(
	entries: Readonly<Record<string, From>>,
	change: (value: From) => To,
): Record<string, To> {
	return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, change(value)]));
}
