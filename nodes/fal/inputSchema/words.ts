/** What a rule allows, in words for the person at the canvas. */
import { type Alternative, alternativesOf, typesOf, withoutNull } from './alternatives';
import type { InputSchema, JsonType, Rule } from './rule';

/** Such as `a whole number from 1 to 4`, or `"jpeg" or "png"`. */
export function allowedBy(rule: Rule, schema: InputSchema): string {
	const phrases = withoutNull(alternativesOf(rule, schema)).map((each) => phraseOf(each, schema));
	const distinct = [...new Set(phrases)];
	return distinct.length === 0 ? 'null' : distinct.slice(0, MOST_PHRASES).join(', or ');
}

const MOST_PHRASES = 6;

function phraseOf(alternative: Alternative, schema: InputSchema): string {
	const { enum: choices, not } = alternative;
	if (choices) return choicesInWords(choices);
	if (not && Object.keys(not).length === 0) return 'nothing';
	const types = typesOf(alternative);
	if (types.length === 0) return 'any value';
	return types.map((type) => phraseOfType(type, alternative, schema)).join(' or ');
}

function phraseOfType(type: JsonType, rule: Alternative, schema: InputSchema): string {
	switch (type) {
		case 'string':
			return `text${lengthInWords(rule.minLength, rule.maxLength, 'character')}${rule.pattern ? ` that matches ${shortened(rule.pattern, 60)}` : ''}`;
		case 'integer':
		case 'number':
			return [
				type === 'integer' ? 'a whole number' : 'a number',
				rangeOf(rule),
				rule.multipleOf !== undefined && `in steps of ${rule.multipleOf}`,
			]
				.filter(Boolean)
				.join(' ');
		case 'boolean':
			return 'true or false';
		case 'array':
			return `a list${lengthInWords(rule.minItems, rule.maxItems, 'entry', 'entries')}${rule.items ? `, each ${allowedBy(shallow(rule.items), schema)}` : ''}${rule.uniqueItems ? ', none of them twice' : ''}`;
		case 'object':
			return objectInWords(rule);
		case 'null':
			return 'null';
	}
}

/** What is in an entry of an entry is more than a sentence holds. */
function shallow(rule: Rule): Rule {
	return rule.items ? { ...rule, items: {} } : rule;
}

export function objectInWords({ properties = {}, required = [] }: Alternative): string {
	const names = Object.keys(properties);
	if (names.length === 0) return 'an object';
	const shown = [...required, ...names.filter((name) => !required.includes(name))].slice(0, 6);
	return `an object with ${shown.join(', ')}${names.length > shown.length ? ', ...' : ''}`;
}

/** Such as `from 1 to 4`, or `above 0 and up to 100`; empty where there are no bounds. */
export function rangeOf(rule: Alternative): string {
	const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = rule;
	if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`;
	const least =
		minimum !== undefined
			? `from ${minimum} up`
			: exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`;
	const most =
		maximum !== undefined
			? `up to ${maximum}`
			: exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`;
	return [least, most].filter(Boolean).join(' and ');
}

function lengthInWords(
	least: number | undefined,
	most: number | undefined,
	one: string,
	many = `${one}s`,
): string {
	const noun = (count: number) => (count === 1 ? one : many);
	if (least && most !== undefined) return ` of ${least} to ${most} ${noun(most)}`;
	if (least) return ` of at least ${least} ${noun(least)}`;
	return most === undefined ? '' : ` of at most ${most} ${noun(most)}`;
}

function choicesInWords(choices: readonly unknown[]): string {
	const shown = choices.slice(0, 12).map((choice) => shortened(JSON.stringify(choice), 40));
	const rest = choices.length - shown.length;
	const all = rest > 0 ? [...shown, `${rest} others`] : shown;
	return all.length < 2 ? (all[0] ?? 'nothing') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

/** At most so many characters. */
export function shortened(text: string, most: number): string {
	const characters = [...text];
	return characters.length > most
		? `${characters
				.slice(0, most - 1)
				.join('')
				.trimEnd()}…`
		: text;
}
