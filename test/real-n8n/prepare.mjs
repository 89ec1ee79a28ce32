/** What must be there before TypeScript can run: the project's own dev dependencies, and tsx. Uses nothing but Node. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const projectFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a TypeScript module of this folder in this very process, so that signals and the exit code need no forwarding. */
export async function run(module) {
	if (!devDependenciesAreCurrent()) await installDevDependencies();
	await import('tsx');
	await import(new URL(module, import.meta.url));
}

function devDependenciesAreCurrent() {
	return (
		changedAt('node_modules/.package-lock.json') >= changedAt('package-lock.json') &&
		changedAt('node_modules/tsx') > 0
	);
}

function changedAt(path) {
	return statSync(`${projectFolder}/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @throws when npm fails; its own words are on the screen by then. */
async function installDevDependencies() {
	console.log('Installing the development dependencies (npm ci, about a minute)');
	const npm = spawn('npm', ['ci', '--no-fund', '--no-audit'], {
		cwd: projectFolder,
		stdio: ['ignore', 'inherit', 'inherit'],
		shell: process.platform === 'win32',
	});
	const passOn = (signal) => npm.kill(signal);
	process.once('SIGINT', passOn).once('SIGTERM', passOn);
	const code = await new Promise((resolve, reject) =>
		npm.once('error', reject).once('exit', resolve),
	);
	process.off('SIGINT', passOn).off('SIGTERM', passOn);
	if (code !== 0) process.exit(code ?? 130);
}
