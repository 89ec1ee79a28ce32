/**
 * The report of a batch: one HTML file that needs nothing else. It has no script but its search, and asks
 * for nothing but the pictures; all else is forbidden to it by its own policy, should text from outside ever
 * get through.
 */
import { moneyText } from '../engine/spending/amount';
import type { BatchResult, Summary } from '../engine/summing/summary';
import type { Spread } from '../engine/summing/spread';
import { contactSheet } from './contactSheet';
import { escaped } from './markup';
import { SEARCH_HASH } from './search';
import { STYLE } from './style';
import { timeline } from './timeline';

const POLICY = `default-src 'none'; img-src https: http:; style-src 'unsafe-inline'; script-src ${SEARCH_HASH}; form-action 'none'`;

/** @param sentence what came of it, in one */
export function report(result: BatchResult, summary: Summary, sentence: string): string {
	const when = new Date(result.startedAt).toISOString().replace('T', ' ').slice(0, 16);
	return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Fal Batch, ${when} UTC</title><style>${STYLE}</style></head><body>
<h1>Fal Batch <small>${when} UTC</small></h1>
<p class="sentence">${escaped(sentence)}</p>
<div class="tables">${outcomes(summary)}${models(summary)}${costs(summary)}</div>
${failures(summary)}
<h2>Over time</h2>${timeline(result, summary)}
<h2>What came out</h2>${contactSheet(result)}
</body></html>`;
}

function outcomes({ outcomes: counts, generated, reused }: Summary): string {
	const rows = Object.entries(counts).map(([outcome, count]) => [outcome.replace('_', ' '), count]);
	return table(['Outcome', 'Items'], [...rows, ['generated', generated], ['reused', reused]]);
}

function models({ models: all }: Summary): string {
	const rows = all
		.slice(0, 50)
		.map(({ model, completed, items, queueTime, inferenceTime }) => [
			model,
			`${completed} of ${items}`,
			spreadText(queueTime),
			spreadText(inferenceTime),
		]);
	return table(['Model', 'Done', 'Queue (median, 90th, longest)', 'Work'], rows);
}

function costs({ costs: sums }: Summary): string {
	const rows = sums.flatMap(
		({ currency, billed, billedJobs, estimated, perhaps, perhapsAttempts }) => [
			[`billed, ${billedJobs} jobs`, moneyText(billed, currency)],
			...(estimated > 0 ? [['about, units not known', moneyText(estimated, currency)]] : []),
			...(perhapsAttempts > 0
				? [[`perhaps billed, ${perhapsAttempts} attempts`, moneyText(perhaps, currency)]]
				: []),
		],
	);
	return rows.length > 0 ? table(['Cost', ''], rows) : '';
}

function failures({ failures: groups }: Summary): string {
	if (groups.length === 0) return '';
	const rows = groups
		.slice(0, 30)
		.map(({ type, outcome, count, example }) => [
			type,
			outcome.replace('_', ' '),
			count,
			example.message.slice(0, 400),
		]);
	return `<h2>What failed</h2>${table(['Type', 'Outcome', 'Items', 'For example'], rows)}`;
}

function table(
	heads: readonly string[],
	rows: ReadonlyArray<ReadonlyArray<string | number>>,
): string {
	const cells = (row: ReadonlyArray<string | number>, tag: string) =>
		row.map((cell) => `<${tag}>${escaped(String(cell))}</${tag}>`).join('');
	const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('');
	return `<table><thead><tr>${cells(heads, 'th')}</tr></thead><tbody>${body}</tbody></table>`;
}

function spreadText(spread: Spread | undefined): string {
	if (!spread) return '';
	return [spread.median, spread.p90, spread.longest]
		.map((time) => `${time.toFixed(1)} s`)
		.join(', ');
}
