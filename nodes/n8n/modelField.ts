/** The field in which a model is chosen: from fal's catalogue, by its ID, or by the address of its page. */
import {
	type IExecuteFunctions,
	type ILoadOptionsFunctions,
	type INodeListSearchResult,
	type INodeProperties,
	NodeOperationError,
} from 'n8n-workflow';
import { searchModels } from '../fal/catalogue';
import { parseModelId } from '../fal/modelId';
import { readAccount } from './credential';
import { sendThroughN8n } from './n8nHttp';

export const modelField: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	required: true,
	default: { mode: 'list', value: '' },
	description: 'The model that generates. Any model on fal works, workflows and ComfyUI included.',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchModels', searchable: true },
		},
		{
			displayName: 'By ID',
			name: 'id',
			type: 'string',
			placeholder: 'e.g. fal-ai/flux/dev',
		},
		{
			displayName: 'By URL',
			name: 'url',
			type: 'string',
			placeholder: 'e.g. https://fal.ai/models/fal-ai/flux/dev',
		},
	],
};

/** Fills the list of the field, a page of fal's catalogue at a time. */
export async function listModels(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const { baseUrl } = await readAccount(this);
	const send = sendThroughN8n(this, baseUrl);
	const { models, nextCursor } = await searchModels(send, filter, paginationToken).catch(
		(cause: Error) => {
			throw new NodeOperationError(
				this.getNode(),
				`fal’s list of models could not be loaded: ${cause.message}`,
				{
					description: 'Check the Fal API credential, or choose the model by its ID.',
				},
			);
		},
	);
	return {
		results: models.map(({ id, name, category }) => ({
			name: name === id ? id : `${name} (${id})`,
			value: id,
			url: `https://fal.ai/models/${id}`,
			description: category,
		})),
		...(nextCursor !== undefined && { paginationToken: nextCursor }),
	};
}

/** @throws an Error whose message says what is wrong with the model of this item */
export function readModel(node: IExecuteFunctions, itemIndex: number): string {
	const value = node.getNodeParameter('model', itemIndex, '', { extractValue: true });
	return parseModelId(String(value ?? ''));
}
