/**
 * Runs the tests that need no n8n server.
 *
 * `npm test`: types, lint, build, every test in its quick size with coverage, n8n's scan.
 * `npm test -- <words>`: the tests with one of the words in their path, and nothing else.
 * `npm run test:long [-- <words>]`: the tests that have a long size (see long.ts), in that size.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import { execa } from 'execa';
import { coverageOf } from './coverage.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const inProject = { cwd: project, preferLocal: true };

/** They measure time or memory, and nothing runs beside them; of two sizes only the long one measures. */
const ALONE = /\.alone\.test\.ts$/;

await program
	.name('npm test --')
	.description(
		'Runs the tests that need no n8n server. Without words: all that `npm cit` asks for.',
	)
	.argument('[words...]', 'test files with one of these regular expressions in their path')
	.option('-t, --name <pattern>', 'only tests whose names match')
	.option('--long', 'what has a long size, in its long size')
	.action(async (words, { name, long = false }) => {
		if (words.length === 0 && name === undefined && !long) return await everything();
		const files = await testFiles({ words, long });
		const filter = name === undefined ? [] : ['--testNamePattern', name];
		if (files.length > 0)
			return (await buildIfOld()) && (await jest(files, { long, args: filter }));
		console.error(
			`No test${long ? ' with a long size' : ''} has ${words.join(' or ')} in its path.`,
		);
		process.exitCode = 1;
	})
	.parseAsync();

async function everything() {
	const checked = await Promise.all([inSilence('typecheck'), inSilence('lint')]);
	if (checked.includes(false)) return;
	if (!(await onScreen('npm', ['run', '--silent', 'build']))) return;
	if (!(await jest(await testFiles(), { coverage: true }))) return;
	console.log(coverageOf(project));
	await onScreen('npm', ['run', '--silent', 'scan']);
	console.log('These were the quick sizes; `npm run test:long` tries the long ones.');
}

/** Jest knows which test files there are, and which of them import long.ts. */
async function testFiles({ words = [], long = false } = {}) {
	const related = long ? ['--findRelatedTests', 'test/long.ts'] : [];
	const args = ['--config', 'test/jest.config.js', '--listTests', ...related];
	const { stdout } = await execa('jest', args, inProject);
	const wanted = new RegExp(words.join('|'));
	const files = stdout.split('\n').map((file) => path.relative(project, file));
	return files.filter((file) => file !== '' && wanted.test(file));
}

/** @returns whether all of them passed; if not, this process will end with an error */
async function jest(files, { long = false, coverage = false, args = [] }) {
	const env = long ? { LONG: '1' } : {};
	const small = long ? [] : await testFiles({ long: true });
	const alone = files.filter((file) => ALONE.test(file) && !small.includes(file));
	const together = files.filter((file) => !alone.includes(file));
	const runs = [
		[...(coverage ? ['--coverage'] : []), '--runTestsByPath', ...together],
		// In a process of its own, each: what one leaves in memory is not measured in the next.
		...alone.map((file) => ['--runInBand', '--runTestsByPath', file]),
	];
	let passed = true;
	for (const run of together.length > 0 ? runs : runs.slice(1)) {
		const own = ['--config', 'test/jest.config.js', ...args, ...run];
		passed = (await onScreen('jest', own, env)) && passed;
	}
	return passed;
}

/** The n8n-core layer runs what ships, not its sources. */
async function buildIfOld() {
	const builtAt = changedAt('dist/third-party-licenses.txt');
	const sources = ['nodes', 'credentials'].flatMap((folder) => [folder, ...everythingIn(folder)]);
	const changed = ['gulpfile.js', 'package-lock.json', ...sources].map(changedAt);
	return Math.max(...changed) < builtAt || (await onScreen('npm', ['run', '--silent', 'build']));
}

function everythingIn(folder) {
	const entries = readdirSync(path.join(project, folder), { recursive: true });
	return entries.map((entry) => path.join(folder, entry));
}

function changedAt(file) {
	return statSync(path.join(project, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Two checks at once would mix what they say: shown is only what went wrong. */
async function inSilence(script) {
	const startedAt = Date.now();
	const options = { ...inProject, all: true, reject: false };
	const { failed, all, exitCode } = await execa('npm', ['run', '--silent', script], options);
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	console.log(`${script}: ${failed ? `failed\n${all}` : `passed, ${seconds} s`}`);
	if (failed) process.exitCode = exitCode ?? 1;
	return !failed;
}

async function onScreen(command, args, env = {}) {
	const options = { ...inProject, env, stdio: 'inherit', reject: false };
	const { failed, exitCode } = await execa(command, args, options);
	if (failed) process.exitCode = exitCode ?? 1;
	return !failed;
}
