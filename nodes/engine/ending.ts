/** How a job that fal has accepted ends, from what was read of it. */
import type { Failure } from './failure';
import type { Collected } from './follow';
import type { Ending, Unsuccessful } from './job';
import type { LogLine } from './transport';

/** What was learned of the job besides its result. */
export interface Seen {
	readonly logs: LogLine[];
	/** Seconds. */
	readonly inferenceTime?: number;
}

export function endingOf(collected: Exclude<Collected, { kind: 'stopped' }>, seen: Seen): Ending {
	switch (collected.kind) {
		case 'output':
			return { outcome: 'completed', ...collected.result, ...seen };
		case 'error':
			return { outcome: 'failed', failure: collected.failure, ...seen };
		case 'unavailable':
			return { outcome: 'unknown', failure: lostResult(collected.failure), ...seen };
	}
}

/** Of a job whose status fal does not let be read. */
export function unreadableEnding(failure: Failure): Unsuccessful {
	const message = `${failure.message} The job was submitted and may be billed; its request ID is kept.`;
	return { outcome: 'unknown', failure: { ...failure, message } };
}

function lostResult(failure: Failure): Failure {
	return {
		...failure,
		message: `The job is done, but its result could not be read: ${failure.message}. It is not generated again; its request ID is kept.`,
	};
}
