/** Our package as a user gets it: built, packed, and installed into n8n's folder for community packages. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from './folders';
import { npm } from './processes';

export const buildPackage = () => npm(['run', 'build'], { cwd: projectFolder });

/**
 * Packs what `npm publish` would publish and installs it for the n8n of this user folder.
 * Does nothing when the very same package is there already.
 * @param userFolder what n8n calls N8N_USER_FOLDER
 * @returns whether it had to be installed
 */
export async function installPackage(userFolder: string): Promise<boolean> {
	const temp = await mkdtemp(join(tmpdir(), 'n8n-nodes-fal-queue-'));
	try {
		const tarball = await pack(temp);
		return await install(tarball, join(userFolder, '.n8n', 'nodes'));
	} finally {
		await rm(temp, { recursive: true, force: true });
	}
}

async function pack(into: string): Promise<string> {
	const lines = await npm(['pack', '--silent', '--ignore-scripts', '--pack-destination', into], {
		cwd: projectFolder,
	});
	const name = lines.findLast((line) => line.endsWith('.tgz'));
	if (!name) throw new Error(`npm pack named no tarball:\n${lines.join('\n')}`);
	return join(into, name);
}

async function install(tarball: string, nodesFolder: string): Promise<boolean> {
	const marker = join(nodesFolder, 'installed-tarball.sha256');
	const hash = createHash('sha256')
		.update(await readFile(tarball))
		.digest('hex');
	if ((await readFile(marker, 'utf8').catch(() => '')) === hash) return false;

	await rm(nodesFolder, { recursive: true, force: true });
	await mkdir(nodesFolder, { recursive: true });
	await writeFile(join(nodesFolder, 'package.json'), '{ "private": true }\n');
	// As n8n installs a community package: no scripts, no dev and no peer dependencies.
	await npm(
		[
			'install',
			'--ignore-scripts',
			'--omit=dev',
			'--omit=peer',
			'--legacy-peer-deps',
			'--no-fund',
			'--no-audit',
			tarball,
		],
		{ cwd: nodesFolder },
	);
	await writeFile(marker, hash);
	return true;
}
