/**
 * The first words of a node's hint: how many items are on which output, and why. n8n opens the panel on the
 * first output, which is empty when everything failed; so this has to say it.
 */
import type { IDataObject, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';
import { endSentence } from '../engine/failure';
import { isRecord } from '../engine/isRecord';

/** What is on the first output. */
export interface Good {
	readonly count: number;
	/** What became of its items: `completed` */
	readonly word: string;
}

/** An output other than the first. */
export interface Share {
	/** As it is labelled. */
	readonly output: string;
	/** Why its items are there, one for each. */
	readonly reasons: readonly Reason[];
	/** Whether nothing is connected to it. */
	readonly isLoose?: boolean;
}

export interface Reason {
	/** `content_policy_violation`, `IN_QUEUE` */
	readonly word: string;
	/** What went wrong, if something did. */
	readonly message?: string;
}

/** The hint of a run of which nothing more is to be said. */
export function hintOf(good: Good, shares: readonly Share[]): NodeExecutionHint {
	const failures = shares.flatMap(({ reasons }) => reasons.filter(({ message }) => message));
	const others = shares.flatMap(({ reasons }) => reasons).length - failures.length;
	const lost = whatIsLost(shares);
	const loud = loudness(good.count + others, failures.length);
	const sentences = [headline(good, shares), commonMessage(good.count, shares), lost];
	return {
		message: sentences.filter(Boolean).join(' '),
		type: lost && loud === 'info' ? 'warning' : loud,
		location: 'outputPane',
	};
}

/** `1 of 4 completed, 3 on Failed: 2 × unauthorized (not_submitted), 1 × content_policy_violation.` */
export function headline({ count, word }: Good, shares: readonly Share[]): string {
	const taken = shares.filter(({ reasons }) => reasons.length > 0);
	const total = taken.reduce((sum, { reasons }) => sum + reasons.length, count);
	const others = taken.map(
		({ output, reasons }) => `${reasons.length} on ${output}: ${counted(reasons)}`,
	);
	return [`${count} of ${total} ${word}`, others.join('; ')].filter(Boolean).join(', ').concat('.');
}

/** What they all say, where there is nothing good and only one reason to be told. */
export function commonMessage(goodCount: number, shares: readonly Share[]): string | undefined {
	const messages = new Set(shares.flatMap(({ reasons }) => reasons.map(({ message }) => message)));
	const [message] = messages;
	return goodCount === 0 && messages.size === 1 && message ? endSentence(message) : undefined;
}

/** A share that nobody hears of, because nothing is connected to its output. */
export function whatIsLost(shares: readonly Share[]): string | undefined {
	const lost = shares.filter(({ isLoose, reasons }) => isLoose && reasons.length > 0);
	if (lost.length === 0) return undefined;
	const outputs = lost.map(({ output }) => output).join(' and ');
	return `Nothing is connected to the ${lost.length === 1 ? 'output' : 'outputs'} ${outputs}, so nobody hears of these items: connect a node to it, which may also be n8n’s Stop and Error.`;
}

/** As loud as what happened: nothing good, something bad, or nothing to worry about. */
export function loudness(
	goodCount: number,
	badCount: number,
): NonNullable<NodeExecutionHint['type']> {
	if (badCount === 0) return 'info';
	return goodCount === 0 ? 'danger' : 'warning';
}

/** @param outcome is not said again where it is that the job failed: the output says so */
export function reasonOf(type: string, outcome: string, message?: string): Reason {
	const word = outcome === 'failed' ? type : `${type} (${outcome})`;
	return { word, ...(message !== undefined && { message }) };
}

/** Of items as the nodes give them out. */
export function reasonsOf(items: readonly INodeExecutionData[]): Reason[] {
	return items.map(({ json: { error, status } }) => {
		if (!isRecord(error)) return { word: String(status ?? 'unknown') };
		const { type, outcome, message } = error as IDataObject;
		return reasonOf(String(type), String(outcome), String(message));
	});
}

function counted(reasons: readonly Reason[]): string {
	const counts = new Map<string, number>();
	for (const { word } of reasons) counts.set(word, (counts.get(word) ?? 0) + 1);
	const [[only] = ['']] = counts;
	if (counts.size === 1) return only;
	return [...counts].map(([word, times]) => `${times} × ${word}`).join(', ');
}
