/** The table of failures as the page that users read: docs/failures.md. */
import { isTool, type Operation, type Setting, type Shown, type Way } from './cell';

export type Cells = (operation: Operation, way: Way, setting: Setting) => Shown;

export function pageOf(operations: readonly Operation[], cells: Cells): string {
	return [INTRODUCTION, ...operations.map((operation) => sectionOf(operation, cells))].join('\n');
}

const INTRODUCTION = `# When it fails

<!-- Written by test/reliability/failures.test.ts; see there before you change it. -->

Every way to fail, with each operation and each setting of *On Error*, in a workflow and as a tool of an AI Agent:
whether the execution is red or green, on which output the items are, what is at fal afterwards, and in which words you
hear of it. Each cell was made by the built node in n8n's engine against a local fal, over sockets.
\`npm run test:long -- failures\` makes them all and fails when one differs from this page; with \`WRITE_FAILURES=1\` in
front it writes the page anew.

In a workflow three items go in, one after the other; what is said of *an* item is so for the second one. An agent calls with
one. **Red** means that the node threw: n8n ends the execution there, error workflows run, and nothing comes out. **Green**
gives the items by output. *At fal* are the jobs in the end: fal bills those that are **done**, and those that are
**running** when they will be; those that **failed** as it bills failures; those that were **cancelled** if they had begun.
n8n gives out nothing of an execution that was **stopped**; the log says how many items were paid for, and how to get them.

In every cell it was checked, besides what the tables say:

- Where the node threw, nothing was at fal: to run it again is free.
- Where it is green, each item came out once; and where one is not on the first output, the hint begins with how many are.
- Nothing was generated twice; no request ID was lost that fal gave out; the API key was written nowhere.
- An agent gets one answer, with something in it.
`;

function sectionOf(operation: Operation, cells: Cells): string {
	const inWorkflow = operation.settings.filter((setting) => !isTool(setting));
	const asTool = operation.settings.filter(isTool);
	return [
		`## ${operation.name}\n\n${operation.setting}\n`,
		tableOf(operation, inWorkflow, cells),
		wordsOf(operation, inWorkflow, cells),
		...(asTool.length === 0
			? []
			: [
					`### ${operation.name}, as a tool of an AI Agent\n`,
					tableOf(operation, asTool, cells),
					answersOf(operation, asTool, cells),
				]),
	].join('\n');
}

function tableOf(operation: Operation, settings: readonly Setting[], cells: Cells): string {
	const rows = operation.ways.map((way) => {
		const row = settings.map((setting) => cells(operation, way, setting));
		return [way.name, ...row.map(({ seen }) => seen), oneOf(settings, row, 'atFal')];
	});
	return markdown(['What goes wrong', ...settings.map(labelOf), 'At fal'], rows);
}

/** In a workflow: of a red execution the error, of a green one the hint. */
function wordsOf(operation: Operation, settings: readonly Setting[], cells: Cells): string {
	const [stop, goOn] = settings;
	if (!stop || !goOn) return '';
	const rows = operation.ways.map((way) => {
		const [stopped, continued] = [cells(operation, way, stop), cells(operation, way, goOn)];
		return stopped.seen === 'red'
			? [way.name, stopped.said, continued.said]
			: [way.name, '', stopped.said];
	});
	return markdown(
		['What goes wrong', 'The error says, when red', 'The hint says, when green'],
		rows,
	);
}

function answersOf(operation: Operation, settings: readonly Setting[], cells: Cells): string {
	const rows = operation.ways.map((way) => {
		const row = settings.map((setting) => cells(operation, way, setting));
		return [way.name, oneOf(settings, row, 'said')];
	});
	return markdown(['What goes wrong', 'The agent reads'], rows);
}

/** Said once where it is the same whatever the setting. */
function oneOf(settings: readonly Setting[], row: readonly Shown[], field: 'atFal' | 'said') {
	const saying = new Map<string, string[]>();
	row.forEach((shown, index) => {
		const label = labelOf(settings[index]!);
		saying.set(shown[field], [...(saying.get(shown[field]) ?? []), label]);
	});
	const [[only] = ['']] = saying;
	if (saying.size <= 1) return only;
	return [...saying].map(([said, labels]) => `*${labels.join(', ')}:* ${said}`).join('<br>');
}

function labelOf(setting: Setting): string {
	return setting.replace('Tool, n', 'N').replace('Tool, ', '');
}

function markdown(heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
	return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line), ''].join('\n');
}
