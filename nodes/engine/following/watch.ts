/** What looking at a job needs: fal, time, and what is known of jobs like it. */
import type { Clock } from '../clock';
import type { Transport } from '../transport';
import type { UnreadResults } from './unreadResults';
import type { PollSchedule } from './pollSchedule';
import type { Streams } from './streams';

export interface Watch {
	readonly transport: Transport;
	readonly clock: Clock;
	readonly random: () => number;
	/** Aborted when the execution is stopped. */
	readonly signal: AbortSignal;
	readonly schedule: PollSchedule;
	readonly includeLogs: boolean;
	/** Absent where jobs are only looked at. */
	readonly streams?: Streams | undefined;
	/** Told of each result, whether it could be read or not. */
	readonly unread?: UnreadResults;
}
