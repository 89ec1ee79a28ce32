/** Files of the incoming items for fields of the model's input: the parameter, and how it is read. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { isRecord } from '../../engine/isRecord';
import { type FilesForField, InputFile } from '../../engine/media/inputFiles';
import { shown } from '../parameterChecks';
import { type PerItem, readPerItem } from '../perItem';
import { BinarySource } from './binarySource';

export const filesField: INodeProperties = {
	displayName: 'Files',
	name: 'files',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	placeholder: 'Add File',
	default: {},
	description:
		'Files of the incoming item to upload to fal. Their URLs are put into the Input. Identical files are uploaded once.',
	options: [
		{
			displayName: 'File',
			name: 'file',
			values: [
				{
					displayName: 'Field',
					name: 'field',
					type: 'string',
					default: 'image_url',
					placeholder: 'e.g. image_url',
					description:
						'The field of the model’s input that takes the URL, such as image_url, image_urls, or elements.0.image_url. Several files for the same field make a list.',
				},
				{
					displayName: 'Input Binary Field',
					name: 'binaryProperty',
					type: 'string',
					default: 'data',
					placeholder: 'e.g. data',
					description:
						'The field of the incoming item that contains the file. Several, such as data, data_1, make a list.',
					hint: 'The name of the input field that contains the file',
				},
			],
		},
	],
	displayOptions: { hide: { '@tool': [true] } },
};

/** The reader throws an Error whose message says which file of the item can't be used, and why. */
export function filesReader(node: IExecuteFunctions): PerItem<FilesForField[]> {
	const given = readPerItem(node, 'files', {});
	return (itemIndex) => filesOf(node, itemIndex, given(itemIndex));
}

function filesOf(node: IExecuteFunctions, itemIndex: number, given: unknown): FilesForField[] {
	const rows = isRecord(given) && Array.isArray(given.file) ? given.file : [];
	return rows.filter(isRecord).map(({ field, binaryProperty }) => {
		const path = typeof field === 'string' ? field.trim() : '';
		if (path === '') throw new Error(`A file of Files has no Field, but ${shown(field)}`);
		return {
			path,
			files: propertiesOf(binaryProperty).map((name) => fileOf(node, itemIndex, name)),
		};
	});
}

function propertiesOf(value: unknown): string[] {
	const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : [];
	if (names.length > 0 && names.every(Boolean)) return names;
	throw new Error(`The Input Binary Field must be a name, or several, but it is ${shown(value)}`);
}

function fileOf(node: IExecuteFunctions, itemIndex: number, property: string): InputFile {
	const binary = node.helpers.assertBinaryData(itemIndex, property);
	const { fileName, mimeType } = binary;
	const source = new BinarySource(node, itemIndex, property, binary);
	return new InputFile(fileName ?? property, mimeType || 'application/octet-stream', source);
}
