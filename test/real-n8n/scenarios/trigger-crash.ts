/** n8n killed after it has taken callbacks, and the same ones again after it: what it still knows of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyHost, startKeyHost } from '../../callbacks/keyHost';
import { post } from '../../callbacks/post';
import { keyPair, signedCallback } from '../../callbacks/signedCallbacks';
import type { Stage } from '../stage';
import { plainReceiver, publishReceiver, type Receiver, receiverOf, untilEnded } from '../trigger';

/** Until n8n has written what it knows. */
const SETTLED_AFTER_MS = 2000;
const AT_ONCE = 20;

const { privateKey, jwk } = keyPair();

export function triggerCrashScenario(stage: Stage) {
	let host: KeyHost;
	let receiver: Receiver;

	/** Signed anew each time, as fal does. @returns what n8n says to it */
	const deliver = async (requestId: string) => {
		const { headers, rawBody } = signedCallback({ key: privateKey, sentAt: Date.now(), requestId });
		const answer = await post(receiver.url, rawBody, {
			...headers,
			'content-type': 'application/json',
		});
		assert.equal(answer.status, 200, answer.text);
		return answer.text.includes('Received before') ? 'known' : 'taken';
	};
	const one = ['one by one 1', 'one by one 2', 'one by one 3'].map(dashed);
	const burst = Array.from({ length: AT_ONCE }, (_, index) => dashed(`at once ${index}`));

	before(
		async () => {
			host = await startKeyHost(jwk);
			receiver = await publishReceiver(stage.n8n, plainReceiver('falTrigCrash0001'), host);
			await Promise.all(burst.map(deliver));
			await untilEnded(receiver, AT_ONCE, 60_000);
			for (const requestId of one) {
				assert.equal(await deliver(requestId), 'taken');
				await sleep(SETTLED_AFTER_MS);
			}
			const startAgain = await stage.crash();
			await startAgain();
			receiver = await receiverOf(stage.n8n, receiver.workflowId);
		},
		{ timeout: 200_000 },
	);
	after(() => host.close());

	test('completions that came one by one are not taken again', async (t) => {
		const answers: string[] = [];
		for (const requestId of one) answers.push(await deliver(requestId));
		t.diagnostic(`after a crash, of 3 that had come one by one: ${answers.join(', ')}`);
		assert.deepEqual(answers, ['known', 'known', 'known']);
	});

	// n8n writes a workflow's static data whole, and the last one to write wins.
	test('of completions that came at the same moment, some may be', async (t) => {
		const answers: string[] = [];
		for (const requestId of burst) answers.push(await deliver(requestId));
		const again = answers.filter((answer) => answer === 'taken').length;
		t.diagnostic(
			`after a crash, of ${AT_ONCE} that had come at once: ${AT_ONCE - again} known, ${again} taken again`,
		);
		// Now they are known to this process, which forgets none.
		for (const requestId of burst) assert.equal(await deliver(requestId), 'known');
	});

	test('what was not taken before the crash is taken after it', async () => {
		assert.equal(await deliver('new-one'), 'taken');
	});
}

function dashed(text: string): string {
	return text.replaceAll(' ', '-');
}
