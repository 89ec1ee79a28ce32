/** The files of a batch, before anything is submitted: what they hold, and whether they can be found again. */
import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { filesIn } from '../engine/media/inputFiles';
import type { FalStorage } from '../fal/storage';
import { readContents, showsContent } from '../n8n/media/fileUploads';
import type { Plan, PlannedJob, RejectedItem } from './parameters';

/** @returns the plan without the jobs of which a file can't be read */
export async function withContents(plan: Plan): Promise<Plan> {
	if (!hasFiles(plan)) return plan;
	const unread = await readContents(plan.jobs.flatMap(filesOf));
	const troubleOf = (job: PlannedJob) => filesOf(job).find((file) => unread.has(file));
	const jobs = plan.jobs.filter((job) => !troubleOf(job));
	const rejected = plan.jobs.flatMap((job): RejectedItem[] => {
		const file = troubleOf(job);
		if (!file) return [];
		const message = `The file "${file.name}" can’t be read: ${unread.get(file)}`;
		const failure = { type: 'invalid_parameters', message, retryable: false };
		return [{ itemIndex: job.itemIndex, model: job.submission.model, failure }];
	});
	return { ...plan, jobs, rejected: [...plan.rejected, ...rejected] };
}

export function hasFiles({ jobs }: Plan): boolean {
	return jobs.some((job) => filesOf(job).length > 0);
}

export function countWithFiles({ jobs }: Plan): number {
	return jobs.filter((job) => filesOf(job).length > 0).length;
}

/**
 * Each upload has an address of its own, so the input of an earlier request is known again only if fal keeps
 * the name in it.
 *
 * @returns whether requests with files can be told apart in fal's history
 * @throws NodeOperationError if the user asked for that, and it can't be
 */
export async function canBeFoundAgain(
	node: IExecuteFunctions,
	plan: Plan,
	storage: FalStorage,
): Promise<boolean> {
	// Could fal not be asked, its history can't be, either, and that is told.
	if ((await showsContent(storage)) !== false) return true;
	if (plan.settings.reuseWithin === 0) return false;
	throw new NodeOperationError(
		node.getNode(),
		'Reuse Recent Requests can’t be used with Files: fal’s addresses don’t show which file was uploaded',
		{
			description:
				'Each upload gets an address of its own, so an earlier request with the same file can’t be told from one with another. Turn one of the two off. Nothing was submitted.',
		},
	);
}

/** The hint that says what an execution that was run again could not look for. */
export function tellOfBlindness(node: IExecuteFunctions, items: number): void {
	if (items === 0) return;
	const message = `fal’s addresses don’t show which file was uploaded: ${items} items with files were not looked for in its request history, and may have been submitted before.`;
	node.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
}

function filesOf({ submission }: PlannedJob) {
	return filesIn(submission.input);
}
