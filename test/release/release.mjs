/**
 * `npm run release -- --dry-run`: everything that a release does, up to the upload, into the folder `release`.
 * `node test/release/release.mjs --upload`: publishes what is in that folder, with npm's provenance. Only in a
 * GitHub Action, for a tag; uses nothing but Node and npm, so that no other code runs where there is a right to publish.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { notesOf } from './changelog.cjs';

const FOLDER = 'release';
/** With the dot: npm takes `a/b.tgz` for a repository on GitHub. */
const inFolder = (file) => `./${FOLDER}/${file}`;
const SUMS = path.join(FOLDER, 'SHA256SUMS');
const PUBLISH = ['--provenance', '--access', 'public'];

/** Ends the release with a sentence instead of a stack. */
class NoRelease extends Error {}

try {
	const [way] = process.argv.slice(2);
	if (way === '--dry-run') dryRun();
	else if (way === '--upload') upload();
	else throw new NoRelease('Say --dry-run. The upload is done by .github/workflows/release.yml.');
} catch (error) {
	if (!(error instanceof NoRelease)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}

function dryRun() {
	const { name, version } = packageJson();
	const tag = tagOf(version);
	const notes = notesFor(version);
	say(`${name} ${version}${tag ? `, tag ${tag}` : `: to be released by the tag ${version}`}`);
	// A tag is meant: then what only the owner can fill in has to be there.
	npm(['run', '--silent', 'build']);
	npm(['run', '--silent', 'release:check', ...(tag ? ['--', '--publishing'] : [])]);

	rmSync(FOLDER, { recursive: true, force: true });
	mkdirSync(FOLDER);
	const [{ filename }] = JSON.parse(
		npm(['pack', '--ignore-scripts', '--json', '--pack-destination', FOLDER], 'pipe'),
	);
	writeFileSync(path.join(FOLDER, 'notes.md'), `${notes}\n`);
	copyFileSync('dist/sbom.cdx.json', path.join(FOLDER, 'sbom.cdx.json'));
	const files = [filename, 'sbom.cdx.json'];
	writeFileSync(SUMS, files.map((file) => `${sha256(file)}  ${file}\n`).join(''));
	say(`${FOLDER}: ${[...files, 'notes.md', 'SHA256SUMS'].join(', ')}`);

	npm(['publish', inFolder(filename), '--dry-run', '--ignore-scripts', '--no-provenance']);
	say(`Nothing was uploaded. A release goes on with: npm publish ${filename} ${PUBLISH.join(' ')}`);
}

function upload() {
	const { name, version } = packageJson();
	if (process.env.GITHUB_ACTIONS !== 'true') {
		throw new NoRelease('Only a GitHub Action can publish with provenance. Here: --dry-run.');
	}
	if (!tagOf(version)) throw new NoRelease(`Only the tag ${version} publishes this version.`);
	const tarball = tarballOf(name, version);
	say(`npm publish ${tarball} ${PUBLISH.join(' ')}`);
	withToken((login) => npm(['publish', tarball, '--ignore-scripts', ...PUBLISH, ...login]));
}

function packageJson() {
	return JSON.parse(readFileSync('package.json', 'utf8'));
}

/**
 * The tag that this run is for, if it is for one.
 * @throws when it is not that of the version
 */
function tagOf(version) {
	if (process.env.GITHUB_REF_TYPE !== 'tag') return undefined;
	const tag = process.env.GITHUB_REF_NAME;
	if (tag === version) return tag;
	throw new NoRelease(`The tag is ${tag}, and the version in package.json ${version}.`);
}

function notesFor(version) {
	const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
	if (lock.version !== version || lock.packages[''].version !== version) {
		throw new NoRelease(`package-lock.json has the version ${lock.version}, not ${version}.`);
	}
	try {
		return notesOf(readFileSync('CHANGELOG.md', 'utf8'), version);
	} catch (error) {
		throw new NoRelease(error.message, { cause: error });
	}
}

/** What is published is what was looked at: between the two, it went through the store of GitHub's artifacts. */
function tarballOf(name, version) {
	const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
	const sums = readFileSync(SUMS, 'utf8');
	if (!sums.includes(`${sha256(file)}  ${file}\n`)) {
		throw new NoRelease(`${file} is not the one that ${SUMS} names.`);
	}
	return inFolder(file);
}

function sha256(file) {
	return createHash('sha256')
		.update(readFileSync(path.join(FOLDER, file)))
		.digest('hex');
}

/** With NPM_TOKEN by that, without it by npm's trusted publishing. The token is in no argument: those can be seen. */
function withToken(publish) {
	if (!process.env.NPM_TOKEN) return publish([]);
	const registry = npm(['config', 'get', 'registry'], 'pipe').trim();
	const folder = mkdtempSync(path.join(tmpdir(), 'release-'));
	try {
		const file = path.join(folder, 'npmrc');
		writeFileSync(file, `${registry.replace(/^https?:/, '')}:_authToken=\${NPM_TOKEN}\n`, { mode: 0o600 });
		publish(['--userconfig', file]);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function npm(args, stdout = 'inherit') {
	const { status, stdout: output } = spawnSync('npm', args, {
		encoding: 'utf8',
		stdio: ['ignore', stdout, 'inherit'],
		shell: process.platform === 'win32',
	});
	if (status !== 0) throw new NoRelease(`npm ${args.slice(0, 3).join(' ')} failed.`);
	return output;
}

function say(line) {
	console.log(`release: ${line}`);
}
