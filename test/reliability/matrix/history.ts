/** The call of fal's request history, on behalf of Look Up and of Reuse Recent Requests. */
import { balance, complaints } from '../books';
import { jobsOf, runBatch } from './batchCalls';
import {
	audit,
	checkSecrecy,
	count,
	ending,
	isStruck,
	patience,
	STRUCK_FIRST,
	STRUCK_LAST,
	type StruckCall,
} from './cell';
import { strike } from './strike';

/** The submit whose job is looked for: its answer is lost, and where fal is to be gone, it goes with it. */
const LOST_SUBMIT = { call: 'submit', where: isStruck, isLost: true } as const;

/** Else the lost job is looked for for minutes. */
const SHORT = { itemTimeout: 10 };

export const lookUp: StruckCall = {
	name: 'History, of Look Up',
	setting: `Fal Batch, Run, On Unknown Submit: Look Up. The connection is reset after a submit was taken. Where the fault stays, the Item Timeout is ${SHORT.itemTimeout} s.`,
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		const struck = strike(fal, fault, lasting, { call: 'history', after: LOST_SUBMIT });
		if (fault !== 'connection refused')
			fal.schedule({ call: 'submit', where: isStruck, times: 1, answer: 'reset_after' });
		const options = { onUnknownSubmit: 'lookUp', ...(lasting === 'staying' && SHORT) };
		const outcome = await runBatch(trial, {}, options, STRUCK_LAST);
		struck.end();
		const item = audit(trial, outcome, { idGivenOut: false, prompts: STRUCK_LAST });
		const looks = fal.calls.filter(({ kind }) => kind === 'history');
		return `${ending(item)}, ${count(jobsOf(trial), 'job')}${patience(struck, looks)}`;
	},
};

export const reuse: StruckCall = {
	name: 'History, of Reuse Recent Requests',
	setting: 'Fal Batch, Run, a second time, with Reuse Recent Requests.',
	async tryOut(trial) {
		const { fal, fault, lasting } = trial;
		await runBatch(trial);
		const struck = strike(fal, fault, lasting, { call: 'history' });
		const outcome = await runBatch(trial, {}, { reuseRecentRequests: 1 });
		struck.end();
		// What is generated here a second time is what the cell is about: only the items are counted.
		const items = outcome.outputs.flat();
		trial.complaints.push(...complaints(balance({ prompts: STRUCK_FIRST, jobs: [], items })));
		checkSecrecy(trial, outcome);
		const looks = fal.calls.filter(({ kind }) => kind === 'history');
		const warned = /history could not be read/.test(outcome.hints.join());
		return (
			[
				`${outcome.completed.length} completed`,
				`${fal.jobs.size - STRUCK_FIRST.length} generated again`,
				...(warned ? ['a warning'] : []),
			].join(', ') + patience(struck, looks)
		);
	},
};
