/** Where the model's input is filled in: its own form, or JSON. */
import type { INodeProperties } from 'n8n-workflow';
import { toolInput } from './toolInput';

/** The first version of the node in which the form is there without being asked for. */
export const WITH_FORM = 1.1;

const inputMode: INodeProperties = {
	displayName: 'Input Mode',
	name: 'inputMode',
	type: 'options',
	noDataExpression: true,
	default: 'fields',
	description: 'How to provide the model’s input',
	options: [
		{
			name: 'Fields',
			value: 'fields',
			description: 'Fill in the model’s own form, built from its schema',
		},
		{ name: 'JSON', value: 'json', description: 'Provide all fields as one JSON object' },
	],
};

/** Workflows that were saved before there was a form say nothing of a mode, and mean JSON. */
const inputModes: INodeProperties[] = [
	{ ...inputMode, displayOptions: { show: { '@version': [{ _cnd: { gte: WITH_FORM } }] } } },
	{ ...inputMode, default: 'json', displayOptions: { show: { '@version': [1] } } },
];

const input: INodeProperties = {
	displayName: 'Input',
	name: 'input',
	type: 'json',
	typeOptions: { rows: 5 },
	required: true,
	// An expression that gives an object survives quotes and line breaks in a prompt; text does not.
	default: '={{ { "prompt": $json.prompt } }}',
	description:
		'The model’s input for each item, as a JSON object such as {"prompt": "a red fox in the snow"}. The API tab of the model’s page on fal.ai lists its fields.',
	displayOptions: { hide: { '@tool': [true] } },
};

/** The mode stands first, and the model last: n8n shows a field as soon as what it depends on is an expression. */
const FROM_EXPRESSION = { model: [{ _cnd: { startsWith: '=' } }] };

/** For items, and for an agent: in JSON mode, and where there is no form. */
const inputs: INodeProperties[] = [input, toolInput].flatMap((each) => {
	const { show, hide } = each.displayOptions ?? {};
	const places = [
		{ inputMode: ['json'], ...show },
		{ inputMode: ['fields'], ...show, ...FROM_EXPRESSION },
	];
	return places.map((place) => ({
		...each,
		displayOptions: { show: place, ...(hide && { hide }) },
	}));
});

const WITHOUT_MODEL = { inputMode: ['fields'], ...FROM_EXPRESSION };
const WITH_MODEL = { show: { inputMode: ['fields'] }, hide: FROM_EXPRESSION };

const noForm: INodeProperties = {
	displayName:
		'There is no form for a model that comes from an expression, because it may differ from item to item. Provide its input as JSON.',
	name: 'noForm',
	type: 'notice',
	default: '',
	displayOptions: { show: WITHOUT_MODEL },
};

const fields: INodeProperties = {
	displayName: 'Fields',
	name: 'fields',
	type: 'resourceMapper',
	noDataExpression: true,
	default: { mappingMode: 'defineBelow', value: null },
	required: true,
	typeOptions: {
		loadOptionsDependsOn: ['model.value'],
		resourceMapper: {
			resourceMapperMethod: 'drawForm',
			mode: 'add',
			valuesLabel: 'Fields',
			fieldWords: { singular: 'field', plural: 'fields' },
			supportAutoMap: false,
		},
	},
	displayOptions: WITH_MODEL,
};

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields (JSON)',
	name: 'additionalFields',
	type: 'json',
	default: '{}',
	description:
		'A JSON object whose fields are added to those above. Where both have a field, this one is used.',
	displayOptions: WITH_MODEL,
};

export const inputFields: INodeProperties[] = [
	...inputModes,
	noForm,
	...inputs,
	fields,
	additionalFields,
];
