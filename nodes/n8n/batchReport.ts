/** What a batch reports about itself: a line every few seconds while it runs, and a summary at its end. */
import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';
import type { Batch } from '../engine/batch/batch';
import type { BatchProgress } from '../engine/batch/ledger';
import type { BatchSettings } from '../engine/batch/settings';
import { MINUTE, SECOND } from '../engine/clock';
import { endSentence, type Failure } from '../engine/failure';
import { type EndedJob, isSuccess } from '../engine/job';
import { harmlessly } from './harmless';
import { commonMessage, headline, loudness, reasonOf, type Share, whatIsLost } from './headline';
import { n8nClock } from './n8nClock';
import { runIndexOf } from './runIndex';

/** Rarely enough for a log, often enough for a person who watches. */
const INTERVAL = 3 * SECOND;

/**
 * Writes where the batch stands to n8n's log and, in a manual run, to the browser's console.
 *
 * @returns a function that ends it
 */
export function reportWhileRunning(node: IExecuteFunctions, batch: Batch): () => void {
	const ended = new AbortController();
	const startedAt = n8nClock.now();
	const say = () =>
		harmlessly(() => {
			const line = `Fal Batch: ${progressLine(batch.progress, n8nClock.now() - startedAt)}`;
			node.logger.info(`${line} ${whose(node)}`);
			if (node.getMode() === 'manual') node.sendMessageToUI(line);
		});
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

/** Several executions, of several workers, may write into one log. */
function whose(node: IExecuteFunctions): string {
	return `[execution ${node.getExecutionId()}, ${node.getNode().name} #${runIndexOf(node) + 1}]`;
}

/** `11 of 24 completed, 1 failed, 6 in flight (2 in the queue), 5 retries left, about 20 s to go` */
export function progressLine(progress: BatchProgress, elapsed: number): string {
	const { total, succeeded, unsuccessful, inFlight, inQueue, retriesLeft, holdUp } = progress;
	const done = succeeded + unsuccessful;
	const queue = inQueue > 0 ? ` (${inQueue} in the queue)` : '';
	const toGo =
		done > 0 && done < total ? `, about ${duration((elapsed / done) * (total - done))} to go` : '';
	return `${succeeded} of ${total} completed, ${unsuccessful} failed, ${inFlight} in flight${queue}, ${retriesLeft} retries left${toGo}${holdUp ? `. ${holdUp}` : ''}`;
}

export interface BatchSum {
	readonly ended: readonly EndedJob[];
	/** Why items could not become a job, one for each. */
	readonly rejected: readonly Failure[];
	/** Sentences about inputs that were submitted all the same. */
	readonly inputNotes?: readonly string[];
	/**
	 * In an execution that n8n runs again: the number of items for which it is not known what was submitted
	 * then. Absent in all others.
	 */
	readonly notKept?: number;
	readonly progress: BatchProgress;
	readonly settings: BatchSettings;
	/** What it cost, as a sentence; empty where fal gave no prices. */
	readonly cost?: string;
	/** HTTP requests by kind. */
	readonly requests: Readonly<Record<string, number>>;
	/** Milliseconds. */
	readonly elapsed: number;
	/** Whether nothing is connected to the output that failures go to. */
	readonly areFailuresLost: boolean;
}

/** The hint that n8n shows on the node's output after the run. */
export function sumUp(sum: BatchSum): NodeExecutionHint {
	const { ended, progress, settings } = sum;
	const failed: Share = { output: 'Failed', reasons: whyFailed(sum), isLoose: sum.areFailuresLost };
	const succeeded = ended.filter(({ ending }) => isSuccess(ending)).length;
	const word = settings.follow ? 'completed' : 'submitted';
	const sentences = [
		headline({ count: succeeded, word }, [failed]),
		progress.stoppedFor
			? `The batch stopped submitting: ${endSentence(progress.stoppedFor.message)}`
			: commonMessage(succeeded, [failed]),
		whatIsLost([failed]),
		...(sum.inputNotes ?? []),
		`It took ${duration(sum.elapsed)}${ideal(sum)}.`,
		sum.cost,
		sum.notKept !== undefined && BEGUN_BEFORE,
		progress.foundInHistory > 0 &&
			`Found in fal’s request history, and not paid for again: ${progress.foundInHistory}.`,
		sum.notKept &&
			`Without Store Payloads fal does not tell what was submitted then: ${sum.notKept} items were not looked for.`,
		progress.historyTrouble &&
			`fal’s request history could not be read (to its end): ${endSentence(progress.historyTrouble.message)}`,
		`Retries: ${progress.retriesUsed} of ${settings.retryBudget}.`,
		progress.peakInFlight > 0 && `Peak in flight: ${progress.peakInFlight}.`,
		progress.pushbacks > 0 && `fal pushed back ${progress.pushbacks} times.`,
		countRequests(sum.requests),
	];
	const isTroubled = progress.historyTrouble || sum.inputNotes?.length;
	const loud = loudness(succeeded, failed.reasons.length);
	return {
		message: sentences.filter(Boolean).join(' '),
		type: progress.stoppedFor ? 'danger' : isTroubled && loud === 'info' ? 'warning' : loud,
		location: 'outputPane',
	};
}

/**
 * n8n outputs nothing of an execution that was stopped, by a person or by its own time-out: what was
 * generated and paid for is then only at fal, and the log is the one place to say how to get it.
 */
export function tellOfTheStop(node: IExecuteFunctions, ended: readonly EndedJob[]): void {
	const paid = ended.filter(({ ending }) => ending.outcome === 'completed').length;
	node.logger.warn(
		`Fal Batch was stopped: ${paid} of ${ended.length} items were completed and paid for. n8n outputs nothing of a stopped execution. To get them without paying again, run the same items with the option Reuse Recent Requests.`,
	);
}

const BEGUN_BEFORE =
	'n8n started this execution before, and is running it again: what was submitted then was looked for in fal’s request history.';

function whyFailed({ ended, rejected }: BatchSum) {
	const never = rejected.map(({ type, message }) => reasonOf(type, 'not_submitted', message));
	const later = ended.flatMap(({ ending }) => {
		if (isSuccess(ending)) return [];
		const { failure, outcome } = ending;
		return reasonOf(failure.type, outcome, failure.message);
	});
	return [...never, ...later];
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
