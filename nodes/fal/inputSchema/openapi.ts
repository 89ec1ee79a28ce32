/**
 * From a model's OpenAPI document to the schema of its input. The document is fal's, and may be absurd:
 * deep, circular, or megabytes of it. What is read of it is bounded; what lies beyond allows everything, and is
 * fal's to judge.
 *
 * Facts: https://fal.ai/docs/documentation/model-apis and the documents themselves, which call themselves
 * OpenAPI 3.0.4 and use keywords of 3.1.
 */
import { isRecord } from '../../engine/isRecord';
import { ANYTHING, type InputSchema, type JsonType, NOTHING, type Notes, type Rule } from './rule';

/** @returns none if the document has no input for this model that can be understood */
export function readInputSchema(document: unknown, model: string): InputSchema | undefined {
	const schema = findInput(document, model);
	if (!isRecord(schema)) return undefined;
	const reader = new Reader(document);
	const root = reader.read(schema);
	return { model, root, definitions: reader.definitions() };
}

/** By the POST, and not by its name: names of schemas are the model's own. */
function findInput(document: unknown, model: string): unknown {
	const paths = at(document, ['paths']);
	if (!isRecord(paths)) return undefined;
	const posts = Object.entries(paths).filter(([, path]) => isRecord(path) && isRecord(path.post));
	const [, path] = posts.find(([name]) => name === `/${model}`) ?? posts[0] ?? [];
	return at(path, ['post', 'requestBody', 'content', 'application/json', 'schema']);
}

/** Schemas that are read of one document: the largest of fal's have some hundred. */
const MOST_RULES = 4_000;
/** Levels, within one definition. */
const DEEPEST = 40;
/** Of each list within a schema: choices, alternatives, fields. */
const LONGEST = 2_000;

class Reader {
	readonly #definitions = new Map<string, Rule>();
	readonly #pending: string[] = [];
	#left = MOST_RULES;

	constructor(private readonly document: unknown) {}

	read(schema: unknown): Rule {
		const rule = this.#rule(schema, 0);
		// One after the other: definitions that refer to each other are no recursion then.
		for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
			this.#definitions.set(next, this.#rule(this.#resolve(next), 0));
		}
		return rule;
	}

	definitions(): Readonly<Record<string, Rule>> {
		return Object.fromEntries(this.#definitions);
	}

	#rule(schema: unknown, depth: number): Rule {
		if (schema === false) return NOTHING;
		if (!isRecord(schema) || depth > DEEPEST || this.#left <= 0) return ANYTHING;
		this.#left--;
		const one = (value: unknown) => (isSchema(value) ? this.#rule(value, depth + 1) : undefined);
		const many = (value: unknown) =>
			Array.isArray(value) && value.length > 0
				? value.slice(0, LONGEST).map((each) => this.#rule(each, depth + 1))
				: undefined;
		// An array of `items` is what `prefixItems` was called before 2020.
		const tuple = schema.prefixItems ?? (Array.isArray(schema.items) ? schema.items : undefined);
		return withoutAbsent({
			$ref: this.#reference(schema.$ref),
			...plainKeywords(schema),
			items: one(schema.items),
			prefixItems: many(tuple),
			properties: this.#properties(schema.properties, depth),
			additionalProperties: one(schema.additionalProperties),
			anyOf: many(schema.anyOf),
			oneOf: many(schema.oneOf),
			allOf: many(schema.allOf),
			not: one(schema.not),
			notes: readNotes(schema),
		});
	}

	#properties(value: unknown, depth: number): Record<string, Rule> | undefined {
		if (!isRecord(value)) return undefined;
		return Object.fromEntries(
			Object.entries(value)
				.slice(0, LONGEST)
				.map(([name, schema]) => [name, this.#rule(schema, depth + 1)]),
		);
	}

	#reference(ref: unknown): string | undefined {
		if (typeof ref !== 'string' || !ref.startsWith('#/')) return undefined;
		if (!this.#definitions.has(ref)) {
			this.#definitions.set(ref, ANYTHING);
			this.#pending.push(ref);
		}
		return ref;
	}

	#resolve(pointer: string): unknown {
		const parts = pointer.slice(2).split('/');
		return at(this.document, parts.map(unescaped));
	}
}

function unescaped(part: string): string {
	return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isSchema(value: unknown): boolean {
	return typeof value === 'boolean' || isRecord(value);
}

/** @returns the value at the end of the path; none where there is no such path */
function at(value: unknown, path: readonly string[]): unknown {
	let found = value;
	for (const part of path) {
		const isThere =
			typeof found === 'object' &&
			found !== null &&
			Object.prototype.hasOwnProperty.call(found, part);
		found = isThere ? Object(found)[part] : undefined;
	}
	return found;
}

const TYPES: readonly string[] = [
	'string',
	'integer',
	'number',
	'boolean',
	'object',
	'array',
	'null',
] satisfies JsonType[];

/** All keywords whose value is no schema. */
function plainKeywords(schema: Record<string, unknown>): Rule {
	const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
	return withoutAbsent({
		type: readTypes(schema),
		enum: readChoices(schema),
		...readBound('minimum', 'exclusiveMinimum', minimum, exclusiveMinimum),
		...readBound('maximum', 'exclusiveMaximum', maximum, exclusiveMaximum),
		multipleOf: positive(schema.multipleOf),
		minLength: finite(schema.minLength),
		maxLength: finite(schema.maxLength),
		pattern: text(schema.pattern),
		format: text(schema.format),
		minItems: finite(schema.minItems),
		maxItems: finite(schema.maxItems),
		uniqueItems: schema.uniqueItems === true ? true : undefined,
		required: readNames(schema.required),
		minProperties: finite(schema.minProperties),
		maxProperties: finite(schema.maxProperties),
	});
}

function readTypes({ type, nullable }: Record<string, unknown>): JsonType[] | undefined {
	const known = [type].flat().filter(isType);
	if (known.length === 0) return undefined;
	return nullable === true && !known.includes('null') ? [...known, 'null'] : known;
}

function isType(type: unknown): type is JsonType {
	return typeof type === 'string' && TYPES.includes(type);
}

/** A list of choices that is cut off would refuse the rest. */
function readChoices(schema: Record<string, unknown>): unknown[] | undefined {
	if ('const' in schema) return [schema.const];
	const { enum: choices } = schema;
	return Array.isArray(choices) && choices.length <= LONGEST ? choices : undefined;
}

/** In OpenAPI 3.0 `exclusiveMinimum: true` says of `minimum` that it is none of the values; 3.1 has a number. */
function readBound(
	inclusive: 'minimum' | 'maximum',
	exclusive: 'exclusiveMinimum' | 'exclusiveMaximum',
	bound: unknown,
	exclusion: unknown,
): Rule {
	if (exclusion === true) return { [exclusive]: finite(bound) };
	return { [inclusive]: finite(bound), [exclusive]: finite(exclusion) };
}

function readNames(value: unknown): string[] | undefined {
	if (!Array.isArray(value)) return undefined;
	const names = value.filter((name) => typeof name === 'string').slice(0, LONGEST);
	return names.length > 0 ? names : undefined;
}

function readNotes(schema: Record<string, unknown>): Notes | undefined {
	const { title, description, ui } = schema;
	const notes = withoutAbsent({
		title: text(title)?.trim() || undefined,
		description: text(description)?.trim() || undefined,
		...('default' in schema && { default: schema.default }),
		uiField: isRecord(ui) ? text(ui.field) : undefined,
		order: readNames(schema['x-fal-order-properties']),
	});
	return Object.keys(notes).length > 0 ? notes : undefined;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
const finite = (value: unknown) =>
	typeof value === 'number' && Number.isFinite(value) ? value : undefined;
const positive = (value: unknown) => (Number(value) > 0 ? finite(value) : undefined);

function withoutAbsent<Fields extends object>(fields: Fields): Fields {
	const present = Object.entries(fields).filter(([, value]) => value !== undefined);
	return Object.fromEntries(present) as Fields;
}
