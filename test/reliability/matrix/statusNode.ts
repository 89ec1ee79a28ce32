/** The calls of Fal Queue Status on requests that were submitted before: status, result and cancel. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { promptOf } from '../../local-fal/jobs';
import { type Outcome, runNode } from '../../n8n-core/runNode';
import { placeOf } from '../books';
import { fateOf, runBatch } from './batchCalls';
import { checkSecrecy, isStruck, patience, STRUCK, type StruckCall, type Trial } from './cell';
import { strike } from './strike';

/** Submits the jobs, waits until those that take no time are done, and gives out their handles. */
async function submitted(trial: Trial): Promise<IDataObject[]> {
	const { completed } = await runBatch(trial, { operation: 'submit' });
	const isDone = () => trial.fal.counts().jobs.completed >= 2;
	while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
	return completed.map(({ json }) => json);
}

function lookAfter({ credential }: Trial, items: IDataObject[], parameters: INodeParameters) {
	return runNode({ node: 'Fal Queue Status', items, parameters, credential });
}

const OUTPUTS = {
	check: ['Completed', 'Failed', 'Pending'],
	cancel: ['Cancelled', 'Not Cancelled'],
} as const;

/** Each handle comes out once, with its request id; gives out the struck one, and the output it is on. */
function audit(
	trial: Trial,
	handles: IDataObject[],
	operation: keyof typeof OUTPUTS,
	outcome: Outcome,
): { output: string; item: IDataObject } {
	const found = outcome.outputs.flatMap((items, index) =>
		items.map((item) => ({
			output: OUTPUTS[operation][index] ?? 'no output',
			item: item.json,
			place: placeOf(item),
		})),
	);
	handles.forEach(({ request_id: requestId }, index) => {
		const ofHandle = found.filter(({ place }) => place === index);
		if (ofHandle.length !== 1)
			trial.complaints.push(`handle ${index} came out ${ofHandle.length} times`);
		if (ofHandle[0]?.item.request_id !== requestId) trial.complaints.push(`id ${index} was lost`);
	});
	if (outcome.error) trial.complaints.push(`the node threw: ${outcome.error.message}`);
	checkSecrecy(trial, outcome);
	return found.find(({ place }) => place === 0)!;
}

/** The output, and the reason where there is one. */
function whereabouts({ output, item }: { output: string; item: IDataObject }): string {
	const { type } = Object(item.error);
	if (type !== undefined) return `${output} (${type})`;
	return output === 'Completed' ? 'completed' : `${output} (${item.status})`;
}

export const check: StruckCall = {
	name: 'Status, of Check',
	setting: 'Fal Queue Status, Check.',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		const handles = await submitted(trial);
		const struck = strike(fal, fault, lasting, { call: 'status', where: isStruck });
		const outcome = await lookAfter(trial, handles, { operation: 'check' });
		struck.end();
		const looks = fal.calls.filter((call) => call.kind === 'status' && isStruck(call));
		const found = audit(trial, handles, 'check', outcome);
		return `${whereabouts(found)}${patience(struck, looks)}`;
	},
};

export const cancelRequest: StruckCall = {
	name: 'Cancel, of Cancel',
	setting: 'Fal Queue Status, Cancel.',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		fal.options.jobTime = ({ input }) => (promptOf(input) === STRUCK ? 600_000 : 50);
		const handles = await submitted(trial);
		const struck = strike(fal, fault, lasting, { call: 'cancel', where: isStruck });
		const outcome = await lookAfter(trial, handles, { operation: 'cancel' });
		struck.end();
		const found = audit(trial, handles, 'cancel', outcome);
		return `${whereabouts(found)}, ${fateOf(trial)} at fal`;
	},
};
