/** The tables of docs/nodes, from the descriptions that n8n draws its panels from. */
import { resolve } from 'node:path';
import {
	type INodeProperties,
	type INodePropertyCollection,
	type INodePropertyOptions,
	type INodeType,
	type ICredentialType,
	NodeHelpers,
	Workflow,
} from 'n8n-workflow';
/** Blocks of a page by name, as Markdown. */
export type Blocks = Readonly<Record<string, string>>;

/** By file in docs/nodes. */
export function blocksByPage(): Readonly<Record<string, Blocks>> {
	return {
		'fal-batch': blocksOfNode(builtNode('FalBatch')),
		'fal-queue-status': blocksOfNode(builtNode('FalQueueStatus')),
		'fal-trigger': blocksOfNode(builtNode('FalTrigger')),
		'fal-api': blocksOfCredential(builtCredential()),
	};
}

/** What ships; a source named `x.node.ts` would be taken for the `x.node.json` beside it. */
export function builtNode(name: string): INodeType {
	return new (builtClass<INodeType>(`nodes/${name}/${name}.node.js`, name))();
}

export function builtCredential(): ICredentialType {
	return new (builtClass<ICredentialType>('credentials/FalApi.credentials.js', 'FalApi'))();
}

function builtClass<T>(file: string, name: string): new () => T {
	// eslint-disable-next-line @typescript-eslint/no-require-imports -- what is built is CommonJS
	const exported = require(resolve('dist', file)) as Record<string, new () => T>;
	return exported[name]!;
}

function blocksOfNode(node: INodeType): Blocks {
	const { properties } = node.description;
	const operations = choicesOf(properties.find(({ name }) => name === 'operation'));
	const options = properties.find(({ type }) => type === 'collection');
	const fields = properties.filter(
		(field) => field !== options && field.name !== 'operation' && field.type !== 'notice',
	);
	return {
		...(operations.length > 0 && { operations: operationTable(node, operations) }),
		parameters: table(['Parameter', 'Default', ''], rowsOf(fields, operations)),
		options: table(
			['Option', 'Default', ''],
			rowsOf((options?.options ?? []) as INodeProperties[], operations),
		),
	};
}

function blocksOfCredential({ properties }: ICredentialType): Blocks {
	return { parameters: table(['Field', 'Default', ''], rowsOf(properties, [])) };
}

function operationTable(node: INodeType, operations: readonly INodePropertyOptions[]): string {
	const rows = operations.map(({ name, value, description }) => [
		`**${name}**`,
		sentence(description),
		outputsOf(node, String(value)).join(', '),
	]);
	return table(['Operation', '', 'Outputs'], rows);
}

/** As n8n works them out, with everything switched on that adds one. */
function outputsOf({ description }: INodeType, operation: string): string[] {
	const { name } = description;
	const node = {
		id: '1',
		name,
		type: name,
		typeVersion: description.defaultVersion ?? 1,
		position: [0, 0] as [number, number],
		parameters: { operation },
	};
	const labels = (options: Record<string, string>) => {
		const type = { ...node, parameters: { operation, options } };
		const workflow = new Workflow({
			active: false,
			nodes: [type],
			connections: {},
			nodeTypes: {
				getByName: () => ({ description }),
				getByNameAndVersion: () => ({ description }),
				getKnownTypes: () => ({}),
			},
		});
		return NodeHelpers.getNodeOutputs(workflow, type, description).map((output) =>
			typeof output === 'string' ? output : (output.displayName ?? ''),
		);
	};
	const usual = labels({});
	return labels({ summary: 'item' }).map((label) =>
		usual.includes(label) ? label : `${label} (by option)`,
	);
}

/** A row for each label and what it is for; what n8n describes several times, for other circumstances, is joined. */
function rowsOf(
	fields: readonly INodeProperties[],
	operations: readonly INodePropertyOptions[],
): string[][] {
	const rows = new Map<
		string,
		{ label: string; standards: Set<string>; when: Set<string>; what: string }
	>();
	for (const field of fields) {
		const label = `**${field.displayName}**`;
		const what = whatItIs(field);
		const key = `${label}\n${what}`;
		const row = rows.get(key) ?? { label, standards: new Set(), when: new Set(), what };
		row.standards.add(standardOf(field));
		row.when.add(onlyFor(field, operations));
		rows.set(key, row);
	}
	return [...rows.values()].map(({ label, standards, when, what }) => {
		// Without circumstances in one of the places, it is always there.
		const only = when.has('') ? '' : `*${capital([...when].join('; '))}.*`;
		return [label, [...standards].join('; '), [only, what].filter(Boolean).join(' ')];
	});
}

function whatItIs(field: INodeProperties): string {
	const parts = [
		sentence(field.description),
		sentence(field.hint),
		field.placeholder?.startsWith('e.g. ') && `For example \`${field.placeholder.slice(5)}\`.`,
	];
	return parts.filter(Boolean).join(' ') + choicesInWords(field);
}

function onlyFor(field: INodeProperties, operations: readonly INodePropertyOptions[]): string {
	const { show = {}, hide = {} } = field.displayOptions ?? {};
	const wanted = [...(show.operation ?? []), ...(show['/operation'] ?? [])];
	const excluded = [...(hide.operation ?? []), ...(hide['/operation'] ?? [])];
	const named = operations.filter(({ value }) =>
		wanted.length > 0 ? wanted.includes(value) : !excluded.includes(value),
	);
	const words = named.length < operations.length ? [named.map(({ name }) => name).join(', ')] : [];
	if (show['@tool']) words.push('as a tool of an AI Agent');
	if (show.inputMode?.includes('json')) words.push('in the Input Mode JSON');
	if (show.inputMode?.includes('fields')) {
		words.push(
			show.model ? 'where the model comes from an expression' : 'in the Input Mode Fields',
		);
	}
	return words.join(', ');
}

function standardOf(field: INodeProperties): string {
	const choice = choicesOf(field).find(({ value }) => value === field.default);
	const versions = field.displayOptions?.show?.['@version'];
	const old = versions?.includes(1) ? ' in workflows that were saved before version 1.1' : '';
	return `${choice?.name ?? valueInWords(field)}${old}`;
}

function valueInWords({ default: value, type, typeOptions }: INodeProperties): string {
	if (typeof value === 'boolean') return value ? 'on' : 'off';
	if (typeof value === 'number') return String(value);
	if (typeof value !== 'string' || value === '' || typeOptions?.password) return '';
	// A text for agents is longer than a table is wide.
	if (type === 'string' && value.length > 60) return 'a text to change';
	return `\`${value.replace(/^=/, '')}\``;
}

function choicesOf(field: INodeProperties | undefined): INodePropertyOptions[] {
	if (field?.type !== 'options' && field?.type !== 'multiOptions') return [];
	return (field.options ?? []) as INodePropertyOptions[];
}

function choicesInWords(field: INodeProperties): string {
	const choices = choicesOf(field).map(
		({ name, description }) => `**${name}**${description ? `: ${sentence(description)}` : ''}`,
	);
	const modes = (field.modes ?? []).map(({ displayName }) => `**${displayName}**`);
	const parts = ((field.options ?? []) as INodePropertyCollection[])
		.filter((option) => field.type === 'fixedCollection' && option.values)
		.flatMap(({ values }) => values)
		.map(({ displayName, description }) => `**${displayName}**: ${sentence(description)}`);
	return [...choices, ...modes, ...parts].map((line) => `<br>${line}`).join('');
}

function sentence(text = ''): string {
	const plain = text
		.replace(/<a href="([^"]+)">([^<]+)<\/a>/g, '[$2]($1)')
		.replace(/<code>([^<]+)<\/code>/g, '`$1`')
		.replace(/<\/?b>/g, '**')
		.trim();
	return plain === '' || /[.!?]$/.test(plain) ? plain : `${plain}.`;
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

function table(head: readonly string[], rows: readonly string[][]): string {
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
	return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
