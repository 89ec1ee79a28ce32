/**
 * What the nodes can say to a person when something is amiss, read from their sources: every text that is like a
 * sentence, and every word that is like a type of error. What is in a description of n8n's (labels, hints of
 * fields) is not among them: docs/nodes has that.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Saying {
	readonly file: string;
	/** A text, as what stands between its expressions; or a single word. */
	readonly parts: readonly string[];
}

/** @param folder of TypeScript sources, searched to its bottom */
export function sayingsIn(folder: string): { sentences: Saying[]; words: Saying[] } {
	const sentences: Saying[] = [];
	const words: Saying[] = [];
	for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
		if (!name.endsWith('.ts')) continue;
		const file = join(folder, name);
		const text = readFileSync(file, 'utf8');
		const visit = (node: ts.Node): void => {
			if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || isDescription(node)) return;
			const parts = partsOf(node);
			if (parts && isSentence(parts)) sentences.push({ file, parts });
			else if (parts && isTypeOfError(node, parts)) words.push({ file, parts });
			ts.forEachChild(node, visit);
		};
		visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
	}
	return { sentences, words };
}

/** The longest piece without an expression in it: what a page can be searched for. */
export function firmPart({ parts }: Saying): string {
	const byLength = [...parts].sort((a, b) => b.length - a.length);
	return byLength[0]!.replace(/\s+/g, ' ').trim();
}

/** Properties of n8n's descriptions. */
const LABELS = new Set([
	'displayName',
	'name',
	'action',
	'placeholder',
	'hint',
	'subtitle',
	'default',
	'header',
	'inactive',
	'active',
	'eventTriggerDescription',
	'activationMessage',
	'waitingNodeTooltip',
]);

function isDescription(node: ts.Node): boolean {
	if (!ts.isPropertyAssignment(node)) return false;
	const name = node.name.getText();
	if (name !== 'description') return LABELS.has(name);
	// Beside a label it is a field's; an error has none.
	const siblings = node.parent.properties.map((property) => property.name?.getText() ?? '');
	return siblings.some((sibling) => LABELS.has(sibling)) || siblings.length > 3;
}

function partsOf(node: ts.Node): string[] | undefined {
	if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
	if (!ts.isTemplateExpression(node)) return undefined;
	return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
}

function isSentence(parts: readonly string[]): boolean {
	const text = parts.join(' ');
	const words = text.split(/\s+/).filter((word) => /^\p{L}[\p{L}’']*[.,:;]?$/u.test(word));
	return words.length >= 4 && !/[<{]/.test(text);
}

/** `item_timeout`; and one word alone where a type is named: by a status, or beside its sentence. */
function isTypeOfError(node: ts.Node, [text = '']: readonly string[]): boolean {
	if (!ts.isStringLiteral(node) || !/^[a-z]+(_[a-z]+)*$/.test(text)) return false;
	if (text.includes('_')) return true;
	const { parent } = node;
	if (ts.isPropertyAssignment(parent)) return /^\d+$/.test(parent.name.getText());
	if (!ts.isCallExpression(parent) || parent.arguments[0] !== node) return false;
	return parent.arguments.length > 1 && ['final', 'passing'].includes(parent.expression.getText());
}
