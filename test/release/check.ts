/**
 * `npm run release:check`: what n8n asks of a node before it verifies it, what of that holds, and what only the
 * owner can do. Ends with an error when a rule does not hold; with `--publishing`, also while what must be done
 * before anything is published is not.
 */
import Table from 'cli-table3';
import { Command } from 'commander';
import { projectIn, type Project } from './project';
import { OWNERS_TASKS, RULES, type Rule, type Task } from './verification';

const { publishing = false } = new Command()
	.name('npm run release:check --')
	.description('Says what is missing for n8n’s verification')
	.option('--publishing', 'fail on what the owner must have done before')
	.parse()
	.opts<{ publishing?: boolean }>();

const project = projectIn(process.cwd());
const broken = RULES.filter((rule) => rule.missing(project).length > 0);
const open = OWNERS_TASKS.filter((task) => !task.isDone?.(project));
const blocking = open.filter(({ blocks, isDone }) => publishing && blocks && isDone);

console.log(tableOfRules(project));
console.log(project.scan.words);
console.log('(The scanner’s part "on npm" needs the published package: see the owner’s list.)\n');
console.log(tableOfTasks(open));
console.log(
	`${RULES.length - broken.length} of ${RULES.length} rules hold. For the owner: ${open.length}.`,
);
for (const { says } of blocking) console.error(`Before anything is published: ${says}`);
if (broken.length > 0 || blocking.length > 0) process.exitCode = 1;

function tableOfRules(project: Project): string {
	const table = tableWith(['n8n’s rule', 'Page', 'Scanner', 'Here', 'How it is known'], [40, 12, 9, 7, 46]);
	for (const rule of RULES) table.push([rule.says, rule.page, scannerOn(rule), ...hereOn(rule)]);
	return table.toString();

	function scannerOn({ scanner }: Rule) {
		if (scanner === 'here') return project.scan.passed ? 'passes' : 'fails';
		return scanner === 'no' ? '–' : scanner;
	}

	function hereOn(rule: Rule): [string, string] {
		const missing = rule.missing(project);
		return missing.length === 0 ? ['yes', rule.known] : ['NO', missing.join('\n')];
	}
}

function tableOfTasks(tasks: readonly Task[]): string {
	const table = tableWith(['Only the owner can do', 'How', ''], [48, 60, 9]);
	for (const { says, how, blocks } of tasks) table.push([says, how, blocks ? 'first' : '']);
	return table.toString();
}

function tableWith(head: string[], colWidths: number[]) {
	return new Table({ head, colWidths, wordWrap: true, style: { head: [], border: [] } });
}
