/**
 * The schema of a model's input: published as OpenAPI, and the rule by which the model refuses an
 * input with pydantic's words (fal-queue.md 3.1), long after the submit was accepted.
 */
import type { ErrorDetail } from './errors';
import { isObject } from './json';
import type { Json, JsonObject } from './json';

/** The part of JSON Schema that fal's models use. */
export type Schema = {
	title?: string;
	description?: string;
	type?: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null';
	enum?: string[];
	minimum?: number;
	maximum?: number;
	exclusiveMinimum?: number;
	default?: Json;
	examples?: Json[];
	anyOf?: Schema[];
	items?: Schema;
	properties?: Record<string, Schema>;
	additionalProperties?: Schema;
	required?: string[];
	/** fal's own: which widget a form shows for the field (section 6). */
	ui?: { field: string };
	/** fal's own: the order in which a form shows the fields (section 6). */
	'x-fal-order-properties'?: string[];
};

/** An object's schema with its fields in order. */
export function object(
	title: string,
	properties: Record<string, Schema>,
	required = Object.keys(properties),
): Schema {
	return {
		title,
		type: 'object',
		required,
		'x-fal-order-properties': Object.keys(properties),
		properties,
	};
}

/** Everything the schema has against the value. Unknown fields are fine: pydantic ignores them. */
export function complaints(
	schema: Schema,
	value: Json,
	loc: ErrorDetail['loc'] = ['body'],
): ErrorDetail[] {
	if (schema.anyOf) return complaintsOfAll(schema.anyOf, value, loc);
	switch (schema.type) {
		case 'object':
			return isObject(value)
				? fieldComplaints(schema, value, loc)
				: [complaint(loc, 'dict_type', 'Input should be a valid dictionary')];
		case 'string':
			return stringComplaints(schema, value, loc);
		case 'integer':
		case 'number':
			return numberComplaints(schema, value, loc);
		case 'boolean':
			return typeof value === 'boolean'
				? []
				: [complaint(loc, 'bool_type', 'Input should be a valid boolean')];
		case 'null':
			return value === null ? [] : [complaint(loc, 'none_required', 'Input should be None')];
		default:
			return [];
	}
}

function complaintsOfAll(schemas: Schema[], value: Json, loc: ErrorDetail['loc']): ErrorDetail[] {
	const verdicts = schemas.map((schema) => complaints(schema, value, loc));
	return verdicts.some((verdict) => verdict.length === 0) ? [] : verdicts.flat();
}

function fieldComplaints(
	schema: Schema,
	value: JsonObject,
	loc: ErrorDetail['loc'],
): ErrorDetail[] {
	return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
		const given = value[name];
		if (given !== undefined) return complaints(field, given, [...loc, name]);
		if (!schema.required?.includes(name)) return [];
		return [complaint([...loc, name], 'missing', 'Field required')];
	});
}

function stringComplaints(schema: Schema, value: Json, loc: ErrorDetail['loc']): ErrorDetail[] {
	if (typeof value !== 'string') {
		return [complaint(loc, 'string_type', 'Input should be a valid string')];
	}
	if (!schema.enum || schema.enum.includes(value)) return [];
	const expected = schema.enum.map((name) => `'${name}'`).join(', ');
	return [complaint(loc, 'literal_error', `Input should be ${expected}`, { expected })];
}

function numberComplaints(schema: Schema, value: Json, loc: ErrorDetail['loc']): ErrorDetail[] {
	if (typeof value !== 'number' && typeof value !== 'bigint') {
		return [complaint(loc, `${schema.type}_type`, `Input should be a valid ${schema.type}`)];
	}
	if (schema.type === 'integer' && typeof value === 'number' && !Number.isInteger(value)) {
		return [complaint(loc, 'int_from_float', 'Input should be a valid integer')];
	}
	const { minimum: ge, maximum: le, exclusiveMinimum: gt } = schema;
	const found: ErrorDetail[] = [];
	if (ge !== undefined && value < ge) {
		const msg = `Input should be greater than or equal to ${ge}`;
		found.push(complaint(loc, 'greater_than_equal', msg, { ge }));
	}
	if (gt !== undefined && value <= gt) {
		found.push(complaint(loc, 'greater_than', `Input should be greater than ${gt}`, { gt }));
	}
	if (le !== undefined && value > le) {
		const msg = `Input should be less than or equal to ${le}`;
		found.push(complaint(loc, 'less_than_equal', msg, { le }));
	}
	return found;
}

function complaint(
	loc: ErrorDetail['loc'],
	type: string,
	msg: string,
	ctx?: JsonObject,
): ErrorDetail {
	return { loc, msg, type, url: `https://docs.fal.ai/errors/#${type}`, ...(ctx && { ctx }) };
}
