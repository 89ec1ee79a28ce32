/**
 * The fault matrix of files: what strikes a download, or an upload, and what comes of it. On real sockets,
 * with the node's waits shortened. The quick size tries a sample; `WRITE_MATRIX=1`, in the long size, writes
 * the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { IBinaryKeyData, IDataObject, INodeParameters } from 'n8n-workflow';
import type { CallKind, FaultyAnswer, LocalFal } from '../local-fal';
import { startLocalFal } from '../local-fal';
import { LONG } from '../long';
import { promptOf } from '../local-fal/jobs';
import { keepBinariesInFiles, stored } from '../n8n-core/binaryStore';
import { runClockFaster } from '../n8n-core/quickClock';
import { type Outcome, runNode } from '../n8n-core/runNode';
import { API_KEY, balance, complaints, leaksKey } from './books';
import { startStranger, type Stranger } from './stranger';

const PAGE = resolve('docs/reliability-files.md');
const PROMPTS = ['first', 'second', 'third'];
const HURRY = 30;
/** Of the time limits of requests: a busy machine needs some seconds. */
const LIMITS = 10;

type Expected = readonly [passing: string, staying: string];

interface Fault {
	readonly call: CallKind;
	/** Given the address of a host that is none of fal's. */
	readonly answer: (stranger: string) => FaultyAnswer;
	/** In the place of the file's address at fal. */
	readonly url?: (stranger: string) => string;
	readonly expected: Expected;
}

function on(call: CallKind, answer: Fault['answer'] | FaultyAnswer, ...expected: Expected): Fault {
	return { call, answer: typeof answer === 'function' ? answer : () => answer, expected };
}

const redirect = (location: string): FaultyAnswer => ({ status: 302, headers: { location } });

const ALL = '3 completed with file';
const no = (type: string) => `3 completed, without file (${type})`;
const two = (type: string) => `2 completed with file; 1 completed, without file (${type})`;

const DOWNLOADS: Readonly<Record<string, Fault>> = {
	'connection refused': {
		...on('media', 'trickle', no('not_reached'), no('not_reached')),
		url: () => 'https://127.0.0.1:1/film.bin',
	},
	'reset before an answer': on('media', 'reset_before', ALL, no('not_reached')),
	'reset in the middle': on('media', 'cut', ALL, no('broken_off')),
	slow: on('media', 'trickle', ALL, ALL),
	'no answer': on('media', 'hang', ALL, no('no_answer')),
	'too large, announced': on('media', { size: 1_500_000 }, two('too_large'), no('too_large')),
	'too large, not announced': on(
		'media',
		{ size: 1_500_000, unannounced: true },
		two('too_large'),
		no('too_large'),
	),
	'shorter than announced': on('media', 'wrong_length', ALL, no('broken_off')),
	'a web page with status 200': on('media', 'html', ALL, no('wrong_type')),
	'wrong content type': on('media', 'wrong_content_type', ALL, ALL),
	'HTTP 404, as after its time': on('media', { status: 404 }, ALL, no('http_status')),
	'HTTP 503': on('media', { status: 503 }, ALL, no('http_status')),
	'redirect to another host, by https': on(
		'media',
		(stranger) => redirect(`${stranger}/film`),
		ALL,
		ALL,
	),
	'redirect to another host, by http': on(
		'media',
		redirect('http://127.0.0.1:1/film'),
		two('not_allowed'),
		no('not_allowed'),
	),
	'redirect in circles': on('media', redirect('#again'), ALL, no('too_many_redirects')),
	'a file at another host': {
		...on('media', 'trickle', ALL, ALL),
		url: (stranger) => `${stranger}/film.bin`,
	},
};

const not = (type: string) => `3 not_submitted (${type}), nothing submitted`;

const UPLOADS: Readonly<Record<string, Fault>> = {
	'begin: reset': on('upload_initiate', 'reset_before', ALL, not('upload_failed')),
	'begin: no answer': on('upload_initiate', 'hang', ALL, not('upload_failed')),
	'begin: HTTP 503': on('upload_initiate', { status: 503 }, ALL, not('upload_failed')),
	'begin: HTTP 422': on(
		'upload_initiate',
		{ status: 422, body: { detail: 'file_name is too long' } },
		'2 completed with file; 1 not_submitted (upload_failed)',
		not('upload_failed'),
	),
	'begin: HTTP 401': on('upload_initiate', { status: 401 }, ALL, 'it threw, nothing submitted'),
	'begin: a web page': on('upload_initiate', 'html', ALL, not('upload_failed')),
	'bytes: reset': on('upload', 'reset_before', ALL, not('upload_failed')),
	'bytes: taken, without an answer': on('upload', 'reset_after', ALL, not('upload_failed')),
	'bytes: no answer': on('upload', 'hang', ALL, not('upload_failed')),
	'bytes: slow answer': on('upload', 'trickle', ALL, ALL),
	'bytes: HTTP 403, as after its time': on('upload', { status: 403 }, ALL, not('upload_failed')),
	'bytes: HTTP 503': on('upload', { status: 503 }, ALL, not('upload_failed')),
	'bytes: redirect to another host': on(
		'upload',
		(stranger) => redirect(`${stranger}/upload`),
		ALL,
		not('upload_failed'),
	),
};

let fal: LocalFal;
let stranger: Stranger;
let stopHurrying: () => void;

beforeAll(async () => {
	const headers = { 'content-type': 'application/octet-stream' };
	stranger = await startStranger({ headers, body: 'x'.repeat(2_000) });
	fal = await startLocalFal({ speed: 20, keys: [API_KEY] });
	await keepBinariesInFiles();
	stopHurrying = runClockFaster(HURRY, { limits: LIMITS });
});
afterAll(async () => {
	stopHurrying();
	await fal.close();
	await stranger.close();
});
beforeEach(() => fal.reset());

/** What hangs, and what stays, takes the longest: the quick size tries a sample of it. */
function isTried({ answer }: Fault, row: number, lasting: number): boolean {
	if (LONG || lasting === 0) return true;
	return answer('') !== 'hang' && row % 4 === 0;
}

describe.each([
	['Download', DOWNLOADS],
	['Upload', UPLOADS],
])('%s', (kind, faults) => {
	it.each(Object.entries(faults))('%s', async (name, fault) => {
		const row = Object.keys(faults).indexOf(name);
		for (const [lasting, times] of [1, Infinity].entries()) {
			if (!isTried(fault, row, lasting)) continue;
			fal.reset();
			expect(await tryOut(fault, kind, times)).toBe(fault.expected[lasting]);
		}
	});
});

it('no byte of the key came to a host that is not fal’s API, whatever struck', () => {
	expect(stranger.requests.length).toBeGreaterThan(5);
	expectNoKeyIn(stranger.received());
	const { calls } = fal;
	expect(calls.some(({ kind, key }) => /^(media|upload|upload_part)$/.test(kind) && key)).toBe(
		false,
	);
});

it('bytes go to a storage host that is none of fal’s, without the key', async () => {
	fal.options.uploadHost = stranger.address;
	const before = stranger.requests.length;
	await run('Upload', undefined);
	fal.options.uploadHost = undefined;
	const puts = stranger.requests.slice(before);
	expect(puts).toHaveLength(3);
	expect(puts.every((request) => request.startsWith('PUT /files/'))).toBe(true);
	expect(stranger.received()).toContain('bytes of second');
	expectNoKeyIn(stranger.received());
});

function expectNoKeyIn(received: string): void {
	expect(received).toMatch(/user-agent/i);
	expect(leaksKey({ everythingWritten: received })).toBe(false);
	expect(received).not.toMatch(/authorization/i);
}

it('the page in docs says what is expected of each cell', async () => {
	const page = pageOf();
	if (process.env.WRITE_MATRIX && LONG) await writeFile(PAGE, page);
	expect(await readFile(PAGE, 'utf8')).toBe(page);
});

async function tryOut({ call, answer, url }: Fault, kind: string, times: number): Promise<string> {
	fal.schedule({ call, answer: answer(stranger.address), times });
	const outcome = await run(kind, url?.(stranger.address));
	checkBooks(outcome);
	const submitted = fal.counts().jobs.accepted > 0 ? '' : ', nothing submitted';
	return `${outcome.error ? 'it threw' : sum(outcome)}${submitted}`;
}

async function run(kind: string, url: string | undefined): Promise<Outcome> {
	const file = { content_type: 'application/octet-stream', file_name: 'film.bin', size: 2_000 };
	const wanted = JSON.stringify({ ...file, ...(url && { url }) });
	const parameters: INodeParameters = {
		model: { __rl: true, mode: 'id', value: 'acme/files' },
		input: `={{ { "prompt": $json.prompt, "files": [${wanted}] } }}`,
		downloadFiles: 'all',
		concurrency: 1,
		options: { maxFileSize: 1, minPollInterval: 0.1 },
		...(kind === 'Upload' && { files: { file: [{ field: 'image_url', binaryProperty: 'data' }] } }),
	};
	const binary = PROMPTS.map(
		async (prompt): Promise<IBinaryKeyData> => ({
			data: await stored(Buffer.from(`bytes of ${prompt}`), 'x.png', 'image/png'),
		}),
	);
	return await runNode({
		items: PROMPTS.map((prompt) => ({ prompt })),
		binary: await Promise.all(binary),
		parameters,
		credential: { apiKey: API_KEY, baseUrl: fal.baseUrl },
	});
}

function checkBooks({ outputs, everythingWritten, error }: Outcome): void {
	const jobs = [...fal.jobs.values()].map(({ requestId, input }) => ({
		requestId,
		prompt: promptOf(input) ?? '',
		idGivenOut: true,
		mayBeRepeated: false,
	}));
	const items = outputs.flat();
	if (!error) expect(complaints(balance({ prompts: PROMPTS, jobs, items }))).toEqual([]);
	expect(leaksKey({ everythingWritten })).toBe(false);
}

/** `2 completed with file; 1 not_submitted (upload_failed)` */
function sum({ completed, failed }: Outcome): string {
	const ends = [
		...completed.map(({ binary, json }) => {
			if (binary?.data) return 'completed with file';
			const [{ type }] = json.download_errors as [IDataObject];
			return `completed, without file (${type})`;
		}),
		...failed.map(({ json }) => {
			const { outcome, type } = json.error as IDataObject;
			return `${outcome} (${type})`;
		}),
	];
	const counts = new Map<string, number>();
	for (const end of ends) counts.set(end, (counts.get(end) ?? 0) + 1);
	const parts = [...counts].map(([end, times]) => `${times} ${end}`);
	return parts.sort().reverse().join('; ');
}

function pageOf(): string {
	const table = (faults: Readonly<Record<string, Fault>>) =>
		Object.keys(faults)
			.map((name) => `| ${name} | ${faults[name]!.expected.join(' | ')} |`)
			.join('\n');
	return `# The fault matrix of files

<!-- Written by test/reliability/files.test.ts; see there before you change it. -->

What comes of every fault that can strike a download of a result, or the upload of an input, as seen on real
sockets: the built node in n8n's engine, against a local fal, with the node's waits ${HURRY} times as fast. Three
items, one after the other; the fault strikes the first call of its kind (*passing*), or every one (*staying*).
\`npm run test:long -- reliability/files\` tries all of them and fails when one differs from this page; with
\`WRITE_MATRIX=1\` in front it writes the page anew. In every cell it was checked, besides what the tables say:

- Each item came out once, nothing was generated twice, and no request ID was lost.
- The API key was in nothing that was written, and no byte of it came to a host that is none of fal's, which
  stood by, with a certificate, and wrote down everything that it was sent.

A completed item without its file has the address where it was, and \`download_errors\` with the type.

## Download

| Fault | Passing | Staying |
|---|---|---|
${table(DOWNLOADS)}

## Upload

| Fault | Passing | Staying |
|---|---|---|
${table(UPLOADS)}
`;
}
