/** How a job that fal has accepted ends, given what was read of it. */
import type { Collected } from './collect';
import { endSentence, type Failure } from '../failure';
import type { Ending, Unsuccessful } from '../job';
import type { LogLine } from '../transport';

/** What was learned of the job besides its result. */
export interface Seen {
	readonly logs: LogLine[];
	/** Seconds. */
	readonly inferenceTime?: number;
}

export function endingOf(collected: Collected, seen: Seen): Ending {
	switch (collected.kind) {
		case 'output':
			return { outcome: 'completed', ...collected.result, ...seen };
		case 'error':
			return { outcome: 'failed', failure: collected.failure, ...seen };
		case 'unavailable':
			return { outcome: 'unknown', failure: lostResult(collected.failure), ...seen };
		case 'stopped':
			return { outcome: 'unknown', failure: lostResult(STOPPED), ...seen };
	}
}

const STOPPED: Failure = {
	type: 'execution_stopped',
	message: 'the execution was stopped',
	retryable: false,
};

/** For a job whose status fal does not allow to be read. */
export function unreadableEnding(failure: Failure): Unsuccessful {
	const message = `${endSentence(failure.message)} The job was submitted and may be billed; its request ID is kept.`;
	return { outcome: 'unknown', failure: { ...failure, message } };
}

function lostResult(failure: Failure): Failure {
	return {
		...failure,
		message: `The job is done, but its result could not be read: ${endSentence(failure.message)} It is not generated again; its request ID is kept.`,
	};
}
