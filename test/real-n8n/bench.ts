/**
 * `npm run bench:n8n`: a batch of 2,000 in a real n8n, where each request with a credential costs more than in
 * n8n's engine alone, and how quickly n8n's own REST API answers meanwhile.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { INode } from 'n8n-workflow';
import { demoWorkflow, LOCAL_KEY, saveFalCredential, withCredential } from './demo';
import type { N8nApi, Workflow } from './n8n-api';
import { onEndRequest } from './processes';
import { openStage } from './stage';
import { circumstances } from '../bench/report/circumstances';
import { markdownTable } from '../bench/report/markdown';
import { drawTable } from '../bench/report/screen';
import type { ReportTable } from '../bench/report/table';
import type { FalAnswer, FalQuestion } from '../bench/sockets/falProcess';
import { Helper } from '../bench/sockets/messages';

const ITEMS = Number(process.env.ITEMS ?? 2_000);
const CONCURRENCIES = [20, 200];
const PAGE = resolve('docs/bench-n8n.md');
/** Milliseconds from one answer of n8n's to the next question. */
const ASK_EVERY = 50;
const IDLE_FOR = 15_000;
const MOST_TIME = 15 * 60_000;

onEndRequest((code) => process.exit(code));

const fal = new Helper<FalQuestion, FalAnswer>(
	fileURLToPath(new URL('../bench/sockets/falProcess.ts', import.meta.url)),
);

interface Row {
	readonly what: string;
	readonly requestsPerSecond?: number;
	/** Milliseconds for each job, without what the answers to our questions cost. */
	readonly cpuPerJob?: number;
	/** Share of one core. */
	readonly cpu: number;
	readonly answers: readonly number[];
}

async function bench(): Promise<void> {
	const stage = await openStage();
	try {
		const { api, pid } = stage.n8n;
		const { baseUrl } = await prepare();
		const credential = await saveFalCredential(api, { apiKey: LOCAL_KEY, baseUrl });
		// What a process spends on its first requests is not what a job costs.
		await runBatch(api, pid, credential, { items: 100, concurrency: 20 });
		const rows: Row[] = [];
		for (const concurrency of CONCURRENCIES) {
			rows.push(await runBatch(api, pid, credential, { items: ITEMS, concurrency }));
		}
		// Last: in its first minutes n8n has work of its own to do.
		const idle = await watch(api, pid, async () => await sleep(IDLE_FOR));
		rows.push({ what: 'n8n idle, afterwards', ...idle });
		const result = tableOf(rows, idle.cpu);
		process.stdout.write(drawTable(result));
		if (ITEMS === 2_000) await writeFile(PAGE, pageOf(result));
	} finally {
		await stage.close();
		await fal.end();
	}
}

async function prepare(items = ITEMS): Promise<FalAnswer> {
	return await fal.ask({
		kind: 'prepare',
		scenario: {
			name: 'n8n',
			title: 'n8n',
			items,
			concurrency: 1,
			times: { kind: 'long tail', median: 2, spread: 0.2 },
			latency: 100,
			accountLimit: Infinity,
		},
	});
}

async function runBatch(
	api: N8nApi,
	pid: number,
	credential: string,
	{ items, concurrency }: { readonly items: number; readonly concurrency: number },
): Promise<Row> {
	await prepare(items);
	const workflow = withCredential(workflowOf(items, concurrency), credential);
	await api.saveWorkflow(workflow);
	let took = 0;
	const watched = await watch(api, pid, async () => {
		const began = performance.now();
		const id = await api.runWorkflow(workflow.id, TRIGGER.name);
		await untilEnded(api, workflow.id, id);
		took = performance.now() - began;
	});
	const { submit, status, result } = (await fal.ask({ kind: 'count' })).requests;
	if (result !== items) throw new Error(`${result} of ${items} results were read`);
	return {
		what: `${items.toLocaleString('en')} jobs of about 2 s, concurrency ${concurrency}`,
		...watched,
		requestsPerSecond: (submit + status + result) / (took / 1_000),
		cpuPerJob: (watched.cpu * took) / items,
	};
}

/** Without its data: to read that of thousands of items would be work for n8n, too. */
async function untilEnded(api: N8nApi, workflowId: string, id: string): Promise<void> {
	for (const deadline = Date.now() + MOST_TIME; Date.now() < deadline; await sleep(1_000)) {
		const execution = (await api.executions(workflowId)).find((each) => each.id === id);
		if (execution?.status === 'success') return;
		if (execution && !['new', 'running'].includes(execution.status)) {
			throw new Error(`The batch ended: ${execution.status}`);
		}
	}
	throw new Error('The batch did not end in time');
}

/** Asks n8n for a small workflow, as the editor does, over and over while something goes on. */
async function watch(
	api: N8nApi,
	pid: number,
	work: () => Promise<void>,
): Promise<{ readonly cpu: number; readonly answers: readonly number[] }> {
	const answers: number[] = [];
	let isOver = false;
	const cpuBefore = await cpuOf(pid);
	const began = performance.now();
	const asking = (async () => {
		for (; !isOver; await sleep(ASK_EVERY)) {
			const askedAt = performance.now();
			await api.workflow(demoWorkflow.id);
			answers.push(performance.now() - askedAt);
		}
	})();
	try {
		await work();
	} finally {
		isOver = true;
		await asking;
	}
	return { cpu: ((await cpuOf(pid)) - cpuBefore) / (performance.now() - began), answers };
}

/** Milliseconds of CPU that the process has had, in all its threads. */
async function cpuOf(pid: number): Promise<number> {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	// proc(5): utime and stime, behind the name, which may have spaces in it; in hundredths of a second.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10;
}

const TRIGGER = node('Start', 'n8n-nodes-base.manualTrigger', 1, {});

function workflowOf(items: number, concurrency: number): Workflow {
	const prompts = Array.from({ length: items }, (_, item) => `picture ${item}`);
	const nodes = [
		TRIGGER,
		node('Prompts', 'n8n-nodes-base.set', 3.4, {
			mode: 'raw',
			jsonOutput: JSON.stringify({ prompt: prompts }),
			options: {},
		}),
		node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'prompt', options: {} }),
		node('Fal Batch', 'n8n-nodes-fal-queue.falBatch', 1, {
			operation: 'run',
			model: { __rl: true, mode: 'id', value: 'fal-ai/flux/schnell' },
			input: '={{ { "prompt": $json.prompt } }}',
			concurrency,
			options: {},
		}),
	];
	const to = (next: INode) => ({ main: [[{ node: next.name, type: 'main' as const, index: 0 }]] });
	return {
		id: 'falBatchBench001',
		name: 'Bench',
		nodes,
		connections: Object.fromEntries(
			nodes.slice(1).map((next, index) => [nodes[index]!.name, to(next)]),
		),
		settings: {},
	};
}

function node(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INode['parameters'],
): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters };
}

function tableOf(rows: readonly Row[], idle: number): ReportTable {
	return {
		title: 'In a real n8n',
		head: [
			'',
			'requests a second',
			'CPU per job',
			'CPU',
			'answers: median',
			'90 %',
			'99 %',
			'longest',
		],
		rows: rows.map(({ what, requestsPerSecond, cpuPerJob, cpu, answers }) => [
			what,
			requestsPerSecond === undefined ? '–' : String(Math.round(requestsPerSecond)),
			cpuPerJob === undefined ? '–' : `${(cpuPerJob * (1 - idle / cpu)).toFixed(1)} ms`,
			`${Math.round(100 * cpu)} %`,
			...[0.5, 0.9, 0.99, 1].map((share) => `${Math.round(percentile(answers, share))} ms`),
		]),
	};
}

function percentile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function pageOf(result: ReportTable): string {
	const { date, node, processors, memory } = circumstances();
	return `# In a real n8n

<!-- Written by test/real-n8n/bench.ts. -->

n8n 2.41.1 as npm gives it out, with SQLite, and the packed node installed in it. One workflow runs a batch; meanwhile the bench asks n8n's REST API for another workflow, as its editor does, ${ASK_EVERY} ms after each answer. The CPU is that of n8n's process as a share of one core; per job, what n8n takes when idle (our questions included) is taken off. The local fal is a process of its own on the same machine.

Written by \`npm run bench:n8n\` (six minutes) on ${date}: ${processors}, ${memory}, Node ${node} (n8n: Node 24).

${markdownTable(result)}`;
}

await bench();
