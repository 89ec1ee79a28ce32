/** The local fal of the soak, in a process of its own: its books must not count as the nodes' memory. */
import { startLocalFal } from '../../local-fal';
import { promptOf } from '../../local-fal/jobs';
import { LONG } from '../../long';
import { API_KEY, type BookedJob } from '../books';
import type { FromFal, ToFal } from './messages';
import { mayBeRepeated, mixMishaps } from './mishaps';

/** Of calls and of jobs. */
const SHARE = 0.05;
/** Milliseconds. Short jobs: what is tried is the traffic around them. */
const JOB_TIME = 400;
const LATENCY = 10;
const MARK_EVERY = 1_000;
/** Jobs in one message. */
const PAGE = 5_000;

const tell = (message: FromFal): void => void process.send!(message);

void (async () => {
	let ended = 0;
	const fal = await startLocalFal({
		keys: [API_KEY],
		accountConcurrency: 200,
		latency: LATENCY,
		jobTime: () => JOB_TIME,
		onJobEnd: () => {
			if (++ended % MARK_EVERY === 0) tell({ kind: 'mark', ended });
		},
	});
	const mishaps = mixMishaps(fal, SHARE, Math.random, LONG);
	tell({ kind: 'listening', baseUrl: fal.baseUrl });

	process.on('message', ({ kind }: ToFal) => {
		if (kind !== 'close_the_books') return;
		const jobs: BookedJob[] = [...fal.jobs.values()].map((job) => ({
			requestId: job.requestId,
			prompt: promptOf(job.input) ?? '',
			idGivenOut: !mishaps.keptIdBack(job.requestId),
			mayBeRepeated: mayBeRepeated(job),
		}));
		for (let from = 0; from < jobs.length; from += PAGE) {
			tell({ kind: 'jobs', jobs: jobs.slice(from, from + PAGE) });
		}
		const { calls, jobs: counts } = fal.counts();
		tell({ kind: 'sum', calls, counts, struck: mishaps.struck, peakOpen: fal.peakOpen });
	});
	process.on('disconnect', () => process.exit());
})();
