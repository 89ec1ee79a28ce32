/** The files of a run: uploads of what goes in, downloads of what comes out. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { SendHttp } from '../fal/http';
import { FalStorage } from '../fal/storage';
import { Downloads } from '../n8n/media/downloads';
import { readFileSettings } from '../n8n/media/fields';
import { FileUploads } from '../n8n/media/fileUploads';
import { bytesThroughN8n, pauseBeforeUpload } from '../n8n/media/sendBytes';
import { canBeFoundAgain, countWithFiles, hasFiles } from './inputFiles';
import type { Plan } from './parameters';

export interface RunFiles {
	/** Absent where files are left where they are. */
	readonly downloads: Downloads | undefined;
	/** Absent where no item has files. */
	readonly uploads: FileUploads | undefined;
	/** Items whose earlier requests can't be told apart, on account of their files. */
	readonly notLookedFor: number;
	/** Requests by kind. */
	readonly sent: Readonly<Record<string, number>>;
}

export interface Surroundings {
	readonly baseUrl: string;
	readonly send: SendHttp;
	readonly signal: AbortSignal | undefined;
	/** Whether earlier requests are looked for, which is by their inputs. */
	readonly looksBack: boolean;
}

/** @throws NodeOperationError if requests with files were to be found again, and can't be */
export async function prepareFiles(
	node: IExecuteFunctions,
	plan: Plan,
	{ baseUrl, send, signal, looksBack }: Surroundings,
): Promise<RunFiles> {
	const settings = plan.settings.follow ? readFileSettings(node) : undefined;
	const fetching = { node, baseUrl, stop: signal };
	const pause = async (failures: number) => await pauseBeforeUpload(failures, signal);
	const storage = new FalStorage(send, bytesThroughN8n(node, baseUrl, signal), pause);
	const isBlind = hasFiles(plan) && looksBack && !(await canBeFoundAgain(node, plan, storage));
	return {
		downloads: settings && new Downloads(settings, fetching, plan.jobs.length),
		uploads: hasFiles(plan) ? new FileUploads(storage, signal) : undefined,
		notLookedFor: isBlind ? countWithFiles(plan) : 0,
		sent: storage.sent,
	};
}
