/** A cell of the fault matrix: one fault that strikes one call, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { type Call, type LocalFal, type LocalFalOptions, startLocalFal } from '../../local-fal';
import { promptOf } from '../../local-fal/jobs';
import type { Outcome } from '../../n8n-core/runNode';
import { API_KEY, type Balance, balance, complaints, leaksKey, placeOf } from '../books';
import type { FaultName, Lasting } from './faults';
import type { Strike } from './strike';

/** A column of the matrix. */
export interface StruckCall {
	readonly name: string;
	/** How it is tried, in a sentence for the reader of the table. */
	readonly setting: string;
	/** How a job or a callback went whose call was struck. */
	tryOut(trial: Trial): Promise<string>;
}

/** A local fal of its own for each cell, and what has to be in order in each. */
export interface Trial {
	readonly fal: LocalFal;
	readonly credential: { readonly apiKey: string; readonly baseUrl: string };
	readonly fault: FaultName;
	readonly lasting: Lasting;
	/** Of Fal Batch, in every run of it. */
	readonly options?: INodeParameters;
	/** What is wrong whatever was expected. */
	readonly complaints: string[];
	readonly balances: Balance[];
}

export interface Tried {
	readonly seen: string;
	readonly complaints: readonly string[];
	readonly balances: readonly Balance[];
}

export async function tryCell(
	call: StruckCall,
	fault: FaultName,
	lasting: Lasting,
): Promise<Tried> {
	const fal = await startLocalFal({ ...QUICK, keys: [API_KEY] });
	const credential = { apiKey: API_KEY, baseUrl: fal.baseUrl };
	const trial = { fal, credential, fault, lasting, complaints: [], balances: [] };
	try {
		return { seen: await withinTime(call.tryOut(trial)), ...trial };
	} catch (error) {
		return { seen: `it threw: ${error}`, ...trial };
	} finally {
		await fal.close();
	}
}

/**
 * No fault may hold an item up for longer. A result is asked for during six minutes from its first odd answer,
 * which may take a minute to come, and so may the last one; the rest is for the job itself.
 */
const LONGEST = 500_000;

async function withinTime(seen: Promise<string>): Promise<string> {
	const over = new AbortController();
	const tooLong = sleep(LONGEST, `it did not end in ${LONGEST / 1000} s`, { signal: over.signal });
	try {
		return await Promise.race([seen, tooLong]);
	} finally {
		over.abort();
		await tooLong.catch(() => {});
	}
}

/** Real seconds, because what is tried is how long things are waited for; but jobs that take no time. */
const QUICK: Partial<LocalFalOptions> = { speed: 1, jobTime: () => 50 };

/** The item whose calls are struck; those beside it go through the same run untouched. */
export const STRUCK = 'struck';
const NEIGHBOURS = ['first neighbour', 'second neighbour'];
/** One after the other: what the struck item meets is the same each time, whatever it does to the rest. */
export const STRUCK_FIRST = [STRUCK, ...NEIGHBOURS];
export const STRUCK_LAST = [...NEIGHBOURS, STRUCK];

export function isStruck({ prompt }: Readonly<Call>): boolean {
	return prompt === STRUCK;
}

/**
 * Checks the books of a run of Fal Batch, and gives out the struck item.
 *
 * @param idGivenOut whether the answer to the struck submit could be read
 * @param prompts as they went in
 */
export function audit(
	trial: Trial,
	outcome: Outcome,
	{ idGivenOut = true, prompts = STRUCK_FIRST } = {},
): IDataObject {
	const { fal } = trial;
	const items = outcome.outputs.flat();
	const jobs = [...fal.jobs.values()].map(({ requestId, input }) => ({
		requestId,
		prompt: promptOf(input) ?? '',
		idGivenOut: idGivenOut || promptOf(input) !== STRUCK,
		mayBeRepeated: false,
	}));
	const books = balance({ prompts, jobs, items });
	trial.balances.push(books);
	trial.complaints.push(...complaints(books));
	if (outcome.error) trial.complaints.push(`the node threw: ${outcome.error.message}`);
	checkSecrecy(trial, outcome);
	// A fault strikes one item alone, but a fal that is gone is gone for all that come after it.
	const isGone = trial.fault === 'connection refused' && trial.lasting === 'staying';
	const struckAt = prompts.indexOf(STRUCK);
	for (const item of items) {
		const place = placeOf(item);
		const right = isGone && place > struckAt ? 'not_submitted' : 'completed';
		if (place !== struckAt && outcomeOf(item.json) !== right) {
			trial.complaints.push(`${prompts[place]} was ${outcomeOf(item.json)}`);
		}
	}
	return items.find((item) => placeOf(item) === struckAt)?.json ?? {};
}

export function checkSecrecy({ complaints: found }: Trial, outcome: Outcome): void {
	if (leaksKey(outcome)) found.push('the API key was written somewhere');
}

/** `completed`, or how it failed. */
export function outcomeOf({ status, error }: IDataObject): string {
	return status === 'COMPLETED' ? 'completed' : String(Object(error).outcome);
}

/** The same, with the type of the failure. */
export function ending(item: IDataObject): string {
	const { type } = Object(item.error);
	return type === undefined ? outcomeOf(item) : `${outcomeOf(item)} (${type})`;
}

/** Whether the second call came before the first one's `Retry-After` was over. */
export function patience({ retryAfter }: Strike, calls: ReadonlyArray<Readonly<Call>>): string {
	const [first, second] = calls;
	if (!first || !second || retryAfter === undefined) return '';
	const seconds = Number(retryAfter);
	const earliest = Number.isNaN(seconds) ? Date.parse(retryAfter) : first.at + seconds * 1000;
	// Timers are a millisecond or two early at times.
	return second.at < earliest - 10 ? ', sooner than asked' : '';
}

export function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
