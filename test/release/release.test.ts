/**
 * The release's own script, in a small package with a registry on this machine: what it refuses, what it leaves,
 * and that the dry run ends before the upload.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { notesOf } from './changelog.cjs';

const SCRIPT = path.resolve('test/release/release.mjs');
const TARBALL = 'n8n-nodes-small-1.2.3.tgz';

let folder: string;
let registry: Server;
/** What the registry was asked, `PUT /name` being an upload. */
let asked: string[];

beforeAll(async () => {
	registry = createServer((request, response) => {
		asked.push(`${request.method} ${request.url}`);
		request.resume();
		response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
	}).listen(0, '127.0.0.1');
	await new Promise((resolve) => registry.once('listening', resolve));
});

afterAll(() => {
	registry.close();
	registry.closeAllConnections();
});

beforeEach(() => {
	asked = [];
	folder = mkdtempSync(path.join(tmpdir(), 'fal-queue-release-'));
	const packageJson = {
		name: 'n8n-nodes-small',
		version: '1.2.3',
		files: ['dist'],
		publishConfig: { access: 'public', provenance: true },
		scripts: {
			build: 'node -e ""',
			'release:check': "node -e \"console.log('checked', ...process.argv.slice(1))\" --",
		},
	};
	mkdirSync(path.join(folder, 'dist'));
	write('package.json', JSON.stringify(packageJson));
	write('package-lock.json', '{"version":"1.2.3","packages":{"":{"version":"1.2.3"}}}');
	write('CHANGELOG.md', '# Changelog\n\n## 1.2.3\n\n- What is new.\n\n## 1.2.2\n\n- What was.\n');
	write('dist/sbom.cdx.json', '{}');
});

afterEach(() => {
	rmSync(folder, { recursive: true });
});

const write = (file: string, text: string) => writeFileSync(path.join(folder, file), text);
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
const uploads = () => asked.filter((request) => !request.startsWith('GET '));

/** These tests may themselves be run by a GitHub Action, for a tag. */
const outsideOfActions = Object.fromEntries(
	Object.entries(process.env).filter(([name]) => !/^(GITHUB_|NPM_TOKEN|ACTIONS_)/.test(name)),
);

async function release(way: string[], env: Record<string, string> = {}) {
	const { port } = registry.address() as AddressInfo;
	const child = spawn(process.execPath, [SCRIPT, ...way], {
		cwd: folder,
		env: { ...outsideOfActions, npm_config_registry: `http://127.0.0.1:${port}/`, ...env },
	});
	let words = '';
	child.stdout.on('data', (chunk) => (words += String(chunk)));
	child.stderr.on('data', (chunk) => (words += String(chunk)));
	const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
	return { code, words };
}

const TAGGED = { GITHUB_ACTIONS: 'true', GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: '1.2.3' };

describe('the dry run', () => {
	it('leaves tarball, notes, SBOM and sums, and uploads nothing, also on the tag', async () => {
		const { code, words } = await release(['--dry-run'], TAGGED);
		expect([code, words]).toEqual([0, expect.stringContaining('Nothing was uploaded')]);
		// Then the owner must have done what comes first.
		expect(words).toContain('checked --publishing');
		expect(uploads()).toEqual([]);
		expect(asked).not.toEqual([]);
		expect(readdirSync(path.join(folder, 'release')).sort()).toEqual([
			'SHA256SUMS',
			TARBALL,
			'notes.md',
			'sbom.cdx.json',
		]);
		expect(read('release/notes.md')).toBe('- What is new.\n');
		const tarball = readFileSync(path.join(folder, 'release', TARBALL));
		const sum = createHash('sha256').update(tarball).digest('hex');
		expect(read('release/SHA256SUMS')).toContain(`${sum}  ${TARBALL}\n`);
	});

	it('fails on a tag that is not the version’s', async () => {
		const { code, words } = await release(['--dry-run'], { ...TAGGED, GITHUB_REF_NAME: '1.2.4' });
		expect([code, words]).toEqual([1, expect.stringContaining('The tag is 1.2.4')]);
	});

	it('fails when the check does', async () => {
		write('package.json', read('package.json').replace("console.log('checked',", 'process.exit(3,'));
		expect((await release(['--dry-run'])).code).toBe(1);
	});

	it('fails when the version has no notes, or package-lock.json another version', async () => {
		write('CHANGELOG.md', '# Changelog\n\n## 1.2.3\n\n## 1.2.2\n\n- What was.\n');
		expect((await release(['--dry-run'])).words).toContain('says nothing under "## 1.2.3"');
		write('package-lock.json', '{"version":"1.2.2","packages":{"":{"version":"1.2.2"}}}');
		expect((await release(['--dry-run'])).words).toContain('package-lock.json has the version 1.2.2');
	});
});

describe('the upload', () => {
	const prepared = () => {
		mkdirSync(path.join(folder, 'release'));
		mkdirSync(path.join(folder, 'package'));
		write('package/package.json', read('package.json'));
		execFileSync('tar', ['-czf', `release/${TARBALL}`, 'package'], { cwd: folder });
		const tarball = readFileSync(path.join(folder, 'release', TARBALL));
		const sum = createHash('sha256').update(tarball).digest('hex');
		write('release/SHA256SUMS', `${sum}  ${TARBALL}\n`);
	};

	it('is refused outside a GitHub Action, and without the tag', async () => {
		expect((await release(['--upload'])).words).toContain('Only a GitHub Action');
		const noTag = await release(['--upload'], { GITHUB_ACTIONS: 'true' });
		expect([noTag.code, noTag.words]).toEqual([1, expect.stringContaining('Only the tag 1.2.3')]);
		expect(asked).toEqual([]);
	});

	it('is refused for another tarball than the one that was looked at', async () => {
		prepared();
		write(`release/${TARBALL}`, 'something else');
		const { code, words } = await release(['--upload'], TAGGED);
		expect([code, words]).toEqual([1, expect.stringContaining('is not the one that')]);
		expect(asked).toEqual([]);
	});

	it('never goes without provenance, and never shows the token', async () => {
		prepared();
		// An Action without the right to ask for GitHub's proof of who it is.
		const { code, words } = await release(['--upload'], { ...TAGGED, NPM_TOKEN: 'npm_verysecret' });
		expect(code).toBe(1);
		expect(words).toMatch(/provenance/i);
		expect(words).not.toContain('npm_verysecret');
		expect(uploads()).toEqual([]);
	});
});

describe('the notes of a version', () => {
	it('are those under its heading, also with a date behind it', () => {
		const changelog = '# Changelog\n\n## 2.0.0 (2027-01-01)\n\n### New\n\n- A\n\n## 1.0.0\n\n- B\n';
		expect(notesOf(changelog, '2.0.0')).toBe('### New\n\n- A');
		expect(notesOf(changelog, '1.0.0')).toBe('- B');
	});

	it('of a version that begins like another are not that one’s', () => {
		expect(() => notesOf('## 1.0.0-rc.1\n\n- A\n', '1.0.0')).toThrow('no heading "## 1.0.0"');
	});
});
