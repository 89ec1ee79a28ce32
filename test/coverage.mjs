/**
 * Which lines of `nodes` and `credentials` the tests ran, as sources or as built nodes: from what Jest has
 * just written. Lines only: statements and branches are not the same in a source and in what was built of it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param project its folder
 * @returns a sentence, followed by the lines that were not run, if there are any
 */
export function coverageOf(project) {
	const files = JSON.parse(
		readFileSync(path.join(project, 'coverage/coverage-final.json'), 'utf8'),
	);
	let tried = 0;
	let lines = 0;
	const untried = [];
	for (const [file, { statementMap, s: counts }] of Object.entries(files)) {
		const name = path.relative(project, file);
		// What the build inlines is others' code.
		if (!/^(nodes|credentials)\//.test(name)) continue;
		const byLine = new Map();
		for (const [id, { start }] of Object.entries(statementMap)) {
			byLine.set(start.line, Math.max(byLine.get(start.line) ?? 0, counts[id]));
		}
		for (const line of exportedFunctions(file)) byLine.delete(line);
		const missed = [...byLine].filter(([, count]) => count === 0).map(([line]) => line);
		lines += byLine.size;
		tried += byLine.size - missed.length;
		if (missed.length > 0) untried.push(`  ${name}: ${missed.sort((a, b) => a - b).join(', ')}`);
	}
	return [`coverage: ${tried} of ${lines} lines of nodes and credentials ran`, ...untried].join(
		'\n',
	);
}

/** Only that a module hands them out is counted there, and only in tests of the sources. */
function exportedFunctions(file) {
	const lines = readFileSync(file, 'utf8').split('\n');
	return lines.flatMap((text, index) =>
		/^export (async )?function /.test(text) ? [index + 1] : [],
	);
}
