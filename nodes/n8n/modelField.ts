/** The field in which a model is chosen: from fal's catalogue, by its ID, or by the address of its page. */
import {
	type IExecuteFunctions,
	type ILoadOptionsFunctions,
	type INodeListSearchResult,
	type INodeProperties,
	NodeOperationError,
} from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import { isRecord } from '../engine/isRecord';
import type { Price } from '../engine/spending/price';
import { type CataloguedModel, searchModels } from '../fal/catalogue';
import { parseModelId } from '../fal/modelId';
import { FalPrices, priceInWords } from '../fal/prices';
import { readAccount } from './credential';
import { n8nClock } from './n8nClock';
import { sendThroughN8n } from './n8nHttp';

export const modelField: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	required: true,
	default: { mode: 'list', value: '' },
	description: 'The model to run. Any model on fal works, including workflows and ComfyUI.',
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
	const fal = new FalPrices({ send, clock: n8nClock, patience: LIST_PATIENCE });
	const { prices } = await fal.unitPrices(models.map(({ id }) => id));
	return {
		results: models.map((model) => ({
			name: inWords(model, prices.get(model.id)?.price),
			value: model.id,
			url: `https://fal.ai/models/${model.id}`,
			description: model.category,
		})),
		...(nextCursor !== undefined && { paginationToken: nextCursor }),
	};
}

/** A list without prices is better than one that is waited for. */
const LIST_PATIENCE = { calls: 4, tries: 1, time: 5 * SECOND };

/** n8n's list shows this one line of each, and cuts it off: what is long and seldom read comes last. */
function inWords({ id, name, category, isDeprecated }: CataloguedModel, price?: Price): string {
	const parts = [name, isDeprecated && 'deprecated', category, price && priceInWords(price)];
	return `${parts.filter(Boolean).join(' · ')}${name === id ? '' : ` (${id})`}`;
}

/** Whether the model is set in the node itself, and does not come from an item by expression. */
export function isModelFixed(node: IExecuteFunctions): boolean {
	const field: unknown = node.getNodeParameter('model', 0, '', { rawExpressions: true });
	const value = isRecord(field) ? field.value : field;
	return !(typeof value === 'string' && value.startsWith('='));
}

/** @throws an Error whose message says what is wrong with the model of this item */
export function readModel(node: IExecuteFunctions, itemIndex: number): string {
	const value = node.getNodeParameter('model', itemIndex, '', { extractValue: true });
	return parseModelId(String(value ?? ''));
}
