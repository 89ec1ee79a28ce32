/** Fields of a tool that are left to the AI Agent. */
import type { FormField, Widget } from '../fal/inputSchema/fields';

/** n8n's own sign, by which its editor shows that the model fills in the field, and offers to take it back. */
const SIGN = '/*n8n-auto-generated-fromAI-override*/';

const TYPES = {
	text: 'string',
	number: 'number',
	switch: 'boolean',
	choice: 'string',
	date: 'string',
	list: 'json',
	object: 'json',
} as const satisfies Record<Widget, string>;

/** Longer ones fill the agent's context with every call. */
const LONGEST = 400;

/** The expression by which n8n asks the agent for the field, and tells it what the model's schema says about it. */
export function fromAgent(field: FormField): string {
	const { name, title, description, widget, choices, isRequired } = field;
	const key = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
	const said = [
		description === '' ? title : `${title}: ${description.replace(/[.\s]+$/, '')}`,
		choices && `One of: ${choices.join(', ')}`,
		!isRequired && 'May be left empty',
	].filter(Boolean);
	return `={{ ${SIGN} $fromAI('${key}', \`${plain(said.join('. '))}\`, '${TYPES[widget]}') }}`;
}

/** It stands within backticks, within braces. */
function plain(text: string): string {
	return text
		.replace(/[`\\]/g, '')
		.replaceAll('${', '$ {')
		.replaceAll('}}', '} }')
		.slice(0, LONGEST);
}
