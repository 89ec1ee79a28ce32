/** Tables for a terminal. */
import Table from 'cli-table3';
import type { ReportTable } from './table';

export function drawTable({ title, head, rows, note }: ReportTable): string {
	const table = new Table({
		head: [...head],
		style: { head: [], border: [], compact: true },
		colWidths: head.map((_, column) => (column === 0 ? 36 : null)),
		wordWrap: true,
	});
	for (const row of rows) table.push([...row]);
	return `\n${title}\n${table.toString()}${note ? `\n${note}` : ''}\n`;
}
