/**
 * What an earlier attempt of the same execution left at fal: found out without a request to fal, and then
 * taken over by the machinery of Reuse Recent Requests.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { EndedJob } from '../engine/job';
import type { History } from '../engine/remembering/history';
import type { Submission } from '../engine/transport';
import { n8nClock } from '../n8n/n8nClock';
import { runIndexOf } from '../n8n/runIndex';
import { type Attempt, marksOf, recordBeginning } from '../n8n/runMarks';

export interface TakingOver {
	readonly attempt: Attempt;
	/** Milliseconds back in which requests may be this execution's own; 0 for a first attempt. */
	readonly within: number;
	/**
	 * Without the requests that an earlier batch of this same attempt has already taken, for example in a loop.
	 */
	readonly history: History;
	/** To be called when the batch has ended. */
	remember(ended: readonly EndedJob[]): void;
}

/** What this process knows of an execution that it is running. */
interface KnownExecution {
	readonly attempt: Attempt;
	readonly takenRequests: Set<string>;
}

/**
 * The keys are the objects in which n8n keeps the context of an execution: one lives as long as the execution
 * runs in this process, and n8n makes a new one when it loads the execution again, after a crash or a wait.
 */
const knownExecutions = new WeakMap<object, Map<string, KnownExecution>>();

/** Never throws. Leaves a mark in n8n's database, once for each node and execution. */
export async function findOutWhatToTakeOver(
	node: IExecuteFunctions,
	submissions: readonly Submission[],
	history: History,
): Promise<TakingOver> {
	const known = await knownExecution(node, submissions, history);
	const { attempt, takenRequests } = known;
	return {
		attempt,
		within: attempt.kind === 'again' ? n8nClock.now() - attempt.since : 0,
		history: without(takenRequests, history),
		remember(ended) {
			for (const { handle } of ended) if (handle) takenRequests.add(handle.requestId);
		},
	};
}

async function knownExecution(
	node: IExecuteFunctions,
	submissions: readonly Submission[],
	history: History,
): Promise<KnownExecution> {
	const context = node.getContext('flow');
	const nodes = knownExecutions.get(context) ?? new Map<string, KnownExecution>();
	knownExecutions.set(context, nodes);
	const { id } = node.getNode();
	const known = nodes.get(id);
	if (known) return known;
	const attempt = await recordBeginning(marksOf(node), {
		executionId: node.getExecutionId(),
		runIndex: runIndexOf(node),
		content: contentOf(submissions, history),
		isRetry: node.getMode() === 'retry',
		now: n8nClock.now(),
	});
	const found = { attempt, takenRequests: new Set<string>() };
	nodes.set(id, found);
	return found;
}

function contentOf(submissions: readonly Submission[], history: History): string {
	const all = submissions.map(({ model, input }) => `${model} ${history.identityOf(input)}`);
	return history.identityOf({ all });
}

function without(taken: ReadonlySet<string>, history: History): History {
	return {
		identityOf: (input) => history.identityOf(input),
		async page(question) {
			const reply = await history.page(question);
			if (reply.kind !== 'answered' || taken.size === 0) return reply;
			const requests = reply.body.requests.filter(({ handle }) => !taken.has(handle.requestId));
			return { ...reply, body: { ...reply.body, requests } };
		},
	};
}
