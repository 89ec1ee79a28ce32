/** Check, Wait and Cancel: all requests at once, within the concurrency of the calls. */
import { MINUTE } from '../engine/clock';
import { readFailure } from '../engine/failure';
import { askToCancel } from '../engine/following/cancel';
import type { Watch } from '../engine/following/follow';
import { type Found, lookOnce, lookUntilDone } from '../engine/following/lookup';
import { type PollBounds, PollSchedules } from '../engine/following/pollSchedule';
import type { CancelVerdict, Reply } from '../engine/transport';
import { checkKey } from './refusedKey';
import type { Requests } from './requests';
import { refusalOf } from './sorting';

/** Told of each request that is done, as soon as it is: its place among the requests, and its output. */
type Hearer = (index: number, output: unknown) => void;

function tell(index: number, found: Found, hear: Hearer): Found {
	if (found.kind === 'ended' && found.ending.outcome === 'completed') {
		hear(index, found.ending.output);
	}
	return found;
}

/** @throws RefusedKey */
export async function lookAtEach(
	{ requests }: Requests,
	watch: Watch,
	hear: Hearer = () => {},
): Promise<Found[]> {
	const found = await Promise.all(
		requests.map(async ({ handle }, index) => tell(index, await lookOnce(handle, watch), hear)),
	);
	checkKey(found.map(refusalOf));
	return found;
}

/**
 * @param maxWait minutes for all requests together
 * @throws RefusedKey
 */
export async function waitForEach(
	{ requests }: Requests,
	maxWait: number,
	pollBounds: PollBounds,
	watch: Watch,
	hear: Hearer = () => {},
): Promise<Found[]> {
	const schedules = new PollSchedules(pollBounds);
	const now = watch.clock.now();
	const deadline = now + maxWait * MINUTE;
	const found = await Promise.all(
		requests.map(async ({ handle, submittedAt = now }, index) => {
			const schedule = schedules.of(handle.model);
			const since = Math.min(submittedAt, now);
			return tell(
				index,
				await lookUntilDone(handle, since, deadline, { ...watch, schedule }),
				hear,
			);
		}),
	);
	checkKey(found.map(refusalOf));
	return found;
}

/** @throws RefusedKey */
export async function cancelEach(
	{ requests }: Requests,
	{ transport, clock, random }: Watch,
): Promise<Array<Reply<CancelVerdict>>> {
	const replies = await Promise.all(
		requests.map(({ handle }) => askToCancel(handle, transport, clock, random)),
	);
	checkKey(
		replies.map((reply) =>
			reply.kind === 'rejected' ? readFailure(reply.status, reply.headers, reply.body) : undefined,
		),
	);
	return replies;
}
