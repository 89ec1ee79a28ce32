/** Random values for a schema: such as it allows, and such as people, tables and expressions give instead. */
import fc from 'fast-check';
import type { Json, Published, Schema } from './collection/shapes';

type Arbitrary = fc.Arbitrary<Json>;

/** Levels of definitions that refer to each other. */
const DEEPEST = 4;

export class Samples {
	constructor(private readonly published: Published) {}

	/** Fields with their schemas, wherever in the input they stand. */
	get fields(): ReadonlyArray<readonly [name: string, schema: Schema]> {
		return fieldsOf(this.published.input);
	}

	get required(): readonly string[] {
		return requiredOf(this.published.input);
	}

	/** Inputs that the schema allows. */
	get allowed(): fc.Arbitrary<{ [name: string]: Json }> {
		const values = Object.fromEntries(
			this.fields.map(([name, schema]) => [name, this.value(schema)]),
		);
		return fc.record(values, { requiredKeys: [...this.required] });
	}

	/** Inputs with something wrong in one place; and others that are wrong in many. */
	get any(): fc.Arbitrary<{ [name: string]: Json | undefined }> {
		const wrong = (schema: Schema) =>
			fc.oneof(near(schema), ANYTHING, this.value(schema).chain(spoilt));
		const values = Object.fromEntries(
			this.fields.map(([name, schema]) => [
				name,
				fc.oneof(
					{ weight: 3, arbitrary: this.value(schema) },
					{ weight: 1, arbitrary: wrong(schema) },
				),
			]),
		);
		const inMany = fc.record(values, { requiredKeys: [] });
		if (this.fields.length === 0) return inMany;
		const inOne = fc
			.tuple(this.allowed, fc.constantFrom(...this.fields))
			.chain(([input, [name, schema]]) =>
				fc.oneof(
					{ weight: 6, arbitrary: wrong(schema).map((value) => ({ ...input, [name]: value })) },
					{ weight: 1, arbitrary: fc.constant(without(input, name)) },
					{
						weight: 1,
						arbitrary: fc
							.tuple(fc.constantFrom('promt', 'x', 'constructor'), ANYTHING)
							.map(([other, value]) => ({ ...input, [other]: value })),
					},
				),
			);
		return fc.oneof({ weight: 4, arbitrary: inOne }, { weight: 1, arbitrary: inMany });
	}

	value(schema: Schema, depth = 0): Arbitrary {
		const {
			$ref,
			allOf,
			anyOf,
			oneOf,
			enum: choices,
			prefixItems,
		} = schema as Schema & {
			$ref?: string;
			allOf?: Schema[];
			anyOf?: Schema[];
			oneOf?: Schema[];
			enum?: Json[];
			prefixItems?: Schema[];
		};
		if ($ref) return this.value(this.published.components![$ref.split('/').at(-1)!]!, depth + 1);
		if (allOf) return this.value(allOf[0]!, depth);
		const union = anyOf ?? oneOf;
		if (union) {
			// The last ones of a circle lead out of it.
			const open = depth > DEEPEST ? union.slice(0, 1) : union;
			return fc.oneof(...open.map((each) => this.value(each, depth + 1)));
		}
		if ('const' in schema) return fc.constant(schema.const!);
		if (choices) return fc.constantFrom(...choices);
		if (prefixItems) {
			return fc.tuple(...prefixItems.map((each) => this.value(each, depth + 1))) as Arbitrary;
		}
		const types = [schema.type].flat();
		const ofTypes = types.map((type) => this.ofType(type, schema, depth));
		return schema.nullable === true
			? fc.oneof(...ofTypes, fc.constant(null))
			: fc.oneof(...ofTypes);
	}

	private ofType(type: Json | undefined, schema: Schema, depth: number): Arbitrary {
		const { minLength, maxLength, pattern, items, minItems, maxItems } = schema;
		switch (type) {
			case 'string':
				if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
				return fc.string({
					minLength: Number(minLength ?? 0) + 1,
					maxLength: Math.min(Number(maxLength ?? 12), 12),
				});
			case 'integer':
				return numbers(schema, 1);
			case 'number':
				return numbers(schema, Number(schema.multipleOf ?? 0));
			case 'boolean':
				return fc.boolean();
			case 'null':
				return fc.constant(null);
			case 'array': {
				const entries = {
					minLength: Number(minItems ?? 0),
					maxLength: Math.min(Number(maxItems ?? 3), Number(minItems ?? 0) + 3),
				};
				const entry = this.value((items ?? {}) as Schema, depth + 1);
				return schema.uniqueItems === true
					? fc.uniqueArray(entry, { ...entries, selector: (each) => JSON.stringify(each) })
					: fc.array(entry, entries);
			}
			case 'object': {
				const { properties, required, additionalProperties } = schema as {
					properties?: Record<string, Schema>;
					required?: string[];
					additionalProperties?: Schema;
				};
				if (!properties) {
					const part = this.value(additionalProperties ?? {}, depth + 1);
					return fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), part, { maxKeys: 3 });
				}
				const values = Object.entries(properties).map(([name, part]) => [
					name,
					this.value(part, depth + 1),
				]);
				return fc.record(Object.fromEntries(values), {
					requiredKeys: (required ?? []) as never[],
				}) as Arbitrary;
			}
			default:
				return ANYTHING;
		}
	}
}

function numbers(schema: Schema, step: number): Arbitrary {
	const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
	const gap = step || 0.001;
	const least = Math.max(Number(minimum ?? -1e6), Number(exclusiveMinimum ?? -1e7) + gap);
	const most = Math.min(Number(maximum ?? 1e6), Number(exclusiveMaximum ?? 1e7) - gap);
	if (step) {
		return fc
			.integer({ min: Math.ceil(least / step), max: Math.floor(most / step) })
			.map((count) => count * step);
	}
	return fc.double({ min: least, max: most, noNaN: true }).map((each) => (each === 0 ? 0 : each));
}

/** At the limits, and just beyond them; and the same value written as something else. */
function near(schema: Schema): Arbitrary {
	const { minimum, maximum, exclusiveMinimum, enum: choices } = schema;
	const bounds = [minimum, maximum, exclusiveMinimum].filter((bound) => typeof bound === 'number');
	const around = bounds.flatMap((bound) => [
		bound - 1,
		bound,
		bound + 0.5,
		bound + 1,
		String(bound),
	]);
	const changed = Array.isArray(choices)
		? choices.flatMap((each) => [String(each), Number(each) || 0, `${String(each)}x`])
		: [];
	return fc.constantFrom<Json>(...around, ...changed, '', null, 0, '5', 5, 'true', true);
}

/** A list or object with one part more, less or other than it had. */
function spoilt(value: Json): Arbitrary {
	if (Array.isArray(value)) {
		const longer = value.length === 0 ? [value] : [...value, ...value];
		const doubled = Array.from(
			{ length: 12 },
			(_, index) => value[index % (value.length || 1)] ?? null,
		);
		const inside =
			value.length === 0 ? [] : [spoilt(value[0]!).map((first) => [first, ...value.slice(1)])];
		return fc.oneof(
			fc.constantFrom<Json>([], longer, [...value, value[0] ?? null], doubled, value.slice(1)),
			...inside,
		);
	}
	if (typeof value !== 'object' || value === null) return fc.oneof(ANYTHING, fc.constant(value));
	const names = Object.keys(value);
	if (names.length === 0) return fc.constantFrom<Json>({ x: 'y' }, value);
	return fc.tuple(fc.constantFrom(...names), ANYTHING).chain(([name, other]) =>
		fc.oneof(
			fc.constantFrom<Json>({ ...value, [name]: other }, without(value, name), {
				...value,
				x: other,
			}),
			spoilt(value[name]!).map((part) => ({ ...value, [name]: part })),
		),
	);
}

function without<Fields extends object>(fields: Fields, name: string): Fields {
	return Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name)) as Fields;
}

const ANYTHING: Arbitrary = fc.oneof(
	fc.constantFrom<Json>(
		null,
		'',
		'x.png',
		'[]',
		'{}',
		'["a"]',
		'{"width":5}',
		'TRUE',
		'1e3',
		' 7 ',
	),
	fc.jsonValue({ maxDepth: 2 }) as Arbitrary,
	fc.integer(),
);

function partsOf(input: Schema): Schema[] {
	return Array.isArray(input.allOf) ? (input.allOf as Schema[]) : [input];
}

export function fieldsOf(input: Schema): Array<[string, Schema]> {
	return partsOf(input).flatMap((part) =>
		Object.entries(part.properties as Record<string, Schema>),
	);
}

export function requiredOf(input: Schema): string[] {
	return partsOf(input).flatMap((part) => (part.required as string[] | undefined) ?? []);
}
