/**
 * What n8n asks of a community node before it verifies it, rule by rule, and how much of that holds.
 *
 * The rules are those of n8n's pages "Verification guidelines" (technical), "Submit community nodes" (submission) and
 * "UX guidelines" (UX), and of its scanner (@n8n/scan-community-package). Their wording is ours.
 */
import { notesOf } from './changelog.cjs';
import { OWNERS_PLACES, placeholdersIn } from './owner';
import type { Project } from './project';

export type Page = 'technical' | 'submission' | 'UX' | 'scanner';

/** Whether n8n's scanner looks at it as well: here (`npm run scan`), only when the package is on npm, or never. */
export type Scanner = 'here' | 'on npm' | 'no';

export interface Rule {
	readonly page: Page;
	readonly says: string;
	readonly scanner: Scanner;
	/** How it is known here. */
	readonly known: string;
	/** What is missing, a line each. Empty if nothing is. */
	missing(project: Project): readonly string[];
}

const unless = (holds: boolean, otherwise: string) => (holds ? [] : [otherwise]);

export const RULES: readonly Rule[] = [
	{
		page: 'submission',
		says: 'The name begins with n8n-nodes-, the keyword is there',
		scanner: 'here',
		known: 'package.json',
		missing: ({ packageJson: { name, keywords = [] } }) => [
			...unless(/^(@[^/]+\/)?n8n-nodes-[a-z0-9-]+$/.test(name), `the name is ${name}`),
			...unless(keywords.includes('n8n-community-node-package'), 'the keyword'),
		],
	},
	{
		page: 'submission',
		says: 'The n8n attribute names all nodes and credentials',
		scanner: 'here',
		known: 'package.json, against sources and tarball',
		missing: ({ packageJson: { n8n = {} }, files, packed }) => {
			const built = (pattern: RegExp) =>
				files
					.filter((file) => pattern.test(file))
					.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`);
			const named = [...(n8n.nodes ?? []), ...(n8n.credentials ?? [])];
			const sources = [
				...built(/^nodes\/.*\.node\.ts$/),
				...built(/^credentials\/.*\.credentials\.ts$/),
			];
			return [
				...unless(n8n.n8nNodesApiVersion === 1, 'n8nNodesApiVersion 1'),
				...unless(n8n.strict === true, 'strict'),
				...sources.filter((file) => !named.includes(file)).map((file) => `${file} is not named`),
				...named.filter((file) => !packed.includes(file)).map((file) => `${file} is not packed`),
			];
		},
	},
	{
		page: 'technical',
		says: 'Made with n8n’s own tool: its lint, unchanged',
		scanner: 'no',
		known: 'eslint.config.mjs, devDependencies, npm run lint',
		missing: ({ packageJson: { devDependencies = {}, scripts = {} }, read }) => [
			...unless(
				read('eslint.config.mjs').replace(/\s+/g, ' ').trim() ===
					"import { config } from '@n8n/node-cli/eslint'; export default config;",
				'eslint.config.mjs is not n8n’s',
			),
			...unless('@n8n/node-cli' in devDependencies, '@n8n/node-cli'),
			...unless(/^eslint nodes credentials package\.json/.test(scripts.lint ?? ''), 'the lint'),
		],
	},
	{
		page: 'technical',
		says: 'No dependency at run time',
		scanner: 'here',
		known: 'package.json; what the files of dist require',
		missing: ({ packageJson, packed, read }) => [
			...(['dependencies', 'optionalDependencies'] as const)
				.filter((key) => Object.keys(packageJson[key] ?? {}).length > 0)
				.map((key) => `${key} are not empty`),
			...unless(packageJson.bundleDependencies === undefined, 'bundleDependencies are set'),
			...unless(packageJson.overrides === undefined, 'overrides are set'),
			...unless(
				JSON.stringify(packageJson.peerDependencies) === '{"n8n-workflow":"*"}',
				'the one peer dependency is n8n-workflow, any version',
			),
			...packed
				.filter((file) => file.endsWith('.js'))
				.flatMap((file) =>
					[...read(file).matchAll(/\brequire\("([^"]+)"\)/g)]
						.map(([, module = '']) => module)
						.filter((module) => !/^(\.\.?\/|n8n-workflow$|(node:)?crypto$)/.test(module))
						.map((module) => `${file} requires ${module}`),
				),
		],
	},
	{
		page: 'technical',
		says: 'No environment variables, no files, no timers, no eval',
		scanner: 'here',
		known: 'n8n’s scan of the sources and of the tarball',
		missing: ({ scan }) => unless(scan.passed, scan.words),
	},
	{
		page: 'scanner',
		says: 'No scripts that run on installation',
		scanner: 'here',
		known: 'package.json',
		missing: ({ packageJson: { scripts = {} } }) =>
			['prepare', 'preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'postprepare']
				.filter((name) => name in scripts)
				.map((name) => `the script ${name}`),
	},
	{
		page: 'technical',
		says: 'The licence is MIT; those of what is inlined come along',
		scanner: 'here',
		known: 'package.json, the tarball, its SBOM',
		missing: ({ packageJson: { license }, packed, read }) => [
			...unless(license === 'MIT', `the licence is ${license}`),
			...['LICENSE.md', 'dist/third-party-licenses.txt', 'dist/sbom.cdx.json']
				.filter((file) => !packed.includes(file))
				.map((file) => `${file} is not packed`),
			...unless(/^(# )?(The )?MIT License/i.test(read('LICENSE.md')), 'the text of the MIT licence'),
		],
	},
	{
		page: 'technical',
		says: 'TypeScript, and only what is needed is published',
		scanner: 'no',
		known: 'the list of files in sources and tarball',
		missing: ({ files, packed }) => [
			...files
				.filter((file) => /^(nodes|credentials)\//.test(file) && !/\.(ts|svg|node\.json)$/.test(file))
				.map((file) => `${file} is no TypeScript`),
			...packed
				.filter((file) => !/^(dist\/|package\.json$|README\.md$|LICENSE\.md$|CHANGELOG\.md$)/.test(file))
				.map((file) => `${file} is packed`),
			...packed.filter((file) => file.endsWith('.map')).map((file) => `${file} is packed`),
		],
	},
	{
		page: 'technical',
		says: 'A README: how to use it, authentication, example workflows',
		scanner: 'no',
		known: 'README.md, and the files it links to',
		missing: ({ files, read }) => {
			const readme = read('README.md');
			const links = [...readme.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, link = '']) => link);
			const ours = links.filter((link) => !/^[a-z]+:/.test(link));
			return [
				...unless(/^## .*install/im.test(readme), 'a section on the installation'),
				...unless(/credential/i.test(readme) && /API key/i.test(readme), 'the credential'),
				...unless(/docs\/.*\.json\)/.test(readme) || /docs\/[^)]*(guides|patterns|workflows)/.test(readme), 'example workflows'),
				...ours
					.filter((link) => !files.some((file) => file === link || file.startsWith(`${link.replace(/\/$/, '')}/`)))
					.map((link) => `README.md links to ${link}, which is not there`),
			];
		},
	},
	{
		page: 'technical',
		says: 'Everything is in English',
		scanner: 'no',
		known: 'no letter of another script in nodes, credentials, README',
		missing: ({ files, read }) =>
			['README.md', ...files.filter((file) => /^(nodes|credentials)\/.*\.(ts|json)$/.test(file))]
				.filter((file) => /(?=\p{L})(?=[^\p{Script=Latin}\p{Script=Common}µ])/u.test(read(file)))
				.map((file) => `${file} has letters that are not Latin`),
	},
	{
		page: 'UX',
		says: 'Labels, descriptions, order, password fields, icons for light and dark',
		scanner: 'here',
		known: 'n8n’s scan; npm run test:editor shows them in the editor',
		missing: ({ scan }) => unless(scan.passed, scan.words),
	},
	{
		page: 'UX',
		says: 'Nodes are found in the panel: categories, documentation',
		scanner: 'no',
		known: 'a .node.json beside each node; npm run test:editor finds them',
		missing: ({ files, read }) =>
			files
				.filter((file) => file.endsWith('.node.ts'))
				.map((file) => file.replace(/\.ts$/, '.json'))
				.filter((file) => {
					const { categories, resources } = JSON.parse(read(file) || '{}') as {
						categories?: unknown[];
						resources?: { primaryDocumentation?: unknown[] };
					};
					return !categories?.length || !resources?.primaryDocumentation?.length;
				})
				.map((file) => `${file} with categories and primaryDocumentation`),
	},
	{
		page: 'technical',
		says: 'Published by a GitHub Action with provenance',
		scanner: 'on npm',
		known: 'release.yml, publishConfig; the scan after a release looks on npm',
		missing: ({ packageJson: { publishConfig }, read }) => {
			const workflow = read('.github/workflows/release.yml');
			return [
				...unless(publishConfig?.provenance === true, 'publishConfig.provenance'),
				...unless(/^ +id-token: write$/m.test(workflow), 'id-token: write in release.yml'),
				...unless(/release\.mjs --upload/.test(workflow), 'the upload in release.yml'),
				...unless(/'--provenance'/.test(read('test/release/release.mjs')), '--provenance'),
			];
		},
	},
	{
		page: 'technical',
		says: 'npm, repository and documentation name each other',
		scanner: 'no',
		known: 'homepage, repository and the links of nodes and credential',
		missing: ({ packageJson: { homepage = '', repository }, files, read }) => [
			...unless(repository?.url === `git+${homepage}.git`, 'homepage and repository.url differ'),
			...files
				.filter((file) => OWNERS_PLACES.links.test(file))
				.filter((file) => {
					const links = read(file).match(/https:\/\/github\.com\/[^'"\s]+/g) ?? [];
					return !links.every((link) => link.startsWith(homepage));
				})
				.map((file) => `${file} links to another repository (npm run release:owner)`),
		],
	},
	{
		page: 'submission',
		says: 'One version everywhere, with notes',
		scanner: 'here',
		known: 'package.json, package-lock.json, CHANGELOG.md',
		missing: ({ packageJson: { version, engines }, read }) => {
			const lock = JSON.parse(read('package-lock.json')) as { version?: string };
			return [
				...unless(/^\d+\.\d+\.\d+$/.test(version), `${version} is no version to release`),
				...unless(lock.version === version, `package-lock.json has ${lock.version}`),
				...unless(/^>=\d+/.test(engines?.node ?? ''), 'engines.node'),
				...thrown(() => notesOf(read('CHANGELOG.md'), version)),
			];
		},
	},
];

function thrown(attempt: () => unknown): string[] {
	try {
		attempt();
		return [];
	} catch (error) {
		return [error instanceof Error ? error.message : String(error)];
	}
}

/** What nobody but the owner of the npm and GitHub accounts can do. */
export interface Task {
	readonly says: string;
	readonly how: string;
	/** Whether it is seen here that it is done. Without it, it can't be seen here. */
	isDone?(project: Project): boolean;
	/** Nothing may be published before. */
	readonly blocks: boolean;
}

export const OWNERS_TASKS: readonly Task[] = [
	{
		says: 'Author: a name and an e-mail that are yours, the same as on npm',
		how: "npm run release:owner -- --author 'Jane Doe <jane@example.com>'",
		isDone: (project) => !placeholdersIn(project).includes('author'),
		blocks: true,
	},
	{
		says: 'Repository: a public one on GitHub, where this is pushed',
		how: 'npm run release:owner -- --repository jane/n8n-nodes-fal-queue',
		isDone: (project) => !placeholdersIn(project).includes('repository'),
		blocks: true,
	},
	{
		says: 'npm account with two-factor authentication, and the name n8n-nodes-fal-queue on it',
		how: 'First version: a granular token, as the secret NPM_TOKEN of the environment "npm". Then: Trusted Publisher in the package’s settings (this repository, release.yml, environment npm), and delete the token.',
		blocks: true,
	},
	{
		says: 'GitHub: environment "npm" with yourself as reviewer; private vulnerability reporting; Renovate',
		how: 'Settings → Environments; Settings → Code security; the Renovate app reads renovate.json',
		blocks: false,
	},
	{
		says: 'The tag, which is the release (and, with it, provenance)',
		how: 'git tag VERSION && git push origin main VERSION, when CI on main is green',
		blocks: false,
	},
	{
		says: 'What n8n’s scanner sees on npm only: provenance, and the public source it names',
		how: 'the job "n8n’s scan of what is on npm" of the release, or: npx @n8n/scan-community-package n8n-nodes-fal-queue',
		blocks: false,
	},
	{
		says: 'Submission in n8n’s Creator Portal, with pictures or a film',
		how: 'Pictures: docs/*.png. Say there that it is no second @fal-ai/n8n-nodes-fal (one call per item), but batches, the queue and webhooks; and no flow control.',
		blocks: false,
	},
];
