/** Everything that can go wrong, mixed: each call and each job has its chance. */
import type { Call, CallKind, Job, JobErrorType, LocalFal } from '../../local-fal';
import { FAULT_NAMES, FAULTS, type FaultName, HANGING, WITHOUT_ID } from '../matrix/faults';

const CALLS: readonly CallKind[] = ['submit', 'status', 'result', 'cancel'];

/** Of an answer that takes a second to write, and of a fault that holds a slot for minutes. */
const RARE = 3;

const JOB_ERRORS: readonly JobErrorType[] = [
	'internal_server_error',
	'downstream_service_error',
	'generation_timeout',
	'runner_disconnected',
	'runner_scheduling_failure',
	'internal_error',
	'content_policy_violation',
	'no_media_generated',
	'file_download_error',
];

export interface Mishaps {
	/** Calls and jobs struck so far. */
	readonly struck: { calls: number; jobs: number };
	/** Whether the answer to the job's submit told its id to nobody. */
	keptIdBack(requestId: string): boolean;
}

/**
 * @param share of calls, and of jobs, that are struck
 * @param withHanging whether faults that hold a slot for minutes are among them
 */
export function mixMishaps(
	fal: LocalFal,
	share: number,
	random: () => number,
	withHanging: boolean,
): Mishaps {
	const struck = { calls: 0, jobs: 0 };
	const withoutId: Array<Readonly<Call>> = [];
	// A refused connection strikes no single call: the outage test has it.
	const names = FAULT_NAMES.filter(
		(name) => name !== 'connection refused' && (withHanging || !HANGING.has(name)),
	);

	const strikeCalls = (call: CallKind, name: FaultName): void => {
		const answer = FAULTS[name]();
		if (answer === 'refused') return;
		const isRare = HANGING.has(name) || name === '50 MB body';
		let left = isRare ? RARE : Infinity;
		const where = (struckCall: Readonly<Call>): boolean => {
			if (left === 0 || random() >= share / names.length) return false;
			left--;
			struck.calls++;
			if (call === 'submit' && WITHOUT_ID.has(name)) withoutId.push(struckCall);
			return true;
		};
		fal.schedule({ call, where, answer });
	};
	for (const call of CALLS) for (const name of names) strikeCalls(call, name);

	const kinds = JOB_ERRORS.length + 2;
	const where = (): boolean => {
		if (random() >= share / kinds) return false;
		struck.jobs++;
		return true;
	};
	for (const job of JOB_ERRORS) fal.schedule({ job, where });
	// fal's own second try helps; and a job that never starts is given up and cancelled.
	fal.schedule({ job: 'runner_connection_error', attempts: 1, where });
	fal.schedule({ job: 'stuck_in_queue', where });

	let ids: Set<string | undefined> | undefined;
	return {
		struck,
		keptIdBack(requestId) {
			ids ??= new Set(withoutId.map((call) => call.requestId));
			return ids.has(requestId);
		},
	};
}

/** Whether fal's own lists, or its headers, advise to submit such a job again. */
export function mayBeRepeated({ progress }: Job): boolean {
	if (progress.status !== 'COMPLETED') return false;
	const { ending } = progress;
	if (ending.kind === 'model_error') return ending.needsRetry;
	return ending.kind === 'request_error' && ending.byUser !== true;
}
