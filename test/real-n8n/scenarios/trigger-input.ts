/** What comes to a published Fal Trigger and is none of fal's: it is answered as it deserves, and starts nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyHost, startKeyHost } from '../../callbacks/keyHost';
import { post } from '../../callbacks/post';
import { keyPair, type RawCallback, signedCallback } from '../../callbacks/signedCallbacks';
import type { Stage } from '../stage';
import { plainReceiver, publishReceiver, type Receiver, untilEnded } from '../trigger';

const MEGABYTE = 1024 * 1024;
/** Long enough for an execution that should not have been to show. */
const WATCH_MS = 1000;

const JSON_TYPE = { 'content-type': 'application/json' };

type Sent = readonly [Uint8Array | string, Record<string, string | string[]>];

const fal = keyPair();
const stranger = keyPair();

const genuine = (rest: Partial<Parameters<typeof signedCallback>[0]> = {}) =>
	signedCallback({ key: fal.privateKey, sentAt: Date.now(), ...rest });

const asJson = ({ headers, rawBody }: RawCallback): Sent => [rawBody, { ...headers, ...JSON_TYPE }];

const twice = (name: string): Sent => {
	const { headers, rawBody } = genuine();
	return [
		rawBody,
		{ ...headers, ...JSON_TYPE, [name]: [headers[name] ?? '', headers[name] ?? ''] },
	];
};

const CASES: ReadonlyArray<readonly [string, number, () => Sent]> = [
	['nothing at all', 400, () => ['', {}]],
	['JSON without headers of fal’s', 400, () => [genuine().rawBody, JSON_TYPE]],
	['a body that is no JSON', 400, () => ['<html>', genuine().headers]],
	['the signature given twice', 400, () => twice('x-fal-webhook-signature')],
	['the request ID given twice', 400, () => twice('x-fal-webhook-request-id')],
	['the timestamp given twice', 400, () => twice('x-fal-webhook-timestamp')],
	['the user ID given twice', 401, () => twice('x-fal-webhook-user-id')],
	['a signature of somebody else’s', 401, () => asJson(genuine({ key: stranger.privateKey }))],
	['a callback of ten minutes ago', 401, () => asJson(genuine({ sentAt: Date.now() - 600_000 }))],
	[
		'a body that was altered on the way',
		401,
		() => [`${genuine().rawBody} `, { ...genuine().headers, ...JSON_TYPE }],
	],
	// The next two never reach the node: n8n reads the body before it runs one.
	[
		'a body that is no JSON but is called so',
		422,
		() => ['<html>', { ...genuine().headers, ...JSON_TYPE }],
	],
	[
		'a body above n8n’s limit of 16 MB',
		500,
		() => asJson(genuine({ body: bodyOf(17 * MEGABYTE) })),
	],
];

export function triggerInputScenario({ n8n }: Stage) {
	let startedAt: number;
	let host: KeyHost;
	let receiver: Receiver;

	before(async () => {
		startedAt = Date.now();
		host = await startKeyHost(fal.jwk);
		receiver = await publishReceiver(n8n, plainReceiver('falTrigInput0001'), host);
	});
	after(() => host.close());

	for (const [what, status, sent] of CASES) {
		test(`${what} is answered with ${status} and starts nothing`, async () => {
			const before = await receiver.ended();
			const answer = await post(receiver.url, ...sent());
			assert.equal(answer.status, status, answer.text);
			await sleep(WATCH_MS);
			assert.equal(await receiver.ended(), before);
		});
	}

	test('a genuine one of 15 MB is taken, and one that comes again is not', async () => {
		const before = await receiver.ended();
		const big = asJson(genuine({ requestId: 'big', body: bodyOf(15 * MEGABYTE, 'big') }));
		assert.equal((await post(receiver.url, ...big)).status, 200);
		const again = await post(receiver.url, ...big);
		assert.match(again.text, /Received before/);
		await untilEnded(receiver, before + 1, 60_000);
		await sleep(WATCH_MS);
		assert.equal(await receiver.ended(), before + 1);
	});

	test('all that time, fal’s keys were fetched once a minute at the most', () => {
		const minutes = Math.floor((Date.now() - startedAt) / 60_000);
		assert.ok(host.asked <= 2 + minutes, `they were fetched ${host.asked} times`);
	});
}

function bodyOf(bytes: number, requestId = 'req-1'): string {
	return `{"request_id":"${requestId}","status":"OK","payload":{"text":"${'x'.repeat(bytes)}"}}`;
}
