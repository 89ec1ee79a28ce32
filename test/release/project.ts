/** What the rules of verification.ts look at: the project as it is in this folder, built. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PackageJson {
	readonly name: string;
	readonly version: string;
	readonly license?: string;
	readonly keywords?: readonly string[];
	readonly homepage?: string;
	readonly author?: { readonly name?: string; readonly email?: string };
	readonly repository?: { readonly url?: string };
	readonly engines?: { readonly node?: string };
	readonly scripts?: Readonly<Record<string, string>>;
	readonly files?: readonly string[];
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly optionalDependencies?: Readonly<Record<string, string>>;
	readonly bundleDependencies?: unknown;
	readonly overrides?: unknown;
	readonly peerDependencies?: Readonly<Record<string, string>>;
	readonly devDependencies?: Readonly<Record<string, string>>;
	readonly publishConfig?: { readonly provenance?: boolean; readonly access?: string };
	readonly n8n?: {
		readonly n8nNodesApiVersion?: number;
		readonly strict?: boolean;
		readonly nodes?: readonly string[];
		readonly credentials?: readonly string[];
	};
}

export interface Project {
	readonly packageJson: PackageJson;
	/** Everything that git keeps, with the paths it has there. */
	readonly files: readonly string[];
	/** What `npm publish` would publish. */
	readonly packed: readonly string[];
	/** What `npm run scan` says: n8n's scan, without the part that needs the package on npm. */
	readonly scan: { readonly passed: boolean; readonly words: string };
	/** The text of a file. Empty if there is none. */
	read(file: string): string;
}

export function projectIn(folder: string): Project {
	const read = (file: string) => {
		const path = join(folder, file);
		return existsSync(path) ? readFileSync(path, 'utf8') : '';
	};
	const run = (command: string, args: readonly string[]) =>
		execFileSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 100_000_000 });
	const packing = run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json']);
	const [{ files }] = JSON.parse(packing) as [{ files: ReadonlyArray<{ path: string }> }];
	const scan = spawnSync('npm', ['run', '--silent', 'scan'], { cwd: folder, encoding: 'utf8' });
	return {
		packageJson: JSON.parse(read('package.json')) as PackageJson,
		files: run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'])
			.split('\0')
			.filter((file) => file !== ''),
		packed: files.map(({ path }) => path),
		scan: { passed: scan.status === 0, words: `${scan.stdout}${scan.stderr}`.trim() },
		read,
	};
}
