/** One contender with its files, in a fresh process: what it takes in memory over the same process, empty. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFalClient } from '@fal-ai/client';
import type { IBinaryData, IBinaryKeyData } from 'n8n-workflow';
import PQueue from 'p-queue';
import { answerQuestions } from '../sockets/messages';

export interface FilesWork {
	readonly contender: 'Fal Batch' | 'client + p-queue';
	readonly baseUrl: string;
	readonly files: number;
	/** Bytes. */
	readonly sizeIn: number;
	readonly sizeOut: number;
	readonly concurrency: number;
}

export interface FilesMeasured {
	readonly done: number;
	/** Bytes that were written by n8n's store, or to the disk. */
	readonly bytes: number;
	/** Bytes over the empty process, at the highest. */
	readonly peak: number;
	readonly seconds: number;
}

const MODEL = 'acme/files';

answerQuestions<FilesWork, FilesMeasured>(async (work) =>
	work.contender === 'Fal Batch' ? await falBatch(work) : await client(work),
);

async function falBatch(work: FilesWork): Promise<FilesMeasured> {
	// Only here: n8n's engine alone is a hundred megabytes.
	const { runNode } = await import('../../n8n-core/runNode');
	const { folder } = await import('../../n8n-core/environment');
	const { keepBinariesInFiles, stored } = await import('../../n8n-core/binaryStore');
	await keepBinariesInFiles();
	const run = async (binary: readonly IBinaryKeyData[], sizeOut: number) =>
		await runNode({
			items: binary.map((_, i) => ({ prompt: `file ${i}` })),
			binary,
			parameters: {
				model: { __rl: true, mode: 'id', value: MODEL },
				input: `={{ { "prompt": $json.prompt, "files": [{ "size": ${sizeOut}, "content_type": "video/mp4", "file_name": $json.prompt + ".mp4" }] } }}`,
				files: { file: [{ field: 'image_url', binaryProperty: 'data' }] },
				concurrency: work.concurrency,
				downloadFiles: 'all',
			},
			credential: { apiKey: 'local:key', baseUrl: work.baseUrl },
		});
	try {
		const small = await stored(Buffer.from('small'), 'small.png', 'image/png');
		await run([{ data: small }], 10);
		const binary: IBinaryKeyData[] = [];
		for (let i = 0; i < work.files; i++) {
			const data: IBinaryData = await stored(inputBytes(i, work.sizeIn), `${i}.png`, 'image/png');
			binary.push({ data });
		}
		const { value, ...measured } = await peakOf(async () => await run(binary, work.sizeOut));
		if (value.error) throw value.error;
		const sizes = value.completed.map(({ binary: files }) => Number(files?.data?.bytes ?? 0));
		return { ...measured, done: value.completed.length, bytes: sumOf(sizes) };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** As its users write it: a Blob of the file in, the bytes of the answer out to a file. */
async function client(work: FilesWork): Promise<FilesMeasured> {
	const folder = join(tmpdir(), `fal-queue-files-${process.pid}`);
	await mkdir(folder, { recursive: true });
	const local = (url: unknown) => String(url).replace('https://', `${work.baseUrl}/`);
	const fal = createFalClient({
		credentials: 'local:key',
		fetch: (url, init) => {
			const address = String(url);
			return fetch(address.startsWith(work.baseUrl) ? address : local(address), init);
		},
	});
	const one = async (i: number, size: number) => {
		const name = join(folder, String(i));
		const blob = new Blob([await readFile(name)], { type: 'image/png' });
		const image_url = await fal.storage.upload(blob);
		const files = [{ size, content_type: 'video/mp4', file_name: `${i}.mp4` }];
		const { data } = await fal.subscribe(MODEL, { input: { prompt: `${i}`, image_url, files } });
		const [{ url }] = (data as { files: [{ url: string }] }).files;
		const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
		await writeFile(`${name}.mp4`, bytes);
		return bytes.length;
	};
	try {
		await writeFile(join(folder, '0'), 'small');
		await one(0, 10);
		for (let i = 0; i < work.files; i++) {
			await writeFile(join(folder, String(i)), inputBytes(i, work.sizeIn));
		}
		const queue = new PQueue({ concurrency: work.concurrency });
		const all = Array.from({ length: work.files }, (_, i) => i);
		const { value, ...measured } = await peakOf(
			async () =>
				await Promise.all(all.map((i) => queue.add(async () => await one(i, work.sizeOut)))),
		);
		const sizes = value.map(Number);
		return { ...measured, done: sizes.length, bytes: sumOf(sizes) };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** Each file's bytes are its own: the same ones would be uploaded once. */
function inputBytes(file: number, size: number): Buffer {
	return Buffer.alloc(size, createHash('sha256').update(String(file)).digest());
}

const LOOK_EVERY_MS = 20;

async function peakOf<Value>(run: () => Promise<Value>) {
	global.gc?.();
	await new Promise((resolve) => setTimeout(resolve, 500));
	const empty = process.memoryUsage().rss;
	let highest = empty;
	const look = () => (highest = Math.max(highest, process.memoryUsage().rss));
	const looking = setInterval(look, LOOK_EVERY_MS);
	const startedAt = Date.now();
	const value = await run();
	const seconds = (Date.now() - startedAt) / 1_000;
	clearInterval(looking);
	look();
	return { value, peak: highest - empty, seconds };
}

function sumOf(sizes: readonly number[]): number {
	return sizes.reduce((sum, size) => sum + size, 0);
}
