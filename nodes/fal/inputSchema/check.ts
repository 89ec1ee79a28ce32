/**
 * Whether an input is what the model's schema allows, found out before it is submitted and paid for.
 * Follows JSON Schema 2020-12; keywords that fal's models don't use (`if`, `patternProperties`,
 * `unevaluatedProperties`) and formats allow everything, and are fal's to judge.
 */
import { canonicalJson } from '../json';
import { alternativesOf, typesOf } from './alternatives';
import { entryOf, type InputSchema, type JsonType, type Rule } from './rule';
import { isInteger, isNumber, kindOf, lengthOf, numberOf } from './value';
import { allowedBy } from './words';

export interface Mistake {
	/** From the input inwards: names of fields, numbers of entries. */
	readonly path: ReadonlyArray<string | number>;
	/** Absent where the field is missing. */
	readonly value?: unknown;
	/** In words. They are for those mistakes only that somebody reads: most are of alternatives not taken. */
	readonly allowed: () => string;
}

export interface Strictness {
	/**
	 * Whether a number may be given as text, as fal's models (pydantic) take it: what a person wrote as JSON is
	 * sent as it is.
	 */
	readonly takesNumbersAsText: boolean;
}

/** @returns what is wrong; nothing if the schema allows it */
export function checkInput(
	schema: InputSchema,
	input: unknown,
	strictness: Strictness = { takesNumbersAsText: false },
): readonly Mistake[] {
	return new Check(schema, strictness).mistakes(schema.root, input, []);
}

/** Whether the rule allows this value of a field. */
export function allows(rule: Rule, value: unknown, schema: InputSchema): boolean {
	return new Check(schema, { takesNumbersAsText: false }).mistakes(rule, value, []).length === 0;
}

/** Rules that are tried on one input. Alternatives within alternatives could take for ever; fal judges then. */
const MOST_STEPS = 20_000;
/** Levels of references and of the input. */
const DEEPEST = 400;

type Path = Mistake['path'];

class Check {
	#steps = 0;

	constructor(
		private readonly schema: InputSchema,
		private readonly strictness: Strictness,
	) {}

	mistakes(rule: Rule, value: unknown, path: Path, depth = 0): readonly Mistake[] {
		if (++this.#steps > MOST_STEPS || depth > DEEPEST) return [];
		return [
			...(this.#isPlainlyAllowed(rule, value) ? [] : [this.#mistake(rule, value, path)]),
			...this.#withinObject(rule, value, path, depth),
			...this.#withinList(rule, value, path, depth),
			...this.#combinations(rule, value, path, depth),
		];
	}

	/** By all that concerns the value alone, and not what is in it. */
	#isPlainlyAllowed(rule: Rule, value: unknown): boolean {
		const { type, enum: choices } = rule;
		if (type && !type.some((each) => this.#isOfType(each, value))) return false;
		if (choices && !isAmong(choices, value)) return false;
		const isText = typeof value === 'string';
		if (isText && !fitsText(rule, value)) return false;
		const number = isText && !this.#standsForNumber(rule, value) ? undefined : numberOf(value);
		if (number !== undefined && !fitsNumber(rule, number)) return false;
		return fitsSize(rule, value);
	}

	#isOfType(type: JsonType, value: unknown): boolean {
		if (type === 'number' || type === 'integer') {
			const fits = type === 'number' ? isNumber(value) : isInteger(value);
			if (fits || typeof value !== 'string') return fits;
			return this.strictness.takesNumbersAsText && isTextOf(type, value);
		}
		const isText = typeof value === 'string';
		const asText = type === 'boolean' && isText && this.strictness.takesNumbersAsText;
		return kindOf(value) === type || (asText && /^(true|false)$/i.test(value));
	}

	#standsForNumber({ type }: Rule, value: unknown): boolean {
		if (!type || type.includes('string')) return false;
		return type.some((each) => each !== 'boolean' && this.#isOfType(each, value));
	}

	#withinObject(rule: Rule, value: unknown, path: Path, depth: number): Mistake[] {
		if (kindOf(value) !== 'object') return [];
		const fields = value as Readonly<Record<string, unknown>>;
		const { properties, required = [], additionalProperties } = rule;
		const found: Mistake[] = [];
		for (const name of required) {
			if (entryOf(fields, name) !== undefined) continue;
			const allowed = () => allowedBy(this.#ruleOfField(rule, name), this.schema);
			found.push({ path: [...path, name], allowed });
		}
		for (const [name, part] of Object.entries(fields)) {
			// It is not written as JSON.
			if (part === undefined) continue;
			const partRule = entryOf(properties, name) ?? additionalProperties;
			if (partRule) found.push(...this.mistakes(partRule, part, [...path, name], depth + 1));
		}
		return found;
	}

	/** `required` and `properties` may stand in different parts of a rule. */
	#ruleOfField(rule: Rule, name: string): Rule {
		const [own] = alternativesOf(rule, this.schema);
		return entryOf(own?.properties, name) ?? {};
	}

	#withinList(rule: Rule, value: unknown, path: Path, depth: number): Mistake[] {
		if (!Array.isArray(value)) return [];
		const { prefixItems = [], items } = rule;
		return value.flatMap((entry, index) => {
			const entryRule = prefixItems[index] ?? items;
			return entryRule ? this.mistakes(entryRule, entry, [...path, index], depth + 1) : [];
		});
	}

	#combinations(rule: Rule, value: unknown, path: Path, depth: number): Mistake[] {
		const { $ref, allOf = [], anyOf, oneOf, not } = rule;
		const within = (part: Rule) => this.mistakes(part, value, path, depth + 1);
		const found = allOf.flatMap(within);
		if ($ref !== undefined) found.push(...within(entryOf(this.schema.definitions, $ref) ?? {}));
		if (anyOf) found.push(...this.#ofUnion(rule, anyOf, anyOf.map(within), value, path));
		if (oneOf) {
			const verdicts = oneOf.map(within);
			const fitting = verdicts.filter((verdict) => verdict.length === 0).length;
			if (fitting > 1) found.push(this.#mistake(rule, value, path));
			else found.push(...this.#ofUnion(rule, oneOf, verdicts, value, path));
		}
		if (not && within(not).length === 0) found.push(this.#mistake(rule, value, path));
		return found;
	}

	/** If the value is of the kind of one alternative only, what is wrong is wrong with that one. */
	#ofUnion(
		rule: Rule,
		union: readonly Rule[],
		verdicts: ReadonlyArray<readonly Mistake[]>,
		value: unknown,
		path: Path,
	): readonly Mistake[] {
		if (verdicts.some((verdict) => verdict.length === 0)) return [];
		const meant = verdicts.filter((_, index) => this.#isKindOf(union[index]!, value));
		const [only] = meant;
		const goesDeeper = only?.some((mistake) => mistake.path.length > path.length);
		return only && meant.length === 1 && goesDeeper ? only : [this.#mistake(rule, value, path)];
	}

	#isKindOf(rule: Rule, value: unknown): boolean {
		return alternativesOf(rule, this.schema).some((alternative) =>
			typesOf(alternative).some((type) => this.#isOfType(type, value)),
		);
	}

	#mistake(rule: Rule, value: unknown, path: Path): Mistake {
		return { path, value, allowed: () => allowedBy(rule, this.schema) };
	}
}

function isAmong(choices: readonly unknown[], value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return choices.includes(value);
	const text = canonicalJson(value);
	return choices.some((choice) => isObjectLike(choice) && canonicalJson(choice) === text);
}

const isObjectLike = (value: unknown) => typeof value === 'object' && value !== null;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function isTextOf(type: 'number' | 'integer', text: string): boolean {
	const trimmed = text.trim();
	if (!NUMBER.test(trimmed)) return false;
	return type === 'number' || Number.isInteger(Number(trimmed));
}

function fitsText({ minLength, maxLength, pattern }: Rule, text: string): boolean {
	if (minLength === undefined && maxLength === undefined && pattern === undefined) return true;
	const length = lengthOf(text);
	if (minLength !== undefined && length < minLength) return false;
	if (maxLength !== undefined && length > maxLength) return false;
	return pattern === undefined || fitsPattern(pattern, text);
}

/**
 * Patterns come from outside, and some take for ever on some texts: those that repeat what has choices or
 * repetitions in it, or have many repetitions. They are fal's to judge, and so are long texts.
 */
function fitsPattern(pattern: string, text: string): boolean {
	const isRisky =
		pattern.length > 200 ||
		/\([^()]*[|*+{][^()]*\)[*+{]/.test(pattern) ||
		/\)\)[*+{]/.test(pattern) ||
		/\\[1-9]/.test(pattern) ||
		(pattern.match(/[*+]|\{\d*,\}/g)?.length ?? 0) > 3;
	if (isRisky || text.length > 1_000) return true;
	try {
		return new RegExp(pattern, 'u').test(text);
	} catch {
		return true;
	}
}

function fitsNumber(rule: Rule, number: number): boolean {
	const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rule;
	return (
		(minimum === undefined || number >= minimum) &&
		(maximum === undefined || number <= maximum) &&
		(exclusiveMinimum === undefined || number > exclusiveMinimum) &&
		(exclusiveMaximum === undefined || number < exclusiveMaximum) &&
		(multipleOf === undefined || Number.isInteger(number / multipleOf))
	);
}

function fitsSize(rule: Rule, value: unknown): boolean {
	const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, uniqueItems } = rule;
	if (Array.isArray(value)) {
		const isRight = value.length >= minItems && value.length <= maxItems;
		return isRight && (!uniqueItems || areDistinct(value));
	}
	if (kindOf(value) !== 'object') return true;
	const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = rule;
	const fields = Object.keys(Object(value)).length;
	return fields >= minProperties && fields <= maxProperties;
}

function areDistinct(entries: readonly unknown[]): boolean {
	return (
		new Set(entries.map((entry) => `${typeof entry} ${canonicalJson(entry)}`)).size ===
		entries.length
	);
}
