/** From the schema of a model's input to the fields of a form, in fal's order. */
import { type Alternative, alternativesOf, typesOf, withoutNull } from './alternatives';
import { entryOf, type InputSchema, type JsonType, type Notes, type Rule } from './rule';
import { objectInWords, rangeOf, shortened } from './words';

export type Widget = 'text' | 'number' | 'switch' | 'choice' | 'date' | 'list' | 'object';

export interface FormField {
	/** fal's name of the field. */
	readonly name: string;
	/** Its title, with what the widget has no place for. */
	readonly label: string;
	/** The same without what the schema says about it. */
	readonly title: string;
	/** What the schema says about it; empty if nothing. */
	readonly description: string;
	readonly isRequired: boolean;
	/** Whether it takes the address of a file. */
	readonly isFile: boolean;
	readonly widget: Widget;
	/** Of the widget `choice`. */
	readonly choices?: ReadonlyArray<string | number | boolean>;
	/** What fal takes if nothing is sent. */
	readonly fallback?: unknown;
}

/** More would not fit into a panel; the others can be given as JSON. */
const MOST_FIELDS = 200;
const MOST_CHOICES = 500;

export function formFields(schema: InputSchema): FormField[] {
	const inputs = alternativesOf(schema.root, schema);
	const names = new Set(inputs.flatMap(({ notes }) => notes?.order ?? []));
	for (const { properties = {} } of inputs)
		Object.keys(properties).forEach((name) => names.add(name));
	const isRequired = (name: string) => inputs.every(({ required }) => required?.includes(name));
	return [...names]
		.flatMap((name) => {
			const rules = inputs.flatMap(({ properties }) => entryOf(properties, name) ?? []);
			return rules[0] ? [fieldOf(name, rules[0], isRequired(name), schema)] : [];
		})
		.slice(0, MOST_FIELDS);
}

function fieldOf(name: string, rule: Rule, isRequired: boolean, schema: InputSchema): FormField {
	const alternatives = withoutNull(alternativesOf(rule, schema));
	const { widget, choices } = widgetFor(alternatives);
	// A title that stands in what is referred to is that of the type, and the same for all fields of it.
	const notes = rule.notes ?? {};
	const described = notes.description ?? alternatives[0]?.notes?.description ?? '';
	const isFile = takesFiles(name, notes, alternatives);
	const said = factsOf(widget, alternatives, isFile);
	const facts = [
		isFile && isRequired && 'required',
		isFile && (widget === 'list' ? 'links, or by Files' : 'link, or by Files'),
		...(widget === 'choice' ? [] : said),
		'default' in notes && notes.default !== null && `default ${inBrief(notes.default)}`,
		// n8n cuts labels off: the default is asked for more often than the object.
		...(widget === 'choice' ? said : []),
	].filter((fact) => typeof fact === 'string' && fact !== '');
	const heading = notes.title ?? titled(name);
	const title = `${shortened(heading, 60)}${facts.length > 0 ? ` (${shortened(facts.join(', '), 80)})` : ''}`;
	return {
		name,
		label: labelOf(title, heading, described),
		title,
		description: described,
		isRequired,
		isFile,
		widget,
		...(choices && { choices }),
		...('default' in notes && notes.default !== null && { fallback: notes.default }),
	};
}

/** n8n shows a line of about this length. */
const LABEL = 110;

function labelOf(title: string, heading: string, description: string): string {
	const room = LABEL - title.length - 3;
	const sentence = /^.*?(?:[.!?](?=\s)|$)/m.exec(description.trim())?.[0] ?? '';
	const brief = shortened(sentence.replace(/[.\s]+$/, ''), Math.max(room, 0));
	const saysMore = brief !== '' && brief.toLowerCase() !== heading.toLowerCase();
	return room >= 20 && saysMore ? `${title} – ${brief}` : title;
}

/** `num_images` becomes `Num Images`. */
function titled(name: string): string {
	const words = name.split(/[_\s]+/).filter(Boolean);
	return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join(' ') || name;
}

function widgetFor(alternatives: readonly Alternative[]): Pick<FormField, 'widget' | 'choices'> {
	const types = new Set(alternatives.flatMap(typesOf).map(asWidgetType));
	const limited = alternatives.filter((each) => each.enum);
	const choices = [...new Set(limited.flatMap((each) => each.enum ?? []))];
	const others = alternatives.filter((each) => !each.enum);
	// An object beside choices can be given by an expression; a text or number beside them would need a field.
	const isChoice =
		choices.length > 0 &&
		choices.length <= MOST_CHOICES &&
		choices.every(isPlain) &&
		others.every((each) => typesOf(each).every((type) => type === 'object'));
	if (isChoice) return { widget: 'choice', choices };
	if (types.size !== 1) return { widget: 'text' };
	const [type] = types;
	if (type === 'string' && others.length === alternatives.length) {
		const isDate = alternatives.every(({ format }) => format === 'date' || format === 'date-time');
		return { widget: isDate ? 'date' : 'text' };
	}
	return { widget: (type && WIDGETS[type]) ?? 'text' };
}

const asWidgetType = (type: JsonType) => (type === 'integer' ? 'number' : type);

const WIDGETS: Partial<Record<JsonType, Widget>> = {
	number: 'number',
	boolean: 'switch',
	array: 'list',
	object: 'object',
};

function isPlain(choice: unknown): choice is string | number | boolean {
	return ['string', 'number', 'boolean'].includes(typeof choice);
}

function factsOf(widget: Widget, alternatives: readonly Alternative[], isFile: boolean): string[] {
	const objects = alternatives.filter((each) => typesOf(each).includes('object'));
	switch (widget) {
		case 'choice':
			return objects.slice(0, 1).map((each) => `or ${objectInWords(each)}, by expression`);
		case 'object':
			return objects.slice(0, 1).map((each) => objectInWords(each).replace(/^an object/, 'JSON'));
		case 'list':
			return [isFile ? 'JSON list' : listInWords(alternatives)];
		case 'date':
			return alternatives.some(({ format }) => format === 'date-time') ? ['UTC'] : [];
		default:
			return textFacts(alternatives, isFile);
	}
}

function listInWords(alternatives: readonly Alternative[]): string {
	const { maxItems } = alternatives[0] ?? {};
	return maxItems === undefined ? 'JSON list' : `JSON list of up to ${maxItems}`;
}

/** For a text that may be a choice or a number, too. */
function textFacts(alternatives: readonly Alternative[], isFile: boolean): string[] {
	const choices = alternatives.flatMap((each) => each.enum ?? []).filter(isPlain);
	const ranges = alternatives.map(rangeOf).filter(Boolean);
	const lists = alternatives.some((each) => typesOf(each).includes('array'));
	return [
		choices.length > 0 ? `such as ${choices.slice(0, 3).map(String).join(', ')}` : '',
		...[...new Set(ranges)].slice(0, 2).map((range) => range.replace(/^from (\S+) to/, '$1 to')),
		lists && !isFile ? 'or a JSON list' : '',
	].filter(Boolean);
}

function inBrief(value: unknown): string {
	const isPlainText = typeof value === 'string' && value !== '';
	return shortened(isPlainText ? value : (JSON.stringify(value) ?? ''), 24);
}

const FILE_NAME = /(^|_)urls?$/;
const FILE_WIDGETS = new Set(['file', 'files', 'image', 'images', 'video', 'audio']);

function takesFiles(name: string, notes: Notes, alternatives: readonly Alternative[]): boolean {
	const isMarked = notes.uiField !== undefined && FILE_WIDGETS.has(notes.uiField);
	const isText = alternatives.some(
		(each) => !each.enum && (typesOf(each).includes('string') || isListOfTexts(each)),
	);
	return isText && (isMarked || FILE_NAME.test(name));
}

function isListOfTexts({ items }: Alternative): boolean {
	return items?.type?.includes('string') ?? false;
}
