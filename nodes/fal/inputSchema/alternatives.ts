/**
 * What a rule comes to, without references and without `allOf`, `anyOf` and `oneOf`: the kinds of value that
 * it allows, one beside the other. For forms and for words; `check.ts` decides on values.
 */
import { entryOf, type InputSchema, type JsonType, type Rule } from './rule';

/** A rule without `$ref`, `allOf`, `anyOf` and `oneOf`. */
export type Alternative = Omit<Rule, '$ref' | 'allOf' | 'anyOf' | 'oneOf'>;

/** More than a person would read; in the schema of a model there are a handful. */
const MOST = 40;
/** References and unions within each other. A circle ends here, too. */
const DEEPEST = 10;
/** Rules that are looked into for one answer: circles with several ways would have millions. */
const MOST_RULES = 300;

/** By the rule: each belongs to one schema. Asked again for each of thousands of items. */
const known = new WeakMap<Rule, readonly Alternative[]>();

/** @returns one at least */
export function alternativesOf(
	rule: Rule,
	schema: Pick<InputSchema, 'definitions'>,
): readonly Alternative[] {
	const found = known.get(rule) ?? expanded(rule, schema, 0, { rules: MOST_RULES });
	known.set(rule, found);
	return found;
}

function expanded(
	rule: Rule,
	schema: Pick<InputSchema, 'definitions'>,
	depth: number,
	left: { rules: number },
): readonly Alternative[] {
	const { $ref, allOf = [], anyOf, oneOf, ...own } = rule;
	if (depth > DEEPEST || --left.rules < 0) return [own];
	const within = (part: Rule) => expanded(part, schema, depth + 1, left);
	let found: readonly Alternative[] = [own];
	if ($ref !== undefined) {
		found = combined(found, within(entryOf(schema.definitions, $ref) ?? {}));
	}
	for (const part of allOf) found = combined(found, within(part));
	for (const union of [anyOf, oneOf]) {
		if (union) found = combined(found, union.slice(0, MOST).flatMap(within));
	}
	return found;
}

function combined(some: readonly Alternative[], others: readonly Alternative[]): Alternative[] {
	const most = Math.max(1, Math.floor(MOST / some.length));
	return some.flatMap((one) => others.slice(0, most).map((other) => both(one, other)));
}

/** What holds when both do, as far as it can be said in one rule. */
function both(one: Alternative, other: Alternative): Alternative {
	const required = [...(one.required ?? []), ...(other.required ?? [])];
	const type = commonTypes(one.type, other.type);
	// What is said around a reference is meant for this place.
	const notes = { ...other.notes, ...one.notes };
	return {
		...other,
		...one,
		...(type && { type }),
		...((one.properties || other.properties) && {
			properties: { ...other.properties, ...one.properties },
		}),
		...(required.length > 0 && { required }),
		...(Object.keys(notes).length > 0 && { notes }),
	};
}

function commonTypes(
	some: readonly JsonType[] | undefined,
	others: readonly JsonType[] | undefined,
): readonly JsonType[] | undefined {
	if (!some || !others) return some ?? others;
	const common = some.filter((type) => others.includes(type));
	// An integer is a number.
	return common.length > 0 ? common : some.includes('integer') ? ['integer'] : others;
}

/** The types of an alternative that says none can be told by what it says else. */
export function typesOf(alternative: Alternative): readonly JsonType[] {
	const { type, enum: choices, properties, items, prefixItems } = alternative;
	if (type) return type;
	if (choices) return [...new Set(choices.map(typeOfChoice))];
	if (properties) return ['object'];
	return items || prefixItems ? ['array'] : [];
}

function typeOfChoice(choice: unknown): JsonType {
	if (choice === null) return 'null';
	if (Array.isArray(choice)) return 'array';
	const type = typeof choice;
	return type === 'string' || type === 'number' || type === 'boolean' ? type : 'object';
}

/** Those that are more than null: null is what a field that is left out comes to. */
export function withoutNull(alternatives: readonly Alternative[]): readonly Alternative[] {
	return alternatives.flatMap((each) => {
		const types = typesOf(each).filter((type) => type !== 'null');
		if (types.length === 0 && typesOf(each).length > 0) return [];
		const choices = each.enum?.filter((choice) => choice !== null);
		return [{ ...each, ...(each.type && { type: types }), ...(choices && { enum: choices }) }];
	});
}
