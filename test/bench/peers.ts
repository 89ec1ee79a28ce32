/**
 * The peers, each as its users run it. They know nothing of the bench: they call the `fetch` that they
 * are given and wait with `setTimeout`. An item that fails does not end the others (`allSettled`, and
 * n8n's Continue On Fail): the kindest reading of each.
 */
import { createFalClient } from '@fal-ai/client';
import pLimit from 'p-limit';
import PQueue from 'p-queue';
import { MINUTE, SECOND } from '../../nodes/engine/clock';
import type { Outcome, Work, WorkItem } from './work';

export type Peer = (work: Work, fetch: Fetch) => Promise<Outcome[]>;
export type Fetch = typeof globalThis.fetch;

export const API_KEY = 'local:key';

/** The official client under p-queue, as tutorials teach it. */
export async function clientUnderPQueue({ items, concurrency }: Work, fetch: Fetch) {
	const fal = createFalClient({ credentials: API_KEY, fetch });
	const queue = new PQueue({ concurrency });
	const jobs = items.map(({ model, input }) => queue.add(() => fal.subscribe(model, { input })));
	return outcomes(await Promise.allSettled(jobs));
}

/** The same under p-limit. */
export async function clientUnderPLimit({ items, concurrency }: Work, fetch: Fetch) {
	const fal = createFalClient({ credentials: API_KEY, fetch });
	const limit = pLimit(concurrency);
	const jobs = items.map(({ model, input }) => limit(() => fal.subscribe(model, { input })));
	return outcomes(await Promise.allSettled(jobs));
}

const POLL_OF_DEDICATED_NODES = 5 * SECOND;
const PATIENCE_OF_DEDICATED_NODES = 10 * MINUTE;

/**
 * The dedicated n8n nodes: one item after the other; submit, a look at once, then one every 5 s, for
 * ten minutes at the most.
 */
export async function oneByOne({ items }: Work, fetch: Fetch) {
	const ends: PromiseSettledResult<unknown>[] = [];
	for (const item of items)
		ends.push(...(await Promise.allSettled([submitPollResult(item, fetch)])));
	return outcomes(ends);
}

async function submitPollResult(item: WorkItem, fetch: Fetch): Promise<unknown> {
	const request = await submit(item, fetch);
	for (let waited = 0; waited < PATIENCE_OF_DEDICATED_NODES; waited += POLL_OF_DEDICATED_NODES) {
		const { status } = await ask<{ status: string }>(fetch, request.status_url);
		if (status === 'COMPLETED') return await ask(fetch, request.response_url);
		await sleep(POLL_OF_DEDICATED_NODES);
	}
	throw new Error('Not done in time');
}

/**
 * n8n's HTTP Request node, Wait node, HTTP Request node: every submit at once, one wait, every result
 * once. The wait is what somebody sets who has tried one item: twice its time, and 5 s at least, which
 * is the Wait node's default.
 */
export async function oneWait({ items, usualTime }: Work, fetch: Fetch) {
	const requests = await Promise.allSettled(items.map((item) => submit(item, fetch)));
	await sleep(Math.max(5 * SECOND, 2 * usualTime));
	return outcomes(
		await Promise.allSettled(
			requests.map(async (request) => {
				if (request.status === 'rejected') throw request.reason;
				return await ask(fetch, request.value.response_url);
			}),
		),
	);
}

const WAIT_OF_TEMPLATES = 3 * SECOND;

/**
 * The loop of the published templates: every submit at once; then wait 3 s, look at all that are open,
 * take the results of those that are done, and again.
 */
export async function waitLoop({ items }: Work, fetch: Fetch) {
	const ends: Outcome[] = items.map(() => 'lost');
	const requests = await Promise.allSettled(items.map((item) => submit(item, fetch)));
	let open = requests.flatMap((request, item) =>
		request.status === 'fulfilled' ? [{ item, ...request.value }] : [],
	);
	while (open.length > 0) {
		await sleep(WAIT_OF_TEMPLATES);
		const looks = await Promise.allSettled(
			open.map(({ status_url }) => ask<{ status: string }>(fetch, status_url)),
		);
		const done = open.filter((_, i) => isDone(looks[i]!));
		open = open.filter((_, i) => looks[i]!.status === 'fulfilled' && !isDone(looks[i]!));
		const results = await Promise.allSettled(
			done.map(({ response_url }) => ask(fetch, response_url)),
		);
		outcomes(results).forEach((end, i) => (ends[done[i]!.item] = end));
	}
	return ends;
}

function isDone(look: PromiseSettledResult<{ status: string }>): boolean {
	return look.status === 'fulfilled' && look.value.status === 'COMPLETED';
}

function outcomes(ends: readonly PromiseSettledResult<unknown>[]): Outcome[] {
	return ends.map(({ status }) => (status === 'fulfilled' ? 'completed' : 'lost'));
}

interface SubmitAnswer {
	readonly status_url: string;
	readonly response_url: string;
}

async function submit({ model, input }: WorkItem, fetch: Fetch): Promise<SubmitAnswer> {
	return await ask(fetch, `https://queue.fal.run/${model}`, {
		method: 'POST',
		body: JSON.stringify(input),
	});
}

/** What n8n's HTTP Request node does: anything but a 2xx is an error. */
async function ask<Body>(fetch: Fetch, url: string, init: RequestInit = {}): Promise<Body> {
	const headers = { authorization: `Key ${API_KEY}`, 'content-type': 'application/json' };
	const response = await fetch(url, { ...init, headers });
	if (!response.ok) throw new Error(`HTTP status ${response.status}`);
	return (await response.json()) as Body;
}

async function sleep(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
}
