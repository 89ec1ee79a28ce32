/** The calls of Fal Batch: submit, status, result and cancel. */
import type { INodeParameters } from 'n8n-workflow';
import type { Call } from '../../local-fal';
import { promptOf } from '../../local-fal/jobs';
import { runNode } from '../../n8n-core/runNode';
import {
	audit,
	count,
	ending,
	isStruck,
	patience,
	STRUCK,
	STRUCK_FIRST,
	type StruckCall,
	type Trial,
} from './cell';
import { WITHOUT_ID } from './faults';
import { strike } from './strike';

/** One job after the other, the struck one first, so that what is counted is always the same. */
export function runBatch(
	{ credential, options: common }: Trial,
	parameters: INodeParameters = {},
	options: INodeParameters = {},
	prompts = STRUCK_FIRST,
) {
	return runNode({
		items: prompts.map((prompt) => ({ prompt })),
		parameters: {
			concurrency: 1,
			options: { minPollInterval: 0.1, ...options, ...common },
			...parameters,
		},
		credential,
		// What would be thrown, since nothing is at fal, is told item by item.
		settings: { onError: 'continueRegularOutput' },
	});
}

export const submit: StruckCall = {
	name: 'Submit',
	setting:
		'Fal Batch, Run, On Unknown Submit: Report. Submits that were refused are those of all three items: nobody can tell them apart.',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		const struck = strike(fal, fault, lasting, { call: 'submit', where: isStruck });
		const outcome = await runBatch(trial);
		struck.end();
		const item = audit(trial, outcome, { idGivenOut: !WITHOUT_ID.has(fault) });
		const submits = fal.calls.filter((call) => call.kind === 'submit' && isStruck(call));
		// What never left costs nothing, and is tried by the time and not by the number.
		const isByTime = struck.refusals > MANY;
		// How many of them were refused until fal was back is chance: its port opens a moment later.
		const unsent = Math.min(struck.refusals, 1);
		const tries = isByTime ? 'tried for minutes' : count(submits.length + unsent, 'submit');
		return `${ending(item)}, ${tries}, ${count(jobsOf(trial), 'job')}${patience(struck, submits)}`;
	},
};

const MANY = 5;

export function jobsOf({ fal }: Trial, prompt = STRUCK): number {
	return [...fal.jobs.values()].filter(({ input }) => promptOf(input) === prompt).length;
}

/** Long enough for every look that goes wrong in passing; a fault that stays must not hold the test up. */
const SHORT_TIMEOUT = 3;
const timeout = ({ lasting }: Trial) =>
	lasting === 'staying' ? { itemTimeout: SHORT_TIMEOUT } : {};

export const status: StruckCall = {
	name: 'Status',
	setting: `Fal Batch, Run. Where the fault stays, the Item Timeout is ${SHORT_TIMEOUT} s.`,
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		const struck = strike(fal, fault, lasting, {
			call: 'status',
			where: isStruck,
			after: { call: 'submit', where: isStruck },
		});
		const outcome = await runBatch(trial, {}, timeout(trial));
		struck.end();
		const looks = fal.calls.filter((call) => call.kind === 'status' && isStruck(call));
		return `${ending(audit(trial, outcome))}${patience(struck, looks)}`;
	},
};

/** @param before what happens to the job whose result is read */
function resultCall(name: string, setting: string, before: (trial: Trial) => void): StruckCall {
	return {
		name,
		setting: `${setting} Where the fault stays, the Item Timeout is ${SHORT_TIMEOUT} s.`,
		async tryOut(trial) {
			const { fal, fault, lasting } = trial;
			before(trial);
			const isDone = (requestId = '') => fal.jobs.get(requestId)?.progress.status === 'COMPLETED';
			const lastLook = (call: Readonly<Call>) => isStruck(call) && isDone(call.requestId);
			const struck = strike(fal, fault, lasting, {
				call: 'result',
				where: isStruck,
				after: trial.options?.followJobsBy
					? { call: 'status_stream', where: isStruck }
					: { call: 'status', where: lastLook },
			});
			const outcome = await runBatch(trial, {}, timeout(trial));
			struck.end();
			const reads = fal.calls.filter((call) => call.kind === 'result' && isStruck(call));
			return `${ending(audit(trial, outcome))}${patience(struck, reads)}`;
		},
	};
}

export const result = resultCall('Result', 'Fal Batch, Run.', () => {});

export const resultOfFailure = resultCall(
	'Result, of a failed job',
	'Fal Batch, Run; the model has refused the input.',
	({ fal }) => {
		const where = ({ input }: { input: unknown }) => Object(input).prompt === STRUCK;
		fal.schedule({ job: 'content_policy_violation', where });
	},
);

export const cancel: StruckCall = {
	name: 'Cancel',
	setting: 'Fal Batch, Run, a job that takes longer than its Item Timeout of 1 s.',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		fal.options.jobTime = ({ input }) => (promptOf(input) === STRUCK ? 600_000 : 50);
		const struck = strike(fal, fault, lasting, {
			call: 'cancel',
			where: isStruck,
			// At the deadline it is looked at a last time; see the poll interval below.
			after: { call: 'status', where: isStruck },
		});
		const outcome = await runBatch(
			trial,
			{},
			{ itemTimeout: 1, minPollInterval: 60, maxPollInterval: 60 },
		);
		struck.end();
		const item = audit(trial, outcome);
		const told = /was asked to cancel/.test(String(Object(item.error).message));
		return `${ending(item)}, ${told ? 'asked to cancel' : 'could not be asked to cancel'}, ${fateOf(trial)} at fal`;
	},
};

export function fateOf({ fal }: Trial): 'cancelled' | 'done' | 'running' {
	const { progress } = [...fal.jobs.values()].find(({ input }) => promptOf(input) === STRUCK)!;
	if (progress.status !== 'COMPLETED') return 'running';
	return progress.ending.kind === 'cancelled' ? 'cancelled' : 'done';
}
