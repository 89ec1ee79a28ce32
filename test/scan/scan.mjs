/**
 * The scan that n8n runs before it verifies a community node, on both of its legs: the sources, and the
 * packed tarball as a user would install it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyzePackage, SOURCE_FILE_PATTERNS } from '@n8n/scan-community-package/scanner/scanner.mjs';
import { execa } from 'execa';

const project = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'fal-queue-scan-'));
try {
	const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], {
		cwd: project,
	});
	const [{ filename, size, entryCount }] = JSON.parse(stdout);
	await execa('tar', ['-xzf', path.join(folder, filename), '-C', folder]);
	await leg('sources', project, SOURCE_FILE_PATTERNS);
	await leg('tarball', path.join(folder, 'package'), ['**/*.js', 'package.json']);
	console.log(`packed: ${entryCount} files, ${Math.round(size / 1000)} kB`);
	if (size > 500_000) fail('The tarball is larger than 500 kB.');
} finally {
	await rm(folder, { recursive: true, force: true });
}

async function leg(name, directory, patterns) {
	const { passed, message, details } = await analyzePackage(directory, patterns);
	console.log(`scan of the ${name}: ${passed ? 'passed, 0 errors' : message}`);
	if (!passed) fail(details);
}

function fail(reason) {
	console.error(reason);
	process.exitCode = 1;
}
