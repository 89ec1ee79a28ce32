/** A cell of the table of failures: one way to fail, one operation, one setting of On Error; and what came of it. */
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { type Job, type LocalFal, startLocalFal } from '../../local-fal';
import { promptOf } from '../../local-fal/jobs';
import { type NodeRun, type Outcome, startNode } from '../../n8n-core/runNode';
import { API_KEY, leaksKey, placeOf } from '../books';

/** Settings of On Error, as n8n labels them; each as a node of a workflow, and as a tool of an AI Agent. */
export const SETTINGS = {
	'Stop Workflow': { onError: 'stopWorkflow' },
	Continue: { onError: 'continueRegularOutput' },
	'Continue (using Error Output)': { onError: 'continueErrorOutput' },
	'Tool, not set': {},
	'Tool, Stop Workflow': { onError: 'stopWorkflow' },
	'Tool, Continue': { onError: 'continueRegularOutput' },
} as const satisfies Record<string, Partial<INode>>;
export type Setting = keyof typeof SETTINGS;

export const isTool = (setting: Setting) => setting.startsWith('Tool');

export interface Trial {
	readonly fal: LocalFal;
	readonly setting: Setting;
	/** What an operation on requests was given; empty for those that submit. */
	readonly requestIds: readonly string[];
}

/** What a way to fail changes of a run in which all goes well. */
export interface Arrangement {
	readonly parameters?: INodeParameters;
	readonly options?: INodeParameters;
	readonly credential?: NodeRun['credential'];
	/** When Stop is pressed. */
	readonly stopWhen?: () => boolean;
}

export interface Way {
	/** For the reader of the table. */
	readonly name: string;
	/** Whether it waits for minutes, even where the clock runs fast. */
	readonly isSlow?: boolean;
	/** Whether fal's answer to a submit is lost, and so the request ID. */
	readonly losesId?: boolean;
	arrange(trial: Trial): Arrangement;
}

export interface Operation {
	readonly name: string;
	readonly setting: string;
	readonly ways: readonly Way[];
	/** Settings that are tried. */
	readonly settings: readonly Setting[];
	/** Labels of the outputs. */
	readonly outputs: readonly string[];
	/** What it works on: what it is to submit, or what was submitted before. */
	readonly given: 'items' | 'requests' | 'requests, one open';
	/** What the node is without trouble. */
	readonly run: Pick<NodeRun, 'node' | 'parameters'>;
}

/** What the page shows of a cell. */
export interface Shown {
	/** `green: 2 Completed, 1 Failed` */
	readonly seen: string;
	/** What fal has of it in the end: `2 done, 1 failed`. */
	readonly atFal: string;
	/** In the words of the error, of the hint, or of what the agent reads. */
	readonly said: string;
}

export interface Tried extends Shown {
	/** What is wrong, whatever was expected. */
	readonly complaints: readonly string[];
}

/** The item that is in trouble where not all are. An agent's call has no other. */
export const STRUCK = 'struck';
const PROMPTS = ['first', STRUCK, 'third'];

export async function tryCell(operation: Operation, way: Way, setting: Setting): Promise<Tried> {
	const fal = await startLocalFal({ keys: [API_KEY], jobTime: () => 20 });
	try {
		const prompts = isTool(setting) ? [STRUCK] : PROMPTS;
		const trial: Trial = { fal, setting, requestIds: [] };
		const items = isSubmitting(operation)
			? prompts.map((prompt) => ({ prompt }))
			: await submitted(fal, operation, way, prompts);
		const arrangement = way.arrange({ ...trial, requestIds: items.map(idOf) });
		const outcome = await run(operation, arrangement, setting, fal, items);
		await until(() => ![...fal.jobs.values()].some(isAboutToEnd));
		return judge(operation, way, { ...trial, prompts, outcome, wasStopped: isStop(arrangement) });
	} finally {
		await fal.close();
	}
}

const isSubmitting = ({ given }: Operation) => given === 'items';
const idOf = (item: IDataObject) => String(item.request_id ?? '');
const isStop = ({ stopWhen }: Arrangement) => stopWhen !== undefined;

async function run(
	operation: Operation,
	{ parameters, options, credential, stopWhen }: Arrangement,
	setting: Setting,
	fal: LocalFal,
	items: IDataObject[],
): Promise<Outcome> {
	const { run: usual } = operation;
	const { outcome, stop } = startNode({
		...usual,
		items,
		parameters: { ...usual.parameters, options: { ...options }, ...parameters },
		credential: credential ?? { apiKey: API_KEY, baseUrl: fal.baseUrl },
		settings: SETTINGS[setting],
		asTool: isTool(setting),
		// As a person has it who connected all outputs: what nobody hears of has words of its own.
		connectedOutputs: [0, 1, 2],
	});
	if (stopWhen) {
		await until(stopWhen);
		stop();
		await outcome;
		// n8n is done with a stopped node at once; the node itself has to cancel yet, if it has submitted.
		const cancelsWithin = isSubmitting(operation) ? 20_000 : 2_000;
		await until(() => ![...fal.jobs.values()].some(isOpen), cancelsWithin);
	}
	return await outcome;
}

async function until(condition: () => boolean, atMost = 20_000): Promise<void> {
	for (const latest = Date.now() + atMost; !condition() && Date.now() < latest; ) {
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

/** Requests that somebody has submitted before, with the jobs in the state that the way to fail asks for. */
async function submitted(
	fal: LocalFal,
	{ given }: Operation,
	{ name: way }: Way,
	prompts: readonly string[],
): Promise<IDataObject[]> {
	const staysOpen = OPEN_WAYS.has(way) || given === 'requests, one open';
	fal.options.jobTime = ({ input }) => (staysOpen && promptOf(input) === STRUCK ? 3_600_000 : 5);
	if (way === REFUSED_BY_THE_MODEL) {
		const where = ({ input }: Job) => promptOf(input) === STRUCK;
		fal.schedule({ job: 'content_policy_violation', where });
	}
	const address = `${fal.baseUrl}/queue.fal.run/fal-ai/flux/schnell`;
	const items: IDataObject[] = [];
	for (const prompt of prompts) {
		const response = await fetch(address, {
			method: 'POST',
			headers: { authorization: `Key ${API_KEY}`, 'content-type': 'application/json' },
			body: JSON.stringify({ prompt }),
		});
		const { request_id: requestId } = Object(await response.json());
		items.push({ request_id: requestId, model: 'fal-ai/flux/schnell', prompt });
	}
	const openInTheEnd = staysOpen ? 1 : 0;
	await until(() => [...fal.jobs.values()].filter(isOpen).length === openInTheEnd);
	return items;
}

export const NOT_DONE = 'a job is not done yet';
export const MAX_WAIT_OVER = 'Max Wait is over';
export const STOP = 'Stop is pressed';
export const REFUSED_BY_THE_MODEL = 'the model refuses the content';
const OPEN_WAYS = new Set([NOT_DONE, MAX_WAIT_OVER, STOP]);

const isOpen = ({ progress }: Pick<Job, 'progress'>) => progress.status !== 'COMPLETED';

/** Those that stay open are the struck ones that are made to. */
function isAboutToEnd(job: Readonly<Job>): boolean {
	const { progress } = job;
	if (progress.status === 'IN_PROGRESS') return progress.takes < 1_000;
	return isOpen(job);
}

interface Seen extends Pick<Trial, 'fal' | 'setting'> {
	readonly prompts: readonly string[];
	readonly outcome: Outcome;
	readonly wasStopped: boolean;
}

function judge(operation: Operation, way: Way, seen: Seen): Tried {
	const { fal, setting, outcome, wasStopped } = seen;
	return {
		seen: `${colour(seen)}${whereabouts(operation, seen)}`,
		atFal: jobsAt(fal),
		said: wasStopped ? '' : isTool(setting) ? answer(outcome) : said(outcome),
		complaints: [...complaints(operation, way, seen)],
	};
}

function colour({ outcome: { run: execution }, wasStopped }: Seen): string {
	if (wasStopped) return 'stopped';
	if (execution.waitTill) return 'parked';
	return execution.status === 'error' ? 'red' : 'green';
}

function whereabouts(
	{ outputs: labels }: Operation,
	{ outcome, setting, wasStopped }: Seen,
): string {
	const { status, waitTill } = outcome.run;
	if (wasStopped || waitTill || status === 'error' || isTool(setting)) return '';
	const counts = outcome.outputs.map(
		(items, index) => `${items.length} ${labels[index] ?? 'Error'}`,
	);
	return `: ${counts.filter((count) => !count.startsWith('0 ')).join(', ')}`;
}

const FATES = ['done', 'failed', 'cancelled', 'running'] as const;

function jobsAt(fal: LocalFal): string {
	const fates = [...fal.jobs.values()].map(fateOf);
	const counts = FATES.map((fate) => ({ fate, count: fates.filter((one) => one === fate).length }));
	const there = counts.filter(({ count }) => count > 0);
	return there.map(({ fate, count }) => `${count} ${fate}`).join(', ') || 'nothing';
}

function fateOf({ progress }: Readonly<Job>): (typeof FATES)[number] {
	if (progress.status !== 'COMPLETED') return 'running';
	const { kind } = progress.ending;
	return kind === 'output' ? 'done' : kind === 'cancelled' ? 'cancelled' : 'failed';
}

function said({ error, hints }: Outcome): string {
	if (error) return readable(error.message);
	// What follows are figures, which are others each time.
	return readable(hints.map((hint) => hint.split(' It took ')[0]).join(' '));
}

function answer({ outputs }: Outcome): string {
	const { message, error, status } = outputs[0]?.[0]?.json ?? {};
	return readable(String(message ?? error ?? status ?? ''));
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

function readable(text: string): string {
	return text.replace(UUID, '(its ID)').replace(/\s+/g, ' ').trim();
}

function* complaints(operation: Operation, { losesId }: Way, seen: Seen): Generator<string> {
	const { fal, outcome, setting, prompts, wasStopped } = seen;
	if (leaksKey(outcome)) yield 'the API key was written somewhere';
	const generated = [...fal.jobs.values()].map(({ input }) => promptOf(input));
	if (new Set(generated).size < generated.length) yield 'something was generated twice';
	if (wasStopped) return;
	const { error, outputs, run: execution } = outcome;
	if (isTool(setting)) {
		const answers = outputs[0] ?? [];
		if (outputs.length !== 1 || answers.length !== 1) yield 'the agent gets no single answer';
		if (answer(outcome) === '') yield 'the agent is told nothing';
	}
	if (error) {
		if (isSubmitting(operation) && generated.length > 0) yield 'it threw, and something is at fal';
		if (error.message.length < 20) yield 'the error says nothing';
		return;
	}
	const items = outputs.flat();
	if (!losesId && isSubmitting(operation)) {
		const given = JSON.stringify(items);
		const lost = [...fal.jobs.keys()].filter((id) => !given.includes(id));
		if (lost.length > 0) yield `${lost.length} request ids are in no item`;
	}
	if (isTool(setting) || execution.waitTill) return;
	const places = items.map(placeOf).sort();
	if (places.join() !== prompts.map((_, place) => place).join()) yield 'an item is not out once';
	const aside = items.length - (outputs[0]?.length ?? 0);
	const summary = `${outputs[0]?.length ?? 0} of ${prompts.length} `;
	if (aside > 0 && !outcome.hints.some((hint) => hint.startsWith(summary))) {
		yield 'no hint begins with how many are not on the first output';
	}
}
