/**
 * Following a job that fal has accepted, until it is done. Looking changes nothing and costs nothing, so it
 * is patient: a look that goes wrong is repeated until the job's deadline, and spends no budget. The deadline
 * moves on as long as the job shows signs of life (`followed.ts`).
 */
import { type Failure, readToldFailure } from '../failure';
import type { StatusReport } from '../transport';
import { Barrier, type BarrierPatience, type Barred, FOR_OWN_JOBS } from './barrier';
import { type Followed, learnFromEnd, takeNote } from './followed';
import { Listening } from './listening';
import { Looks } from './looks';
import type { Watch } from './watch';

export type { Followed } from './followed';
export type { Watch } from './watch';

/** What fal says of a job when it calls it done. */
export interface Done {
	/** Seconds of work. */
	readonly inferenceTime?: number;
	/** Why the job failed, if fal says that already with its status. */
	readonly told?: Failure;
}

export type Sight =
	/** fal is done with it; whether it succeeded, the result tells. */
	| ({ readonly kind: 'done' } & Done)
	| {
			readonly kind: 'deadline';
			/** Why the last look could not read it, if it could not. */
			readonly standing?: Barred;
	  }
	| { readonly kind: 'stopped' }
	/** fal does not let it be read: no such request, or no permission. */
	| ({ readonly kind: 'barred' } & Barred);

/** Looks at the job until fal is done with it, its deadline has passed, or the execution was stopped. */
export async function followUntilDone(
	job: Followed,
	watch: Watch,
	patience: BarrierPatience = FOR_OWN_JOBS,
): Promise<Sight> {
	const listening = new Listening(job, watch);
	try {
		return await follow(job, watch, listening, patience);
	} finally {
		listening.end();
		watch.schedule.ownQueue.leave(job);
	}
}

async function follow(
	job: Followed,
	watch: Watch,
	listening: Listening,
	patience: BarrierPatience,
): Promise<Sight> {
	const { clock, signal, transport } = watch;
	if (job.queuePosition !== undefined) job.lastPlace = job.queuePosition;
	// With nothing ahead of it, it has most likely started by the time we hear that it was accepted.
	if (job.queuePosition === 0) delete job.queuePosition;
	const firstPlace = job.queuePosition;
	const done = (report: CompletedReport): Sight => {
		learnFromEnd(job, report.inferenceTime, firstPlace, watch);
		return { kind: 'done', ...doneBy(report) };
	};
	const looks = new Looks(job, watch);
	const barrier = new Barrier(patience);
	for (;;) {
		const heard = await listening.untilNext(looks);
		if (signal.aborted) return { kind: 'stopped' };
		if (heard.kind !== 'nothing') barrier.forget();
		if (heard.kind === 'end') return done(heard.report);
		if (heard.kind === 'word') {
			// The jobs behind it hear of it by that, too.
			if (!looks.areInTrouble) looks.planAfterSight();
			continue;
		}
		if (looks.comeTooLate) return deadline(barrier);
		const askedAt = clock.now();
		const reply = await transport.status(job.handle, { logs: watch.includeLogs });
		if (signal.aborted) return { kind: 'stopped' };
		if (reply.kind === 'answered') {
			barrier.forget();
			takeNote(job, reply.body, askedAt, watch);
			listening.compare(reply.body, askedAt);
			if (reply.body.status === 'COMPLETED') return done(reply.body);
			looks.planAfterSight();
		} else {
			job.trouble = reply;
			const { barred, left } = barrier.hear(reply, clock.now());
			if (barred) return { kind: 'barred', ...barred };
			looks.planAfterTrouble(reply, left);
		}
		if (clock.now() >= job.deadline) return deadline(barrier);
	}
}

function deadline({ standing }: Barrier): Sight {
	return { kind: 'deadline', ...(standing && { standing }) };
}

type CompletedReport = StatusReport & { readonly status: 'COMPLETED' };

export function doneBy(report: CompletedReport): Done {
	const { inferenceTime } = report;
	const told = readToldFailure(report);
	return { ...(inferenceTime !== undefined && { inferenceTime }), ...(told && { told }) };
}
