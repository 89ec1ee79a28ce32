/**
 * The files of a run, fetched as its jobs end. What is generated is paid for: nothing in here throws, fails
 * an item, or makes another generation.
 */
import pLimit from 'p-limit';
import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { backoffDelay, READ_BACKOFF } from '../../engine/backoff';
import { readDataUri, shortAddress } from '../../engine/media/dataUri';
import { nameOf, typeOf } from '../../engine/media/fileTypes';
import { findFiles, isDataUri, type OutputFile } from '../../engine/media/outputFiles';
import { harmlessly } from '../harmless';
import { n8nClock } from '../n8nClock';
import { type Fetched, type Fetching, fetchFile } from './fetchFile';
import { final, tooLarge } from './missed';
import { type FilesOfJob, withFiles } from './asItems';
import { messageOf } from '../parameterChecks';
import type { FileSettings } from './fields';

const AT_ONCE = 5;
const TRIES = 4;
/** From here on n8n should not keep them in its memory. */
const MUCH = 200_000_000;

export class Downloads {
	readonly #slots = pLimit(AT_ONCE);
	readonly #byJob = new Map<number, FilesOfJob>();
	readonly #running = new Set<Promise<void>>();
	#bytes = 0;
	#stored = 0;
	#isInMemory = false;
	#hasWarned = false;

	/** @param jobs of the whole run, of which each may bring files */
	constructor(
		private readonly settings: FileSettings,
		private readonly fetching: Omit<Fetching, 'most'>,
		private readonly jobs: number,
	) {}

	/**
	 * A job has ended well.
	 *
	 * @param job its number
	 */
	begin(job: number, output: unknown): void {
		harmlessly(() => {
			const found: FilesOfJob = { files: findFiles(output), stored: new Map(), errors: [] };
			this.#byJob.set(job, found);
			for (const [index, file] of this.#wanted(found).entries()) {
				const running = this.#slots(async () => await this.#fetch(file, index, found));
				this.#running.add(running);
				void running.finally(() => this.#running.delete(running));
			}
		});
	}

	/** Ends when all are there, or given up. Never throws. */
	async end(): Promise<void> {
		const { node } = this.fetching;
		const left = this.#running.size;
		if (left > 0) {
			harmlessly(() => node.logger.info(`${node.getNode().name}: ${left} downloads are left`));
		}
		await Promise.all(this.#running);
	}

	/**
	 * @param job its number
	 * @returns the job's item with its files, or one for each of them
	 */
	itemsOf(job: number, item: INodeExecutionData): INodeExecutionData[] {
		return withFiles(item, this.#byJob.get(job), this.settings.onePerFile);
	}

	/** What to tell the user of it; nothing when nothing was to be fetched. */
	get summary(): { readonly message: string; readonly isTrouble: boolean } | undefined {
		const missed = [...this.#byJob.values()].reduce((sum, { errors }) => sum + errors.length, 0);
		if (this.#stored + missed === 0) return undefined;
		const sentences = [
			`Files downloaded: ${this.#stored} (${Math.round(this.#bytes / 100_000) / 10} MB).`,
			missed > 0 &&
				`Not downloaded: ${missed}; their items are on Completed, with the addresses, and the reasons in download_errors.`,
			this.#isTooMuch() && IN_MEMORY,
		];
		const message = sentences.filter(Boolean).join(' ');
		return { message, isTrouble: missed > 0 || this.#isTooMuch() };
	}

	#wanted({ files }: FilesOfJob): readonly OutputFile[] {
		switch (this.settings.download) {
			case 'none':
				return [];
			case 'first':
				return files.slice(0, 1);
			case 'all':
				return files;
		}
	}

	async #fetch(file: OutputFile, index: number, found: FilesOfJob): Promise<void> {
		const fetched = await this.#tryToFetch(file, index).catch((error: unknown) =>
			final('not_stored', messageOf(error)),
		);
		if (fetched.kind === 'stored') {
			found.stored.set(index, fetched.binary);
			return this.#count(fetched.binary, fetched.size);
		}
		const { type, message, statusCode } = fetched;
		const url = shortAddress(file.url);
		const code = statusCode === undefined ? {} : { statusCode };
		found.errors.push({ index, url, type, message, ...code });
		found.errors.sort((a, b) => a.index - b.index);
	}

	async #tryToFetch(file: OutputFile, index: number): Promise<Fetched> {
		if (isDataUri(file.url)) return await this.#storeInline(file, index);
		const { stop } = this.fetching;
		const fetching = { ...this.fetching, most: this.settings.maxBytes };
		for (let tries = 1; ; tries++) {
			if (stop?.aborted) return final('stopped', 'the execution was stopped');
			const fetched = await fetchFile(file, index, fetching);
			if (fetched.kind === 'stored' || !fetched.mayPass || tries === TRIES) return fetched;
			await n8nClock.sleep(backoffDelay(tries, READ_BACKOFF, Math.random()), stop);
		}
	}

	async #storeInline(file: OutputFile, index: number): Promise<Fetched> {
		const inline = readDataUri(file.url);
		if (!inline) return final('broken_off', 'the data URI can’t be read');
		const { bytes, contentType } = inline;
		const { maxBytes } = this.settings;
		if (bytes.length > maxBytes) return tooLarge(maxBytes, bytes.length);
		const type = typeOf(file, contentType);
		const { prepareBinaryData } = this.fetching.node.helpers;
		const binary = await prepareBinaryData(bytes, nameOf(file, type, index), type);
		return { kind: 'stored', binary, size: bytes.length };
	}

	#count({ id }: IBinaryData, size: number): void {
		this.#stored++;
		this.#bytes += size;
		// n8n gives an id to what it keeps elsewhere.
		this.#isInMemory ||= id === undefined;
		if (this.#hasWarned || !this.#isTooMuch()) return;
		this.#hasWarned = true;
		harmlessly(() =>
			this.fetching.node.logger.warn(`${this.fetching.node.getNode().name}: ${IN_MEMORY}`),
		);
	}

	/** What the rest of the jobs will bring is judged by those that have ended. */
	#isTooMuch(): boolean {
		if (!this.#isInMemory) return false;
		return (this.#bytes / this.#byJob.size) * this.jobs > MUCH;
	}
}

/** The hint about files on the node's output. */
export function tellOfFiles(node: IExecuteFunctions, downloads: Downloads | undefined): void {
	const summary = downloads?.summary;
	if (!summary) return;
	const type = summary.isTrouble ? 'warning' : 'info';
	node.addExecutionHints({ message: summary.message, type, location: 'outputPane' });
}

const IN_MEMORY =
	'n8n keeps binary data in its memory here, and this run may bring more than 200 MB of it: n8n may run out of memory. Set N8N_DEFAULT_BINARY_DATA_MODE=filesystem (in queue mode: database or s3), or fetch fewer files.';
