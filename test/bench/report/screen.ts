/** Tables for a terminal. */
import Table from 'cli-table3';
import type { ReportTable } from './table';

export function drawTable({ title, head, rows, note }: ReportTable): string {
	const table = new Table({
		head: [...head],
		style: { head: [], border: [], compact: true },
		colWidths: head.map((_, column) =>
			widthOf(
				[head, ...rows].map((row) => row[column]!),
				column,
			),
		),
		wordWrap: true,
	});
	for (const row of rows) table.push([...row]);
	return `\n${title}\n${table.toString()}${note ? `\n${note}` : ''}\n`;
}

/** Names may be long, figures not: what is longer is broken into lines. */
function widthOf(cells: readonly string[], column: number): number {
	const most = column < 2 ? 30 : 13;
	const padding = 2;
	return Math.min(most, Math.max(...cells.map(({ length }) => length))) + padding;
}
