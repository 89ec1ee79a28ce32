/**
 * The values of a resource mapper, as they were filled in. Read by its own name, n8n coerces them by the types
 * of the widgets (`validateFieldType`): an empty text becomes 0, `x.png` an address, a large seed another one.
 * So each value is read by itself, of which n8n makes nothing.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { isRecord } from '../engine/isRecord';

type Values = Record<string, unknown>;

export interface MappedFields {
	/** The schema that the editor was given, and keeps in the node. */
	readonly schema: readonly unknown[];
	/** The values of an item by the names of the fields. @throws what n8n says of an expression that fails */
	valuesOf(itemIndex: number): Values;
}

export function readMappedFields(node: IExecuteFunctions, parameter: string): MappedFields {
	const mapper: unknown = node.getNodeParameter(parameter, 0, {}, { rawExpressions: true });
	const { value, schema } = isRecord(mapper) ? mapper : {};
	const given = Object.entries(isRecord(value) ? value : {});
	// What is no expression is the same for all items, and is not evaluated for each of thousands.
	const fixed = Object.fromEntries(given.filter(([, each]) => !mayDiffer(each)));
	const names = given.filter(([, each]) => mayDiffer(each)).map(([name]) => name);
	const paths = names.map((name) => `${parameter}.value["${name.replace(/["\\]/g, '\\$&')}"]`);
	return {
		schema: Array.isArray(schema) ? schema : [],
		valuesOf: (itemIndex) => ({
			...fixed,
			...Object.fromEntries(
				names.map((name, index) => [name, node.getNodeParameter(paths[index]!, itemIndex, null)]),
			),
		}),
	};
}

function mayDiffer(value: unknown): boolean {
	return typeof value === 'string' ? value.startsWith('=') : typeof value === 'object';
}
