/** What a batch says of itself: a line every few seconds while it runs, and one sum at its end. */
import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';
import type { Batch, BatchProgress, BatchSettings } from '../engine/batch';
import { MINUTE, SECOND } from '../engine/clock';
import { endSentence } from '../engine/failure';
import type { EndedJob } from '../engine/job';
import { isSuccess } from './items';
import { n8nClock } from './n8nClock';

/** Seldom enough for a log, often enough for a person who watches. */
const INTERVAL = 3 * SECOND;

/**
 * Writes where the batch stands to n8n's log and, in a manual run, to the browser's console.
 *
 * @returns a function that ends it
 */
export function reportWhileRunning(node: IExecuteFunctions, batch: Batch): () => void {
	const ended = new AbortController();
	const startedAt = n8nClock.now();
	const say = () => {
		const line = `Fal Batch: ${progressLine(batch.progress, n8nClock.now() - startedAt)}`;
		node.logger.info(line);
		if (node.getMode() === 'manual') node.sendMessageToUI(line);
	};
	void (async () => {
		for (;;) {
			await n8nClock.sleep(INTERVAL, ended.signal);
			if (ended.signal.aborted) return;
			say();
		}
	})();
	return () => {
		ended.abort();
		say();
	};
}

/** `12 of 24 done, 1 failed, 6 in flight (2 in the queue), 5 retries left, about 20 s to go` */
export function progressLine(progress: BatchProgress, elapsed: number): string {
	const { total, succeeded, unsuccessful, inFlight, inQueue, retriesLeft } = progress;
	const done = succeeded + unsuccessful;
	const queue = inQueue > 0 ? ` (${inQueue} in the queue)` : '';
	const toGo =
		done > 0 && done < total ? `, about ${duration((elapsed / done) * (total - done))} to go` : '';
	return `${done} of ${total} done, ${unsuccessful} failed, ${inFlight} in flight${queue}, ${retriesLeft} retries left${toGo}`;
}

export interface BatchSum {
	readonly ended: readonly EndedJob[];
	/** Items that could not become a job. */
	readonly rejected: number;
	readonly progress: BatchProgress;
	readonly settings: BatchSettings;
	/** HTTP requests by kind. */
	readonly requests: Readonly<Record<string, number>>;
	/** Milliseconds. */
	readonly elapsed: number;
}

/** The hint that n8n shows on the node's output after the run. */
export function sumUp(sum: BatchSum): NodeExecutionHint {
	const { ended, rejected, progress, settings } = sum;
	const failures = countFailures(ended, rejected);
	const succeeded = ended.filter(({ ending }) => isSuccess(ending)).length;
	const sentences = [
		`${succeeded} of ${ended.length + rejected} items done in ${duration(sum.elapsed)}${ideal(sum)}.`,
		failures && `Failed: ${failures}.`,
		progress.stoppedFor && `The batch stopped submitting: ${progress.stoppedFor.message}`,
		progress.foundInHistory > 0 &&
			`Found in fal’s request history, and not paid for again: ${progress.foundInHistory}.`,
		progress.historyTrouble &&
			`fal’s request history could not be read (to its end): ${endSentence(progress.historyTrouble.message)}`,
		`Retries: ${progress.retriesUsed} of ${settings.retryBudget}.`,
		progress.peakInFlight > 0 && `Peak in flight: ${progress.peakInFlight}.`,
		progress.pushbacks > 0 && `fal pushed back ${progress.pushbacks} times.`,
		countRequests(sum.requests),
	];
	return {
		message: sentences.filter(Boolean).join(' '),
		type: progress.stoppedFor ? 'danger' : failures || progress.historyTrouble ? 'warning' : 'info',
		location: 'outputPane',
	};
}

function countFailures(ended: readonly EndedJob[], rejected: number): string {
	const counts = new Map<string, number>();
	const count = (type: string, by = 1) => counts.set(type, (counts.get(type) ?? 0) + by);
	if (rejected > 0) count('invalid parameters', rejected);
	for (const { ending } of ended) {
		if (!isSuccess(ending)) count(`${ending.failure.type} (${ending.outcome})`);
	}
	return [...counts].map(([type, times]) => `${times} × ${type}`).join(', ');
}

/** The least time that the work as such takes at this concurrency, from fal's own figures. */
function ideal({ ended, settings }: BatchSum): string {
	const times = ended.flatMap(({ ending }) =>
		'inferenceTime' in ending && ending.inferenceTime !== undefined ? ending.inferenceTime : [],
	);
	if (times.length === 0) return '';
	const work = times.reduce((total, time) => total + time, 0);
	const longest = times.reduce((most, time) => Math.max(most, time), 0);
	return ` (the work alone: ${duration(Math.max(work / settings.concurrency, longest) * SECOND)})`;
}

function countRequests(requests: Readonly<Record<string, number>>): string {
	const kinds = Object.entries(requests).filter(([, times]) => times > 0);
	const total = kinds.reduce((sum, [, times]) => sum + times, 0);
	if (total === 0) return '';
	return `Requests: ${total} (${kinds.map(([kind, times]) => `${times} ${kind}`).join(', ')}).`;
}

function duration(ms: number): string {
	if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
	if (ms < 2 * MINUTE) return `${Math.round(ms / SECOND)} s`;
	return `${Math.round(ms / MINUTE)} min`;
}
