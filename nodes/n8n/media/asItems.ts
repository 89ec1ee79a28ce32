/** Files as n8n has them: binary data beside an item's fields, or an item for each. */
import type { IBinaryData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import { shortAddress } from '../../engine/media/dataUri';
import { typeOf } from '../../engine/media/fileTypes';
import type { OutputFile } from '../../engine/media/outputFiles';

export interface DownloadError {
	/** Of the file in the output, from 0. */
	readonly index: number;
	readonly url: string;
	readonly type: string;
	readonly message: string;
	readonly statusCode?: number;
}

/** What was found in one output, and what came of it. */
export interface FilesOfJob {
	readonly files: readonly OutputFile[];
	/** By the file's index. */
	readonly stored: Map<number, IBinaryData>;
	readonly errors: DownloadError[];
}

/** @returns the item with its files, or one for each of them, each linked as it was */
export function withFiles(
	item: INodeExecutionData,
	found: FilesOfJob | undefined,
	onePerFile: boolean,
): INodeExecutionData[] {
	if (!found) return [item];
	const { files, stored, errors } = found;
	if (!onePerFile || files.length === 0) return [added(item, {}, [...stored], errors)];
	return files.map((file, index) => {
		const binary = stored.get(index);
		const own = errors.filter((error) => error.index === index);
		const field = { file: fileField(file, index, binary) };
		return added(item, field, binary ? [[0, binary]] : [], own);
	});
}

function added(
	{ json, ...item }: INodeExecutionData,
	fields: IDataObject,
	stored: ReadonlyArray<readonly [number, IBinaryData]>,
	errors: readonly DownloadError[],
): INodeExecutionData {
	const inOrder = [...stored].sort(([a], [b]) => a - b);
	const named = inOrder.map(([index, binary]) => [propertyOf(index), binary] as const);
	return {
		...item,
		json: {
			// In n8n's table, what stands behind the output is off the screen.
			...fields,
			...json,
			...(errors.length > 0 && { download_errors: errors.map(errorField) }),
		},
		...(named.length > 0 && { binary: Object.fromEntries(named) }),
	};
}

/** The place is kept where a file before it could not be had. */
function propertyOf(index: number): string {
	return index === 0 ? 'data' : `data_${index}`;
}

function fileField(file: OutputFile, index: number, binary: IBinaryData | undefined): IDataObject {
	const { url, name, size, width, height } = file;
	const fileName = name ?? binary?.fileName;
	return {
		url: shortAddress(url),
		content_type: binary?.mimeType ?? typeOf(file),
		index,
		...(width !== undefined && { width }),
		...(height !== undefined && { height }),
		...(fileName !== undefined && { file_name: fileName }),
		...(size !== undefined && { file_size: size }),
	};
}

function errorField({ index, url, type, message, statusCode }: DownloadError): IDataObject {
	return {
		url,
		index,
		type,
		message,
		...(statusCode !== undefined && { status_code: statusCode }),
	};
}
