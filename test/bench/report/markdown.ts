/** `docs/bench.md`, written anew by each complete run. */
import { PEERS } from '../contenders';
import type { JudgedGoal } from '../goals';
import { compareLooks } from '../optimum';
import { GROWTH } from '../scenarios';
import type { Row } from '../rows';
import type { Occasions } from './circumstances';
import type { ReportTable } from './table';
import {
	goalsTable,
	looksTable,
	requestsTable,
	socketsTable,
	streamTable,
	timeTable,
	troubleTable,
} from './tables';

export function toMarkdown(
	{ virtual: now, sockets }: Occasions,
	rows: readonly Row[],
	goals: readonly JudgedGoal[],
): string {
	const virtual = rows.filter(({ clock }) => clock === 'virtual');
	const real = rows.filter(({ clock }) => clock === 'real');
	const isGrowth = ({ scenario }: Row) => GROWTH.some(({ name }) => name === scenario.name);
	const fewItems = PEERS.find(({ itemsOnSockets }) => itemsOnSockets)?.itemsOnSockets;
	return `# Benchmark

Fal Batch beside what people run today: the same jobs, the same local fal, the same run. No account, no network. Written by \`npm run bench\` (about ten minutes), the virtual clock on ${now.date}, real sockets on ${sockets.date}: ${sockets.processors}, ${sockets.memory}, Node ${sockets.node}. \`npm run bench -- --virtual\` writes the former anew, in a minute. All figures are in [bench.json](bench.json).

![Wall time and requests, side by side](bench.svg)

## How to read it

- **Ideal**: the same jobs in the same order, each started the moment a place is free (the smaller of concurrency and limit), without latency. 1.00 can't be had over a network.
- **Virtual clock**: our engine and the peers' own published code (the official client, p-queue, p-limit) on a clock that jumps, against a simulated fal. The figures are the same on every machine. **Real**: the built node in n8n's engine, and the peers, over sockets, each in a process of its own, against a local fal in another.
- 100 jobs of 2 s, 100 ms of latency, account limit 10 and concurrency 10, unless a row says otherwise.
- **client + p-queue**, **client + p-limit**: \`fal.subscribe\` of the official client under a cap, as tutorials teach it. **one by one**: the dedicated n8n nodes; submit, then a poll each 5 s. **all at once, one wait**: HTTP Request, Wait, HTTP Request; the wait is twice the time of a job, and 5 s at least. **all at once, look each 3 s**: the loop of the published templates. One item's failure ends none of them, and a stop of the execution ends them at once: the kindest reading.
- The dedicated nodes take 25 times the ideal: over real sockets they run ${fewItems} items, and their time and requests are scaled up.

Three things are measured by themselves: what hundreds of files in and out take in memory ([bench-files.md](bench-files.md), \`npm run bench:files\`), ten thousand items and more up to their first submit ([bench-items.md](bench-items.md), \`npm run bench -- --items\`), and what a batch costs a real n8n and everybody else who works with it ([bench-n8n.md](bench-n8n.md), \`npm run bench:n8n\`).

## Goals

${markdownTable(goalsTable(goals))}
${missed(goals)}
## The grid, on the virtual clock

${[timeTable, requestsTable, troubleTable].map((table) => section(table(virtual))).join('\n')}
${OPTIMUM}

${markdownTable(looksTable(compareLooks()))}
## Over real sockets, through n8n's engine

${markdownTable(socketsTable(real.filter((row) => !isGrowth(row))))}

## From 100 items to 10,000

![Requests, CPU and memory per job](bench-growth.svg)

What the first jobs teach, and what a run costs once, is shared by more.

${markdownTable(socketsTable(real.filter(isGrowth)))}

${CHANGED}

${STREAM}

${markdownTable(streamTable(virtual))}`;
}

const OPTIMUM = `## Polling, and the optimum

A look at a job is free, and its place at fal stands empty from its end until a look finds it done. Which looks cost least in all is known as the problem of optimal inspection: close together where many jobs end, far apart where few do. Fal Batch solves it for the work times that it has seen, with 30 ms as the price of a look (or a fiftieth of a usual job, where that is less).

How far that is from the optimum: log-normal jobs (median 4 s, the distribution of the grid's row), looked at by themselves, two looks 0.6 s apart at the least. Whoever knows the distribution itself can't do better than the last rows: for each look less a job is seen later. So for jobs whose time nobody can foretell, as fast as the client and two thirds of its requests are not to be had both; here it is the time that counts. Where jobs take much the same, one look is enough, and there is nothing to win.`;

/** Seen on one machine on one day: 2026-11-25, 2 × AMD EPYC. */
const CHANGED = `## What changed since 0.1.0, and why

The first version held a look to be dear, and was late for it: a place at fal stood empty longer than the look was worth. And each request cost n8n more than it had to.

- **Looks** are planned as the best ones for the work times that were seen ([how far from the optimum](#polling-and-the-optimum)), and a start in fal's queue is foretold by the ends of our own jobs before it. More looks, less waiting.
- **The credential** adds the key by a function; before, n8n evaluated an expression for each request. It is read and decrypted once in ten seconds, not for each request.
- **Parameters** that hold no expression are read once for all items, and reading thousands of them leaves n8n time in between.

The nodes of 0.1.0 and today's, on one machine on 2026-11-25 (2 × AMD EPYC), by \`npm run bench -- --only growth-10000\` and \`npm run bench:n8n\`:

| | 0.1.0 | now | client + p-queue |
| --- | ---: | ---: | ---: |
| 10,000 jobs of about 2 s, concurrency 200, in n8n's engine: wall time over the ideal | 1.27 | 1.22 | 1.25 |
| CPU per job | 7.0 ms | 5.6 ms | 4.9 to 5.2 ms |
| loop delay p99 | 36 ms | 15 ms | 9 ms |
| 2,000 jobs of about 2 s, concurrency 200, in a real n8n: CPU per job | 10.7 ms | 4.7 ms | – |
| answers of n8n's REST API meanwhile: median, 90 % | 33, 120 ms | 15, 29 ms | – |
| 99 %, longest | 1,059, 2,199 ms | 100, 247 ms | – |

Still missed are the goals above that say no: 1.05 of the ideal under a strict cap, and less CPU than the bare client, of which a request through n8n takes two to three times as much.`;

const STREAM = `## Polling, or fal's status stream

fal can tell how a job goes over a held connection (\`/status/stream\`), and with *Follow Jobs By: Status Stream* Fal Batch lets it: at most 20 connections at once, polling for the rest, and for every job whose stream does not do its work. A stream is one request in the place of all looks, and its word comes the moment the job is done. It gains most where nobody can know how long a job takes, and little where jobs take much the same. Polling stays the default: a stream is held for as long as its job takes, through n8n's HTTP helper and whatever proxies stand between, each with a time-out of its own; and fal's own client polls, “until status streaming is stable and faster”, as its source says. The figures are those of streams that work; what is done about those that don't is in [reliability.md](reliability.md#how-long-we-are-patient).`;

function missed(goals: readonly JudgedGoal[]): string {
	const reasons = new Map<string, string[]>();
	for (const { what, clock, reason = 'Not known.', reached } of goals) {
		if (!reached) reasons.set(reason, [...(reasons.get(reason) ?? []), `${what} (${clock})`]);
	}
	const lines = [...reasons].map(([reason, those]) => `- **${those.join('; ')}.** ${reason}`);
	return lines.length > 0 ? `\nMissed, and why:\n\n${lines.join('\n')}\n` : '';
}

function section(table: ReportTable): string {
	return `### ${table.title}\n\n${markdownTable(table)}`;
}

export function markdownTable({ head, rows, note }: ReportTable): string {
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
	const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
	const table = [line(head), line(rule), ...rows.map(line)].join('\n');
	return `${table}\n${note ? `\n${note}\n` : ''}`;
}
