/** All figures, for whoever wants to reckon with them. */
import type { JudgedGoal } from '../goals';
import type { Row } from '../rows';
import type { Circumstances } from './circumstances';

export function toJson(
	circumstances: Circumstances,
	rows: readonly Row[],
	goals: readonly JudgedGoal[],
): string {
	const report = {
		...circumstances,
		goals: goals.map((goal) => ({ ...goal, cells: Object.fromEntries(goal.cells) })),
		rows: rows.map((row) => ({ ...row, figures: Object.fromEntries(row.figures) })),
	};
	return `${JSON.stringify(report, (_, value) => (value === Infinity ? 'none' : value), '\t')}\n`;
}
