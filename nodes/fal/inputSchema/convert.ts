/**
 * From what a person, or an expression, gave for a field to the value that the model's schema asks for. n8n has
 * rules of its own for that, which make 0 of an empty text, an address of `x.png` and another seed of a large
 * one; these ones change nothing but the way in which the same value is written.
 */
import { isRecord } from '../../engine/isRecord';
import { keepDigitsAsNumber, parseInputJson } from '../json';
import { type Alternative, alternativesOf, typesOf } from './alternatives';
import { allows } from './check';
import { entryOf, type InputSchema, type JsonType, type Rule } from './rule';
import { kindOf } from './value';

type Input = Readonly<Record<string, unknown>>;

/** What a field of the form has when it was not filled in, and what an expression gives that found nothing. */
export function isLeftOut(value: unknown): boolean {
	return value === undefined || value === null || value === '';
}

/**
 * @param input values by the names of their fields
 * @returns the same fields; a value that can't become what is asked for stays as it is, for the check to find
 * @throws an Error about a value that has lost digits already
 */
export function convertInput(schema: InputSchema, input: Input): Record<string, unknown> {
	const fields = fieldRules(schema);
	return Object.fromEntries(
		Object.entries(input).map(([name, value]) => {
			const field = fields.get(name);
			return [name, field ? convertValue(name, field, value, schema) : value];
		}),
	);
}

interface FieldRule {
	readonly rule: Rule;
	readonly alternatives: readonly Alternative[];
	readonly types: ReadonlySet<JsonType>;
}

/** Worked out once for a schema, and not for each of thousands of items. */
const known = new WeakMap<InputSchema, Map<string, FieldRule>>();

function fieldRules(schema: InputSchema): ReadonlyMap<string, FieldRule> {
	const found = known.get(schema);
	if (found) return found;
	const rules = new Map<string, FieldRule>();
	for (const { properties = {} } of alternativesOf(schema.root, schema)) {
		for (const name of Object.keys(properties)) {
			const rule = entryOf(properties, name) ?? {};
			const alternatives = alternativesOf(rule, schema);
			if (!rules.has(name)) {
				rules.set(name, { rule, alternatives, types: new Set(alternatives.flatMap(typesOf)) });
			}
		}
	}
	known.set(schema, rules);
	return rules;
}

function convertValue(
	name: string,
	field: FieldRule,
	value: unknown,
	schema: InputSchema,
): unknown {
	checkDigits(name, field, value);
	const [first, ...others] = candidates(field, value);
	for (const candidate of [first, ...others]) {
		if (candidate !== undefined && allows(field.rule, candidate, schema)) return candidate;
	}
	if (allows(field.rule, value, schema)) return value;
	// The check names what is wrong with it: 7 is too large, which of "7" could not be said.
	return first ?? value;
}

/** The value as other types, those first that mean more than a text does. */
function candidates({ alternatives, types }: FieldRule, value: unknown): unknown[] {
	if (value instanceof Date) return [dated(alternatives, value.toISOString())];
	switch (kindOf(value)) {
		case 'string':
			return ofText(String(value), alternatives, types);
		case 'number':
			return types.has('string') && !types.has('number') && !types.has('integer')
				? [String(value)]
				: [];
		default:
			return [];
	}
}

function ofText(
	text: string,
	alternatives: readonly Alternative[],
	types: ReadonlySet<JsonType>,
): unknown[] {
	const trimmed = text.trim();
	const found: unknown[] = [];
	const mayBeJson = /^[[{]/.test(trimmed) && (types.has('array') || types.has('object'));
	if (mayBeJson) found.push(parseInputJson(trimmed)?.value);
	// A text that is allowed as it is stays one: a prompt may be "5", and a voice "true".
	if (types.has('string')) found.push(dated(alternatives, text));
	if ((types.has('integer') || types.has('number')) && NUMBER.test(trimmed)) {
		found.push(keepDigitsAsNumber(trimmed));
	}
	if (types.has('boolean') && /^(true|false)$/i.test(trimmed)) {
		found.push(trimmed.toLowerCase() === 'true');
	}
	return found.filter((candidate) => candidate !== undefined);
}

/** As JSON writes it. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** n8n's date picker gives day and time, without a zone. */
function dated(alternatives: readonly Alternative[], text: string): string {
	const format = alternatives.find((each) => each.format !== undefined)?.format;
	if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?/.test(text)) return text;
	if (format === 'date') return text.slice(0, 10);
	const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text);
	return format === 'date-time' && !hasZone ? `${text}Z` : text;
}

/** A seed that was rounded generates another picture, and nobody would see why. */
function checkDigits(name: string, { types }: FieldRule, value: unknown): void {
	if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return;
	if (!types.has('integer')) return;
	throw new Error(
		`"${name}" is ${value}, a number of which n8n keeps no more than 16 digits: the others are lost. Give it as text, by an expression such as {{ "9007199254740993" }}.`,
	);
}

/** Fields of the input that the schema does not know. A model ignores them, and fal does not say so. */
export function unknownFields(schema: InputSchema, input: Input): string[] {
	const fields = fieldRules(schema);
	if (fields.size === 0 || takesOthers(schema)) return [];
	return Object.keys(input).filter((name) => !fields.has(name) && input[name] !== undefined);
}

function takesOthers(schema: InputSchema): boolean {
	return alternativesOf(schema.root, schema).some((each) => isRecord(each.additionalProperties));
}
