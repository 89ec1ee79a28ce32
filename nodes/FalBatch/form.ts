/**
 * The model's own form: n8n's resource mapper, drawn from fal's schema of the model. The schema is kept in the
 * node with it, so that a run needs nothing from fal to check what was filled in.
 */
import type {
	ILoadOptionsFunctions,
	ResourceMapperField,
	ResourceMapperFields,
} from 'n8n-workflow';
import { isRecord } from '../engine/isRecord';
import { type FormField, formFields, type Widget } from '../fal/inputSchema/fields';
import type { InputSchema } from '../fal/inputSchema/rule';
import { readSavedSchema, saveSchema } from '../fal/inputSchema/saved';
import { parseModelId } from '../fal/modelId';
import { fetchInputSchema } from '../fal/modelSchema';
import { readAccount } from '../n8n/credential';
import { fromAgent } from '../n8n/fromAgent';
import { sendThroughN8n } from '../n8n/n8nHttp';
import { messageOf } from '../n8n/parameterChecks';
import { isTool } from '../n8n/toolAnswer';

/** Never throws: the editor would show nothing at all then. */
export async function drawForm(this: ILoadOptionsFunctions): Promise<ResourceMapperFields> {
	const model = chosenModel(this);
	if (model === undefined) return notice('Choose a model, and its form is drawn here.');
	const drawn = await schemaOf(this, model);
	if ('schema' in drawn) {
		const form = formOf(drawn.schema, isTool(this));
		return form.length > 0 ? { fields: form } : notice(`${model} has no fields to fill in.`);
	}
	// Whoever asks for it again would lose what was filled in: n8n drops the values of fields that are not there.
	const saved = savedForm(this, model);
	if (saved.length > 0) return { fields: saved };
	return notice(
		`There is no form for ${model}: ${drawn.reason}. Give its fields as JSON below, or change Input Mode to JSON.`,
	);
}

function chosenModel(node: ILoadOptionsFunctions): string | undefined {
	try {
		return parseModelId(String(node.getNodeParameter('model', '', { extractValue: true }) ?? ''));
	} catch {
		return undefined;
	}
}

async function schemaOf(
	node: ILoadOptionsFunctions,
	model: string,
): Promise<{ schema: InputSchema } | { reason: string }> {
	try {
		const { baseUrl } = await readAccount(node);
		const reply = await fetchInputSchema(sendThroughN8n(node, baseUrl), model);
		return reply.kind === 'schema' ? { schema: reply.schema } : { reason: reply.reason };
	} catch (error) {
		return { reason: messageOf(error) };
	}
}

/** n8n takes it for HTML. */
function notice(text: string): ResourceMapperFields {
	const emptyFieldsNotice = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
	return { fields: [], emptyFieldsNotice };
}

/** An entry that n8n keeps among the fields, and shows to nobody. */
interface SchemaEntry extends ResourceMapperField {
	readonly falSchema: string;
}

const SCHEMA_ENTRY = {
	id: 'fal:schema',
	displayName: 'Schema',
	required: false,
	defaultMatch: false,
	display: false,
	removed: true,
	type: 'string',
} as const satisfies ResourceMapperField;

function formOf(schema: InputSchema, isTool: boolean): ResourceMapperField[] {
	const fields = formFields(schema).map((field) => toMapperField(field, isTool));
	const falSchema = saveSchema(schema);
	if (fields.length === 0 || falSchema === undefined) return fields;
	const kept: SchemaEntry = { ...SCHEMA_ENTRY, falSchema };
	return [...fields, kept];
}

const TYPES = {
	text: 'string',
	number: 'number',
	switch: 'boolean',
	choice: 'options',
	date: 'dateTime',
	list: 'array',
	object: 'object',
} as const satisfies Record<Widget, ResourceMapperField['type']>;

function toMapperField(field: FormField, isTool: boolean): ResourceMapperField {
	const { name, label, widget, choices, isRequired, isFile } = field;
	const beginsWith = isTool ? fromAgent(field) : beginningOf(field);
	return {
		id: name,
		displayName: label,
		// n8n would not run with an empty one, and Files may fill it.
		required: isRequired && !isFile,
		removed: !isRequired,
		defaultMatch: false,
		canBeUsedToMatch: false,
		display: true,
		type: TYPES[widget],
		...(choices && { options: choices.map((choice) => ({ name: String(choice), value: choice })) }),
		...(beginsWith !== undefined && { defaultValue: beginsWith }),
	};
}

/**
 * A switch is on or off as soon as it is shown, and n8n sends what it shows: fal's default, then. All other
 * fields are empty until they are filled in.
 */
function beginningOf({ widget, fallback }: FormField): boolean | undefined {
	return widget === 'switch' && typeof fallback === 'boolean' ? fallback : undefined;
}

function savedForm(node: ILoadOptionsFunctions, model: string): ResourceMapperField[] {
	const mapper: unknown = node.getCurrentNodeParameters()?.fields;
	const saved = isRecord(mapper) && Array.isArray(mapper.schema) ? mapper.schema : [];
	return savedSchema(saved, model) ? saved.filter(isMapperField) : [];
}

function isMapperField(entry: unknown): entry is ResourceMapperField {
	return isRecord(entry) && typeof entry.id === 'string' && typeof entry.displayName === 'string';
}

/**
 * @param entries what n8n keeps of the form
 * @returns the schema that was kept with them; none if it was that of another model
 */
export function savedSchema(entries: readonly unknown[], model: string): InputSchema | undefined {
	const kept = entries.filter(isRecord).find(({ id }) => id === SCHEMA_ENTRY.id);
	return readSavedSchema(kept?.falSchema, model);
}
