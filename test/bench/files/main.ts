/**
 * `npm run bench:files`: what many files in and out take in memory, over the empty process, with n8n keeping
 * binary data in files; beside it, the official client in a script. Minutes, and 7 GB of disk meanwhile.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circumstances } from '../report/circumstances';
import { Helper } from '../sockets/messages';
import type { FilesMeasured, FilesWork } from './contender';
import type { Traffic } from './falProcess';

const MEGABYTE = 1_000_000;
const WORK = { sizeIn: 5 * MEGABYTE, sizeOut: 20 * MEGABYTE, concurrency: 10 };
const PAGE = resolve('docs/bench-files.md');
const FILES = process.env.FILES?.split(',').map(Number) ?? [50, 100, 200];
const CONTENDERS = ['Fal Batch', 'client + p-queue'] as const;

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

void (async () => {
	const fal = new Helper<'reset' | 'count', Traffic>(file('./falProcess.ts'));
	const rows: string[] = [];
	for (const contender of CONTENDERS) {
		for (const files of FILES) {
			const { baseUrl } = await fal.ask('reset');
			const work: FilesWork = { ...WORK, contender, baseUrl, files };
			const process = new Helper<FilesWork, FilesMeasured>(file('./contender.ts'), ['--expose-gc']);
			const { done, bytes, peak, seconds } = await process.ask(work);
			await process.end();
			const { uploads, downloads } = await fal.ask('count');
			// The first one of each is small: it loads what the others need.
			const came = `${uploads - 1} uploads, ${downloads - 1} downloads`;
			rows.push(
				`| ${contender} | ${files} | ${done} (${came}) | ${Math.round(bytes / MEGABYTE)} MB | ${Math.round(peak / MEGABYTE)} MB | ${seconds.toFixed(0)} s |`,
			);
			console.error(rows.at(-1));
		}
	}
	await fal.end();
	if (FILES.length > 1) await writeFile(PAGE, pageOf(rows));
	else console.log(rows.join('\n'));
})();

function pageOf(lines: readonly string[]): string {
	const { date, node, processors, memory } = circumstances();
	return `# Files: memory

<!-- Written by test/bench/files/main.ts. -->

Many files in and out: each item brings a file of 5 MB, which is uploaded, and its job gives one of 20 MB, which is
downloaded; concurrency ${WORK.concurrency}, n8n's binary data in files. Memory is that of the process over the same process
after one small file, at the highest (RSS, every 20 ms). Beside it the official client in a script:
\`storage.upload\` of a Blob of the file, \`subscribe\`, \`fetch\`, and the bytes to a file, under p-queue. Each
row is a process of its own; the local fal is in another. The times are mostly those of the disk, and of what else
the machine was doing.

Written by \`npm run bench:files\` (minutes, and 7 GB of disk meanwhile) on ${date}: ${processors}, ${memory}, Node ${node}.

|  | files | done | came out | memory over the empty process, at the highest | time |
| --- | ---: | ---: | ---: | ---: | ---: |
${lines.join('\n')}
`;
}
