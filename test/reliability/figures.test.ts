/** The promises about money and secrets that one figure shows, each on real sockets. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
	type FaultyAnswer,
	type LocalFal,
	type LocalFalOptions,
	startLocalFal,
} from '../local-fal';
import { promptOf } from '../local-fal/jobs';
import { LONG } from '../long';
import { type NodeRun, runNode, startNode } from '../n8n-core/runNode';
import { API_KEY, balance, leaksKey } from './books';

/** What waits for fal's history waits for seconds, and so beside the others. */
const PATIENCE = 400_000;

it('n8n’s Retry On Fail generates nothing a second time when items fail', async () => {
	await using fal = await start();
	// The very first one too: it is what n8n looks at.
	const fails = ({ input }: { input: unknown }) => numberIn(input) % 20 === 0;
	fal.schedule({ job: 'content_policy_violation', where: fails });
	const prompts = numbered(100);
	const { outputs, failed, runs } = await runNode(
		batch(fal, prompts, { settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 } }),
	);
	const jobs = [...fal.jobs.values()].map(({ requestId, input }) => ({
		requestId,
		prompt: promptOf(input) ?? '',
		idGivenOut: true,
		mayBeRepeated: false,
	}));
	const books = balance({ prompts, jobs, items: outputs.flat() });
	say(
		`Retry On Fail, 3 tries, ${failed.length} of 100 items failed: the node ran ${runs} time, ` +
			`${books.generated} generated, ${books.generatedTwice} twice`,
	);
	expect([runs, failed.length, books.generated]).toEqual([1, 5, 100]);
	expect(books).toMatchObject({ astray: 0, generatedTwice: 0, idsLost: 0 });
});

it('a stop leaves no job open at fal, though the first cancel of every third job goes wrong', async () => {
	await using fal = await start({ jobTime: () => 600_000, latency: 50 });
	const struck = new Set<string | undefined>();
	fal.schedule({
		call: 'cancel',
		where: ({ requestId, prompt = '' }) => {
			if (struck.has(requestId) || numberIn({ prompt }) % 3 !== 0) return false;
			struck.add(requestId);
			return true;
		},
		answer: { status: 503 },
	});
	const { outcome, stop } = startNode(
		batch(fal, numbered(100), { parameters: { concurrency: 30 } }),
	);
	while (fal.jobs.size < 30) await pause(10);
	const stoppedAt = Date.now();
	stop();
	await outcome;
	while (openAt(fal) > 0 && Date.now() < stoppedAt + 20_000) await pause(10);
	const seconds = (Date.now() - stoppedAt) / 1000;
	say(`stop: ${fal.jobs.size} jobs at fal, ${openAt(fal)} left open after ${seconds.toFixed(1)} s`);
	expect([fal.jobs.size, struck.size, openAt(fal)]).toEqual([30, 10, 0]);
});

it('a foreign host that answers name for status, result and cancel gets no request and no key', async () => {
	const seen: string[] = [];
	const stranger = createServer((request, response) => {
		seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
		response.end('{}');
	}).listen(0, '127.0.0.1');
	await new Promise((resolve) => stranger.once('listening', resolve));
	const { port } = stranger.address() as AddressInfo;
	await using fal = await start({ jobUrls: `http://127.0.0.1:${port}` });
	// One of them takes longer than it may, so that it is cancelled.
	fal.options.jobTime = ({ input }) => (numberIn(input) === 0 ? 600_000 : 50);
	const outcome = await runNode(
		batch(fal, numbered(10), { parameters: { options: { itemTimeout: 2 } } }),
	);
	stranger.close();
	const { cancelled } = fal.counts().jobs;
	say(
		`foreign host in status_url, response_url and cancel_url: ${seen.length} requests; ` +
			`${outcome.completed.length} items completed, ${cancelled} cancelled at fal`,
	);
	expect(seen).toEqual([]);
	expect([outcome.completed.length, outcome.failed.length, cancelled]).toEqual([9, 1, 1]);
	expect(leaksKey(outcome)).toBe(false);
});

describe('Reuse Recent Requests', () => {
	/** A third of them differ, the others are the same: what is identical is paired one to one. */
	const prompts = numbered(250).map((prompt, place) => (place % 3 === 0 ? prompt : 'the same'));

	const quick: Array<[string, number, FaultyAnswer]> = [
		['larger than can be taken', 1, { size: 50_000_000 }],
		['a 503', 2, { status: 503 }],
	];
	const rest: typeof quick = [
		['half a JSON', 1, 'half_json'],
		['larger than can be taken', 2, { size: 50_000_000 }],
		['a reset', 3, 'reset_before'],
	];

	it.concurrent.each(LONG ? [...quick, ...rest] : quick)(
		'reads a history of which a page is %s (page %d), and generates nothing a second time',
		async (name, nth, answer) => {
			await using fal = await start();
			const run = async (options = {}) =>
				await runNode(
					batch(fal, prompts, {
						parameters: { concurrency: 40, options: { minPollInterval: 0.1, ...options } },
					}),
				);
			await run();
			fal.schedule({ call: 'history', nth, answer });
			const { completed } = await run({ reuseRecentRequests: 1 });
			const ids = new Set(completed.map(({ json }) => json.request_id));
			say(
				`Reuse Recent Requests, page ${nth} of the history is ${name}: ${completed.length} of 250 ` +
					`completed from ${ids.size} requests, ${fal.jobs.size - 250} generated again`,
			);
			expect([completed.length, ids.size, fal.jobs.size]).toEqual([250, 250, 250]);
		},
		PATIENCE,
	);
});

describe('Look Up', () => {
	const quick = [
		['ended', 0],
		['all', 0],
	] as const;
	const rest = [
		['ended', 6_000],
		['all', 6_000],
	] as const;

	it.concurrent.each(LONG ? [...quick, ...rest] : quick)(
		'finds every lost job in a history that shows requests (%s) %d ms late',
		async (historyShows, historyDelay) => {
			await using fal = await start({ historyShows, historyDelay, jobTime: () => 2_000 });
			fal.schedule({ call: 'submit', every: 5, answer: 'reset_after' });
			const { completed, outputs } = await runNode(
				batch(fal, numbered(40), { parameters: { options: { onUnknownSubmit: 'lookUp' } } }),
			);
			const ids = new Set(completed.map(({ json }) => json.request_id));
			say(
				`Look Up, history shows requests (${historyShows}) ${historyDelay / 1000} s late: ` +
					`${completed.length} of 40 completed, ${fal.jobs.size} generated`,
			);
			expect(outputs.flat()).toHaveLength(40);
			expect([completed.length, ids.size, fal.jobs.size]).toEqual([40, 40, 40]);
		},
		PATIENCE,
	);
});

/** Closed at the end of the test that started it. */
async function start(options: Partial<LocalFalOptions> = {}): Promise<LocalFal & AsyncDisposable> {
	const quick = { accountConcurrency: 40, jobTime: () => 50 };
	const fal = await startLocalFal({ keys: [API_KEY], ...quick, ...options });
	return Object.assign(fal, { [Symbol.asyncDispose]: async () => await fal.close() });
}

function batch(
	{ baseUrl }: LocalFal,
	prompts: readonly string[],
	rest: Omit<Partial<NodeRun>, 'items'> = {},
): NodeRun {
	return {
		items: prompts.map((prompt) => ({ prompt })),
		credential: { apiKey: API_KEY, baseUrl },
		...rest,
	};
}

function numbered(count: number): string[] {
	return Array.from({ length: count }, (_, number) => `prompt ${number}`);
}

function numberIn(input: unknown): number {
	return Number(/\d+/.exec(String(Object(input).prompt)));
}

function openAt(fal: LocalFal): number {
	const { accepted, completed, failed, cancelled } = fal.counts().jobs;
	return accepted - completed - failed - cancelled;
}

function say(line: string): void {
	process.stderr.write(`${line}\n`);
}

async function pause(ms: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, ms));
}
