/**
 * The schema of a model's input, as far as the nodes use it: JSON Schema's keywords that say what a value
 * may be, and fal's words for the form. What came from fal is brought into this shape once (`openapi.ts`).
 */
export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null';

/** Keywords mean what they mean in JSON Schema; one that is absent allows everything. */
export interface Rule {
	/** The name of one of the schema's definitions. Holds beside all else that is here. */
	readonly $ref?: string;
	readonly type?: readonly JsonType[];
	/** With the only entry of `const` in it, where that was said. */
	readonly enum?: readonly unknown[];
	readonly minimum?: number;
	readonly maximum?: number;
	readonly exclusiveMinimum?: number;
	readonly exclusiveMaximum?: number;
	readonly multipleOf?: number;
	readonly minLength?: number;
	readonly maxLength?: number;
	readonly pattern?: string;
	readonly format?: string;
	readonly items?: Rule;
	readonly prefixItems?: readonly Rule[];
	readonly minItems?: number;
	readonly maxItems?: number;
	readonly uniqueItems?: boolean;
	readonly properties?: Readonly<Record<string, Rule>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: Rule;
	readonly minProperties?: number;
	readonly maxProperties?: number;
	readonly anyOf?: readonly Rule[];
	readonly oneOf?: readonly Rule[];
	readonly allOf?: readonly Rule[];
	readonly not?: Rule;
	readonly notes?: Notes;
}

/** What a schema says to people; it does not decide on a value, and is not kept in the node. */
export interface Notes {
	readonly title?: string;
	readonly description?: string;
	readonly default?: unknown;
	/** fal's `ui.field`, such as `file` or `image`. */
	readonly uiField?: string;
	/** fal's order of the fields. */
	readonly order?: readonly string[];
}

export interface InputSchema {
	readonly model: string;
	readonly root: Rule;
	readonly definitions: Readonly<Record<string, Rule>>;
}

export const ANYTHING: Rule = {};
export const NOTHING: Rule = { not: ANYTHING };

/** Own entries only: a field may be called `constructor`. */
export function entryOf<Value>(
	entries: Readonly<Record<string, Value>> | undefined,
	name: string,
): Value | undefined {
	return entries && Object.prototype.hasOwnProperty.call(entries, name) ? entries[name] : undefined;
}
