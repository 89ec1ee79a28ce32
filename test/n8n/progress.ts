/** Where a batch stands that nothing has happened in. */
import type { BatchProgress } from '../../nodes/engine/batch/ledger';

export const progress: BatchProgress = {
	total: 0,
	succeeded: 0,
	unsuccessful: 0,
	inFlight: 0,
	inQueue: 0,
	peakInFlight: 0,
	retriesLeft: 0,
	retriesUsed: 0,
	pushbacks: 0,
	happenings: [],
	foundInHistory: 0,
};
