/** All figures, for whoever wants to reckon with them. */
import type { Figures } from '../figures';
import type { JudgedGoal } from '../goals';
import type { Row } from '../rows';
import type { Circumstances, Occasions } from './circumstances';

export function toJson(
	{ virtual, sockets }: Occasions,
	rows: readonly Row[],
	goals: readonly JudgedGoal[],
): string {
	const report = {
		...virtual,
		sockets,
		goals: goals.map((goal) => ({ ...goal, cells: Object.fromEntries(goal.cells) })),
		rows: rows.map((row) => ({ ...row, figures: Object.fromEntries(row.figures) })),
	};
	return `${JSON.stringify(report, (_, value) => (value === Infinity ? 'none' : value), '\t')}\n`;
}

interface Report extends Circumstances {
	/** Absent where all was measured at once. */
	readonly sockets?: Circumstances;
	readonly rows: ReadonlyArray<
		Omit<Row, 'figures'> & { readonly figures: Record<string, Figures> }
	>;
}

/** What was measured over real sockets, as it was written down. */
export function readSockets(json: string): { readonly rows: Row[]; readonly when: Circumstances } {
	const { sockets, rows, ...whole } = JSON.parse(json, (_, value) =>
		value === 'none' ? Infinity : value,
	) as Report;
	const { command, date, node, processors, memory } = sockets ?? whole;
	return {
		rows: rows
			.filter(({ clock }) => clock === 'real')
			.map((row) => ({ ...row, figures: new Map(Object.entries(row.figures)) })),
		when: { command, date, node, processors, memory },
	};
}
