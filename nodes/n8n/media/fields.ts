/** The parameters of what comes out as files, in every node that gives results: their fields, and how they are read. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readNumber, readOptions, switchOf } from '../parameterChecks';
import { isTool } from '../toolAnswer';

export interface FileSettings {
	readonly download: 'none' | 'first' | 'all';
	readonly onePerFile: boolean;
	/** Bytes. */
	readonly maxBytes: number;
}

/** @param operations those that give results */
export function fileFields(operations: string[]): INodeProperties[] {
	// An agent gets JSON only.
	const displayOptions = { show: { operation: operations }, hide: { '@tool': [true] } };
	return [
		{
			displayName: 'Download Files',
			name: 'downloadFiles',
			type: 'options',
			default: 'none',
			description:
				'Which files of each output to download as binary data: "data" for the first, "data_1" for the second, and so on. fal keeps its media for a limited time.',
			options: [
				{ name: 'All', value: 'all', description: 'Images, videos, audio, meshes and archives' },
				{ name: 'First', value: 'first', description: 'Only the first file of the output' },
				{ name: 'None', value: 'none', description: 'Only the URLs are in the output' },
			],
			displayOptions,
		},
		{
			displayName: 'One Item per File',
			name: 'oneItemPerFile',
			type: 'boolean',
			default: false,
			description:
				'Whether to return an item for each file of an output, with its URL, type, width and height as "file". Each is linked to the item it was made from.',
			displayOptions,
		},
	];
}

/** @param operations as for the fields above */
export function maxFileSizeField(operations: string[]): INodeProperties {
	return {
		displayName: 'Max File Size (MB)',
		name: 'maxFileSize',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 100,
		description:
			'The largest file that Download Files fetches. For a larger one, the item has the URL, and the reason in download_errors.',
		displayOptions: { show: { '/operation': operations }, hide: { '@tool': [true] } },
	};
}

const MEGABYTE = 1_000_000;
/** In megabytes. */
const LARGEST = 10_000;

/** @returns nothing when files are left where they are */
export function readFileSettings(node: IExecuteFunctions): FileSettings | undefined {
	if (isTool(node)) return undefined;
	const wanted = node.getNodeParameter('downloadFiles', 0, 'none');
	const onePerFile = switchOf(node.getNodeParameter('oneItemPerFile', 0, false)) ?? false;
	const download = wanted === 'all' || wanted === 'first' ? wanted : 'none';
	const { maxFileSize = 100 } = readOptions(node, 0, ['maxFileSize']);
	const rule = { label: 'Max File Size', least: 0.001, most: LARGEST, whole: false };
	const maxBytes = readNumber(node, maxFileSize, rule) * MEGABYTE;
	return download === 'none' && !onePerFile ? undefined : { download, onePerFile, maxBytes };
}
