/** Each rule of `npm run release:check` holds for this project, and notices when it does not. */
import { readFileSync, readdirSync } from 'node:fs';
import { withOwner, placeholdersIn } from './owner';
import type { PackageJson, Project } from './project';
import { OWNERS_TASKS, RULES } from './verification';

const filesIn = (folder: string) =>
	readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/'));

const texts = new Map<string, string>();
const read = (file: string) => {
	if (!texts.has(file)) {
		try {
			texts.set(file, readFileSync(file, 'utf8'));
		} catch {
			texts.set(file, '');
		}
	}
	return texts.get(file) ?? '';
};

/** This project; the scan, which takes half a minute, is the last step of `npm test`. */
const ours: Project = {
	packageJson: JSON.parse(read('package.json')) as PackageJson,
	files: ['README.md', 'CHANGELOG.md', ...['nodes', 'credentials', 'docs', 'test'].flatMap(filesIn), ...filesIn('.').filter((file) => /^\.\/[^/]+$/.test(file)).map((file) => file.slice(2))],
	packed: ['package.json', 'README.md', 'LICENSE.md', ...filesIn('dist').filter((file) => !file.endsWith('.map'))],
	scan: { passed: true, words: '' },
	read,
};

const ruleThatSays = (words: string) => {
	const rule = RULES.find(({ says }) => says.includes(words));
	if (!rule) throw new Error(`No rule says "${words}"`);
	return rule;
};

const withPackage = (changes: Partial<PackageJson>): Project => ({
	...ours,
	packageJson: { ...ours.packageJson, ...changes },
});

const withFile = (file: string, change: (text: string) => string): Project => ({
	...ours,
	read: (one) => (one === file ? change(read(one)) : read(one)),
});

const BREAKS: ReadonlyArray<[rule: string, how: string, project: Project]> = [
	['The name begins', 'another name', withPackage({ name: 'fal-queue' })],
	['The name begins', 'no keyword', withPackage({ keywords: [] })],
	['The n8n attribute', 'a node that is not named', withPackage({ n8n: { ...ours.packageJson.n8n, nodes: [] } })],
	['The n8n attribute', 'a node that is not packed', { ...ours, packed: ours.packed.filter((file) => !file.endsWith('FalTrigger.node.js')) }],
	['n8n’s own tool', 'a changed lint', withFile('eslint.config.mjs', (text) => `${text}// off`)],
	['No dependency', 'a dependency', withPackage({ dependencies: { 'p-limit': '7' } })],
	['No dependency', 'another peer', withPackage({ peerDependencies: { 'n8n-workflow': '*', zod: '*' } })],
	['No dependency', 'a foreign require', withFile('dist/nodes/FalBatch/FalBatch.node.js', (text) => `${text}require("axios");`)],
	['No environment variables', 'a failed scan', { ...ours, scan: { passed: false, words: 'no' } }],
	['No scripts that run', 'a postinstall', withPackage({ scripts: { postinstall: 'node x' } })],
	['The licence is MIT', 'another one', withPackage({ license: 'ISC' })],
	['The licence is MIT', 'no SBOM', { ...ours, packed: ours.packed.filter((file) => !file.includes('sbom')) }],
	['TypeScript, and only', 'a script in the sources', { ...ours, files: [...ours.files, 'nodes/a.js'] }],
	['TypeScript, and only', 'a test in the tarball', { ...ours, packed: [...ours.packed, 'test/a.ts'] }],
	['A README', 'a link that leads nowhere', withFile('README.md', (text) => `${text}[x](docs/gone.md)`)],
	['A README', 'no installation', withFile('README.md', (text) => text.replace(/^## .*install.*$/gim, ''))],
	['in English', 'Chinese', withFile('README.md', (text) => `${text}安装`)],
	['in English', 'Russian in a label', withFile('nodes/FalBatch/options.ts', (text) => `${text}// Цена`)],
	['Labels, descriptions', 'a failed scan', { ...ours, scan: { passed: false, words: 'no' } }],
	['found in the panel', 'no categories', withFile('nodes/FalBatch/FalBatch.node.json', () => '{}')],
	['GitHub Action with provenance', 'no right', withFile('.github/workflows/release.yml', (text) => text.replace('id-token: write', 'id-token: none'))],
	['GitHub Action with provenance', 'no setting', withPackage({ publishConfig: {} })],
	['name each other', 'another homepage', withPackage({ homepage: 'https://github.com/jane/other' })],
	['One version everywhere', 'no notes', withPackage({ version: '9.9.9' })],
	['One version everywhere', 'a version before one', withPackage({ version: '1.0.0-rc.1' })],
];

it.each(RULES.map((rule) => [rule.says, rule] as const))('%s', (_, rule) => {
	expect(rule.missing(ours)).toEqual([]);
});

it.each(BREAKS)('%s: notices %s', (words, _, project) => {
	expect(ruleThatSays(words).missing(project)).not.toEqual([]);
});

it('every rule has a break that it notices', () => {
	const tried = new Set(BREAKS.map(([words]) => ruleThatSays(words)));
	expect(RULES.filter((rule) => !tried.has(rule)).map(({ says }) => says)).toEqual([]);
});

describe('the owner', () => {
	const repeated = ['package.json', 'LICENSE.md', 'credentials/FalApi.credentials.ts', ...ours.files.filter((file) => file.endsWith('.node.json'))];
	const filled = withOwner(new Map(repeated.map((file) => [file, read(file)])), {
		author: { name: 'Jane Doe', email: 'jane@example.com' },
		repository: 'jane/n8n-nodes-fal-queue',
	});

	it('fills in author and repository at once, everywhere', () => {
		expect([...filled.keys()].sort()).toEqual([...repeated].sort());
		const packageJson = JSON.parse(filled.get('package.json') ?? '') as PackageJson;
		expect(placeholdersIn({ packageJson })).toEqual([]);
		expect(packageJson).toEqual({
			...ours.packageJson,
			author: { name: 'Jane Doe', email: 'jane@example.com' },
			homepage: 'https://github.com/jane/n8n-nodes-fal-queue',
			repository: { type: 'git', url: 'git+https://github.com/jane/n8n-nodes-fal-queue.git' },
		});
		const project: Project = { ...ours, packageJson, read: (file) => filled.get(file) ?? read(file) };
		expect(ruleThatSays('name each other').missing(project)).toEqual([]);
		expect(filled.get('LICENSE.md')).toContain('(c) 2026 Jane Doe');
		expect([...filled.values()].join('\n')).not.toMatch(/founders|n8n-nodes-fal-queue\/n8n-nodes-fal-queue/);
	});

	it('has not done it, as long as the placeholders stand', () => {
		const undone = OWNERS_TASKS.filter(({ isDone }) => isDone && !isDone(ours));
		expect(undone).toHaveLength(placeholdersIn(ours).length);
	});
});
