/** Include Input Fields: the fields of the incoming item, beside what the node learned of its job. */
import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { readOptions, switchOf } from './parameterChecks';
import { isTool } from './toolAnswer';

/** @param operations those that have it */
export function includeInputFieldsField(operations: string[]): INodeProperties {
	return {
		displayName: 'Include Input Fields',
		name: 'includeInputFields',
		type: 'boolean',
		default: false,
		description:
			'Whether to keep the fields of the incoming item beside those of the job. Where both have a field, the job’s is used.',
		displayOptions: { show: { '/operation': operations }, hide: { '@tool': [true] } },
	};
}

export function keepsInputFields(node: IExecuteFunctions): boolean {
	const options = readOptions(node, 0, ['includeInputFields']);
	// An agent knows what it called the tool with.
	return switchOf(options.includeInputFields) === true && !isTool(node);
}

export function withInputFields(
	node: IExecuteFunctions,
	outputs: readonly INodeExecutionData[][],
): INodeExecutionData[][] {
	const incoming = node.getInputData();
	return outputs.map((items) =>
		items.map((item) => {
			const { pairedItem } = item;
			const index = typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : -1;
			return { ...item, json: { ...foreign(incoming[index]?.json ?? {}), ...item.json } };
		}),
	);
}

/**
 * An item that has been through one of these nodes before has a job's fields already. They would pass for the
 * new job's, and an old `error` on the first completed item would make Retry On Fail pay again.
 */
function foreign(fields: IDataObject): IDataObject {
	return Object.fromEntries(Object.entries(fields).filter(([name]) => !FIELDS_OF_A_JOB.has(name)));
}

export const FIELDS_OF_A_JOB = new Set([
	'request_id',
	'model',
	'earlier_request_ids',
	'found_in_history',
	'status',
	'queue_position',
	'output',
	'attempts',
	'submitted_at',
	'completed_at',
	'queue_time',
	'inference_time',
	'concurrency',
	'billable_units',
	'cost',
	'logs',
	'download_errors',
	'error',
]);
