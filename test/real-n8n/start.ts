/**
 * `npm start`: a local fal and a real n8n with this package installed, the demo workflow run once and shown as a table,
 * then an editor to go on in, until Ctrl-C. With FAL_KEY set the jobs go to fal itself.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { color, Listr } from 'listr2';
import { startLocalFal } from '../local-fal';
import { demoResults, demoWorkflow, LOCAL_KEY, owner, runDemo, setUpDemo } from './demo';
import type { DemoResult, FalAccount } from './demo';
import { cacheFolder } from './folders';
import { ensureHost, hostIsInstalled, type Host } from './host';
import { tryLock } from './lock';
import { startN8n, type N8n } from './n8n';
import { buildPackage, installPackage } from './package';
import { brokenPictures } from './pictures';
import { onEndRequest } from './processes';
import { resultTable } from './result-table';
import { pinnedN8n } from './which-n8n';

/** n8n's own default. */
const EDITOR_PORT = 5678;
/** The local fal's pictures would be done before anybody had seen the batch at work. */
const WATCHABLE_JOB_TIME = 4;
/** fal itself may have a queue; the local one needs seconds. */
const DEMO_WITHIN_MS = 15 * 60_000;
const LOG_LINE_EVERY_MS = 5000;
/** What Fal Batch needs to cancel its open jobs once n8n has stopped it. */
const CANCEL_GRACE_MS = 1000;

/** Kept between starts, so that the second one finds its database, account and workflow. */
const userFolder = join(cacheFolder, `demo-${pinnedN8n.key}`);

const { once } = new Command()
	.name('npm start --')
	.description('Runs the Fal Batch demo in a real n8n and leaves the editor open')
	.option('--once', 'end after the table')
	.parse()
	.opts<{ once?: boolean }>();

/** How to undo what was started, in the order of starting. */
const started: Array<() => Promise<void>> = [];
let ending = false;
let demoIsDone = false;

onEndRequest((code) => void end(demoIsDone ? 0 : code));

try {
	await start();
} catch (error) {
	// Ctrl-C takes n8n away from under whatever is going on; that is no news to whoever pressed it.
	if (!ending) {
		console.error(`\n${color.red(error instanceof Error ? error.message : String(error))}`);
		await end(1);
	}
}

interface Stage {
	host: Host;
	account: FalAccount;
	n8n: N8n;
	results: DemoResult[];
	/** Why a picture does not open, by its address. */
	broken: Map<string, string>;
}

async function start() {
	const stage = await tasks().run();
	demoIsDone = true;
	console.log(`\n${resultTable(stage.results)}`);
	console.log(summary(stage));
	if (once) return await end(stage.broken.size > 0 ? 1 : 0);
	console.log(howToGoOn(stage));
	const code = await stage.n8n.ended;
	if (!ending)
		throw new Error(`n8n ended with code ${code}:\n${stage.n8n.log.slice(-20).join('\n')}`);
}

/** Ends everything that was started, last things first, and then this process. */
async function end(code: number) {
	if (ending) return;
	ending = true;
	for (const undo of started.reverse()) await undo().catch(() => {});
	// The exit kills what is left of the child processes, an npm install for one.
	process.exit(code);
}

function tasks() {
	return new Listr<Stage>(
		[
			{
				title: 'Claim the demo folder',
				task: claimUserFolder,
			},
			{
				title: hostIsInstalled() ? 'Find n8n' : 'Install n8n',
				task: async (stage, task) => {
					stage.host = await withProgress(
						(line) => (task.output = line),
						(onProgress) => ensureHost(onProgress),
					);
				},
			},
			{
				title: 'Build the package',
				task: async () => {
					await buildPackage();
				},
			},
			{
				title: 'Pack it and install it as a community package',
				task: async (_stage, task) => {
					if (!(await installPackage(userFolder))) task.title += ' (unchanged)';
				},
			},
			{
				title: process.env.FAL_KEY ? 'Use fal itself, with FAL_KEY' : 'Start the local fal',
				task: async (stage) => {
					stage.account = await falAccount();
				},
			},
			{
				title: 'Start n8n',
				task: async (stage) => {
					stage.n8n = await startN8n({ host: stage.host, userFolder, preferredPort: EDITOR_PORT });
					started.push(() => stage.n8n.stop());
				},
			},
			{
				title: 'Put owner account, credential and demo workflow in place',
				task: (stage) => setUpDemo(stage.n8n.api, stage.account),
			},
			{
				title: 'Run the demo workflow: 24 prompts, 6 at a time',
				task: async (stage, task) => {
					stage.results = await withProgress(
						(line) => (task.output = line),
						(onProgress) => watchDemo(stage.n8n, onProgress),
					);
				},
			},
			{
				title: 'Open the pictures',
				task: async (stage) => {
					stage.broken = await brokenPictures(stage.results);
				},
			},
		],
		// Our own handlers end the children in order.
		{ registerSignalListeners: false },
	);
}

/** Two n8n on one database spoil it. */
async function claimUserFolder() {
	await mkdir(userFolder, { recursive: true });
	const lock = await tryLock(`${userFolder}.lock`);
	if ('owner' in lock) {
		throw new Error(
			`Another npm start is running (process ${lock.owner}). End it first, with Ctrl-C.`,
		);
	}
	started.push(lock.release);
}

async function falAccount(): Promise<FalAccount> {
	if (process.env.FAL_KEY) return { apiKey: process.env.FAL_KEY, baseUrl: '' };
	const fal = await startLocalFal({ jobTime: WATCHABLE_JOB_TIME });
	started.push(() => fal.close());
	return { apiKey: LOCAL_KEY, baseUrl: fal.baseUrl };
}

async function watchDemo(n8n: N8n, onProgress: (words: string) => void) {
	const stopWatching = n8n.onLogLine((line) => {
		const [, words] = /Fal Batch: (.*?)(?: \[execution .*)?$/.exec(line) ?? [];
		if (words) onProgress(words);
	});
	const executionId = await runDemo(n8n.api);
	started.push(async () => {
		// Only an unfinished one can be stopped: then no job stays behind at fal, and none is paid for in vain.
		if (demoIsDone) return;
		await n8n.api.stopExecution(executionId);
		await sleep(CANCEL_GRACE_MS);
	});
	const execution = await n8n.api.executionEnd(executionId, DEMO_WITHIN_MS);
	stopWatching();
	if (execution.status !== 'success') {
		throw new Error(
			`The demo workflow ended as ${execution.status}: ${execution.data.resultData.error?.message}`,
		);
	}
	return demoResults(execution);
}

/**
 * A terminal shows the newest words in place, with a clock that proves somebody is still at work;
 * where each line stays, in a CI's log, a few are enough.
 */
async function withProgress<T>(
	show: (line: string) => void,
	work: (onProgress: (words: string) => void) => Promise<T>,
): Promise<T> {
	const startedAt = Date.now();
	let newest = '';
	const tick = () => newest && show(`${newest} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
	const timer = setInterval(tick, process.stdout.isTTY ? 1000 : LOG_LINE_EVERY_MS);
	try {
		return await work((words) => {
			newest = words;
			if (process.stdout.isTTY) tick();
		});
	} finally {
		clearInterval(timer);
	}
}

function summary({ results, broken }: Stage) {
	const completed = results.filter(({ picture }) => picture).length;
	const opened = completed - broken.size;
	const counts = `${completed} completed, ${results.length - completed} failed; ${opened} of ${completed} pictures open.`;
	const reasons = [...broken].map(([picture, reason]) => `${picture}: ${reason}`);
	return [counts, ...reasons].join('\n');
}

/** Of a key of fal's own, no more than that it is used. */
function whereJobsGo({ baseUrl, apiKey }: FalAccount): string[] {
	if (!baseUrl) return ['Jobs go to:          fal itself, and are billed'];
	return [
		'Jobs go to:          a local fal, which draws its pictures itself and costs nothing',
		'Credential:          "Fal API" is in place. One of your own works until the next start, with:',
		`  Base URL:          ${baseUrl}`,
		`  API Key:           ${apiKey}`,
	];
}

function howToGoOn({ n8n, account }: Stage) {
	return [
		'',
		`Go on in the editor: ${color.cyan(`${n8n.baseUrl}/workflow/${demoWorkflow.id}`)}`,
		`E-mail:              ${owner.email}`,
		`Password:            ${owner.password}`,
		...whereJobsGo(account),
		'',
		'Ctrl-C ends n8n and everything else that was started. Your workflows are kept for the next start.',
	].join('\n');
}
