/** The uploads of a batch: each content once, five at a time, tried again a few times. */
import pLimit from 'p-limit';
import { SECOND } from '../../engine/clock';
import { endSentence, type Failure } from '../../engine/failure';
import { byContent, contentName } from '../../engine/media/contentName';
import { endingOf } from '../../engine/media/fileTypes';
import { filesIn, type InputFile, withAddresses } from '../../engine/media/inputFiles';
import type { Uploaded, Uploads } from '../../engine/media/uploading';
import type { Submission } from '../../engine/transport';
import type { FalStorage, Stored } from '../../fal/storage';
import { n8nClock } from '../n8nClock';
import type { BinarySource } from './binarySource';
import { pauseBeforeUpload } from './sendBytes';
import { SourceFile } from './sourceFile';

const AT_ONCE = 5;
const TRIES = 4;

interface Known {
	readonly stored: Promise<Stored>;
	/** Milliseconds since the epoch, from which on it is uploaded anew. */
	until: number;
}

export class FileUploads implements Uploads {
	readonly #slots = pLimit(AT_ONCE);
	readonly #known = new Map<string, Known>();

	constructor(
		private readonly storage: FalStorage,
		private readonly stop: AbortSignal | undefined,
	) {}

	async upload(submission: Submission): Promise<Uploaded> {
		const files = filesIn(submission.input);
		if (files.length === 0) return { kind: 'ready', submission };
		const { mediaExpiration } = submission.conditions;
		const addresses = new Map<InputFile, string>();
		// One after the other: when the first can't be had, the others are not paid for in time and traffic.
		for (const file of files) {
			const stored = await this.#addressOf(file, mediaExpiration);
			if (stored.kind !== 'stored') return failed(file, stored);
			addresses.set(file, stored.url);
		}
		const input = withAddresses(submission.input, (file) => addresses.get(file) ?? '');
		return { kind: 'ready', submission: { ...submission, input: input as Submission['input'] } };
	}

	async #addressOf(file: InputFile, expiresIn: number | undefined): Promise<Stored> {
		const key = `${file.content?.sha256} ${file.contentType} ${expiresIn ?? ''}`;
		const known = this.#known.get(key);
		if (known && n8nClock.now() < known.until) return await known.stored;
		const begun: Known = {
			stored: this.#slots(async () => await this.#tryToUpload(file, expiresIn)),
			until: Number.POSITIVE_INFINITY,
		};
		this.#known.set(key, begun);
		const stored = await begun.stored;
		// What failed is tried anew for the next job; an address is used as long as it surely lives.
		if (stored.kind !== 'stored') this.#known.delete(key);
		else if (expiresIn !== undefined) begun.until = n8nClock.now() + (expiresIn * SECOND) / 2;
		return stored;
	}

	async #tryToUpload(file: InputFile, expiresIn: number | undefined): Promise<Stored> {
		const { content, contentType } = file;
		if (!content) return { kind: 'broken', reason: 'it was not read' };
		const name = contentName(content.sha256, endingOf(contentType) ?? endingIn(file.name));
		for (let tries = 1; ; tries++) {
			if (this.stop?.aborted) return { kind: 'broken', reason: 'the execution was stopped' };
			const source = new SourceFile(name, contentType, content.size, file.source as BinarySource);
			const stored = await this.storage.upload(source, expiresIn);
			source.close();
			const mayPass = stored.kind === 'broken' || (stored.kind === 'rejected' && stored.mayPass);
			if (!mayPass || tries === TRIES) return stored;
			await pauseBeforeUpload(tries, this.stop);
		}
	}
}

/** What a storage host says is about the file, and not about the model, or the account. */
export const UPLOAD_FAILED = 'upload_failed';

function endingIn(name: string): string {
	return /\.([A-Za-z0-9]{1,12})$/.exec(name)?.[1] ?? 'bin';
}

function failed(file: InputFile, stored: Exclude<Stored, { kind: 'stored' }>): Uploaded {
	if (stored.kind === 'unsent') return stored;
	const said = stored.kind === 'rejected' ? stored.failure : undefined;
	const reason = said?.message ?? (stored.kind === 'broken' ? stored.reason : '');
	const size = Math.round((file.content?.size ?? 0) / 10_000) / 100;
	const failure: Failure = {
		...said,
		type: UPLOAD_FAILED,
		message: `The file "${file.name}" (${size} MB) could not be uploaded to fal: ${endSentence(reason)} Nothing was submitted or billed.`,
		retryable: true,
	};
	const isRefused = said?.statusCode === 401 || said?.statusCode === 403;
	return isRefused && stored.kind === 'rejected' && !stored.mayPass
		? { kind: 'refused', failure: said }
		: { kind: 'failed', failure };
}

/** Whether the address of an upload shows what was uploaded, by the name. */
export async function showsContent(storage: FalStorage): Promise<boolean | undefined> {
	const address = await storage.addressFor(contentName('0'.repeat(64), 'bin'));
	return address === undefined ? undefined : byContent(address) !== address;
}

/** Reads what the files of a batch hold, each once. @returns why one could not be read */
export async function readContents(
	files: readonly InputFile[],
): Promise<ReadonlyMap<InputFile, string>> {
	const slots = pLimit(AT_ONCE);
	const known = new Map<string, ReturnType<BinarySource['read']>>();
	const unread = new Map<InputFile, string>();
	await Promise.all(
		files.map(async (file) => {
			const source = file.source as BinarySource;
			const { id } = source;
			const reading = (id !== undefined && known.get(id)) || slots(async () => await source.read());
			if (id !== undefined) known.set(id, reading);
			try {
				file.content = await reading;
			} catch (error) {
				unread.set(file, error instanceof Error ? error.message : String(error));
			}
		}),
	);
	return unread;
}
