/**
 * Which n8n a run is for: the pinned one, with its lock file, or another version that somebody names
 * (`npm run test:n8n -- --n8n 1.123.81`), with whatever its own package asks for on the day it is installed.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPackageFolder } from './folders';

export interface WhichN8n {
	readonly version: string;
	/** Names its folders in the user's cache: another key is another n8n. */
	readonly key: string;
	/** Of the Node that runs it. */
	readonly nodeMajor: number;
	/** How npm installs what {@link WhichN8n.writePackage} has written. */
	readonly npmCommand: 'ci' | 'install';
	writePackage(folder: string): Promise<void>;
}

interface HostPackage {
	readonly dependencies: { readonly n8n: string };
	readonly optionalDependencies: Readonly<Record<string, string>>;
	readonly overrides: Readonly<Record<string, string>>;
}

const FILES = ['package.json', 'package-lock.json'] as const;
const pinnedPackage = JSON.parse(
	readFileSync(join(hostPackageFolder, 'package.json'), 'utf8'),
) as HostPackage;

/** The one that every test is written for. */
export const pinnedN8n: WhichN8n = {
	version: pinnedPackage.dependencies.n8n,
	key: createHash('sha256')
		.update(readFileSync(join(hostPackageFolder, 'package-lock.json')))
		.digest('hex')
		.slice(0, 12),
	nodeMajor: 24,
	npmCommand: 'ci',
	async writePackage(folder) {
		for (const file of FILES) await copyFile(join(hostPackageFolder, file), join(folder, file));
	},
};

/** n8n 1.x asks for Node 22 at the most (until 1.85), or was built when that was the newest. */
const NODE_OF_N8N_1 = 22;
const NODE_OF_N8N_2 = 24;
/** Until 2.30 at least, n8n's spreadsheet package came from an address of its own; npm has the one before it. */
const ONLY_FROM_NPM = { xlsx: '0.18.5' };

/** @param version as npm has it, or nothing for the pinned one */
export function whichN8n(version: string = pinnedN8n.version): WhichN8n {
	if (version === pinnedN8n.version) return pinnedN8n;
	if (!/^[12]\.\d+\.\d+$/.test(version)) {
		throw new Error(`"${version}" is no version of n8n 1 or 2, such as 1.123.81`);
	}
	const nodeMajor = version.startsWith('1.') ? NODE_OF_N8N_1 : NODE_OF_N8N_2;
	return {
		version,
		key: version,
		nodeMajor,
		npmCommand: 'install',
		async writePackage(folder) {
			const contents = {
				...pinnedPackage,
				dependencies: { n8n: version },
				optionalDependencies: Object.fromEntries(
					Object.keys(pinnedPackage.optionalDependencies).map((name) => [name, `${nodeMajor}.x`]),
				),
				overrides: { ...pinnedPackage.overrides, ...ONLY_FROM_NPM },
			};
			await writeFile(join(folder, 'package.json'), JSON.stringify(contents, null, '\t'));
		},
	};
}

/** Whether this n8n is as new as a version of two figures, `1.79`. */
export function isSince({ version }: Pick<WhichN8n, 'version'>, since: string): boolean {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
	return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}
