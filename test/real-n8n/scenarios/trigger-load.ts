/**
 * How many callbacks a second one n8n process takes, with verification and without: Fal Trigger beside n8n's
 * own Webhook node, which verifies nothing, in turns within one run, with the same requests.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeySet } from '../../../nodes/fal/keySet';
import { type KeyHost, startKeyHost } from '../../callbacks/keyHost';
import { post } from '../../callbacks/post';
import { keyPair, type RawCallback, signedCallback } from '../../callbacks/signedCallbacks';
import { VirtualClock } from '../../engine/virtualClock';
import type { Workflow } from '../n8n-api';
import type { Stage } from '../stage';
import { plainReceiver, publishReceiver } from '../trigger';

/** Of each side. */
const TURNS = 4;
const TURN_MS = 3000;
/** For executions that the turn before has started. */
const BETWEEN_TURNS_MS = 1500;
/** Callbacks on their way at the same time. */
const AT_ONCE = 10;
const MICRO_MS = 1500;

const { privateKey, jwk } = keyPair();
let number = 0;

const callback = (key = privateKey): RawCallback =>
	signedCallback({ key, sentAt: Date.now(), requestId: `request-${++number}` });

export function triggerLoadScenario({ n8n }: Stage) {
	let host: KeyHost;
	const sides = new Map<string, { url: string; taken: number; refused: number; ms: number }>();
	const side = (name: string, url: string) => sides.set(name, { url, taken: 0, refused: 0, ms: 0 });

	before(
		async () => {
			host = await startKeyHost(jwk);
			const receiver = await publishReceiver(n8n, plainReceiver('falTrigLoad00001'), host);
			side('Fal Trigger, verified', receiver.url);
			for (const [name, typeVersion] of WEBHOOKS) {
				const path = `load-${typeVersion}`;
				const workflow = behindWebhook(path, typeVersion);
				await n8n.api.saveWorkflow(workflow);
				await n8n.api.activateWorkflow(workflow.id);
				side(name, `${n8n.baseUrl}/webhook/${path}`);
				while ((await post(`${n8n.baseUrl}/webhook/${path}`, '{}')).status === 404)
					await sleep(200);
			}
			for (let turn = 0; turn < TURNS; turn++) {
				for (const one of sides.values()) {
					const { taken, refused, ms } = await turnOf(one.url);
					one.taken += taken;
					one.refused += refused;
					one.ms += ms;
					await sleep(BETWEEN_TURNS_MS);
				}
			}
		},
		{ timeout: 180_000 },
	);
	after(() => host.close());

	test('callbacks that one n8n process takes in a second, with verification and without', (t) => {
		for (const [name, { taken, ms }] of sides) {
			const rate = (taken / ms) * 1000;
			t.diagnostic(`${name}: ${rate.toFixed(1)} callbacks a second (${taken} in ${ms / 1000} s)`);
			assert.ok(taken > 0);
		}
	});

	test('none of them is refused', () => {
		for (const [name, { refused }] of sides) assert.equal(refused, 0, name);
	});

	test('the verification itself is a small part of that', async (t) => {
		const stranger = keyPair().privateKey;
		const genuine = await judgedInASecond(callback(), 'genuine');
		const forged = await judgedInASecond(callback(stranger), 'forged');
		t.diagnostic(
			`verification alone: ${genuine} genuine callbacks a second, ${forged} forged ones, on one core`,
		);
		assert.ok(genuine > 100 && forged > 100);
	});
}

/**
 * n8n gives each request to a trigger an isolate to evaluate expressions in, and spares only its own Webhook
 * node that, from version 1.1 on. So version 1 is what a trigger of anybody else can be compared with.
 */
const WEBHOOKS = [
	['n8n’s Webhook node, as any trigger is run', 1],
	['n8n’s Webhook node, as only it is run', 2],
] as const;

function behindWebhook(path: string, typeVersion: number): Workflow {
	const plain = plainReceiver(path.padEnd(16, '0'));
	return {
		...plain,
		nodes: plain.nodes.map((node, index) =>
			index > 0
				? node
				: {
						...node,
						type: 'n8n-nodes-base.webhook',
						typeVersion,
						parameters: { httpMethod: 'POST', path, responseMode: 'onReceived' },
						webhookId: path,
					},
		),
	};
}

async function turnOf(url: string) {
	let taken = 0;
	let refused = 0;
	const startedAt = Date.now();
	const send = async () => {
		while (Date.now() - startedAt < TURN_MS) {
			const { headers, rawBody } = callback();
			const { status } = await post(url, rawBody, {
				...headers,
				'content-type': 'application/json',
			});
			if (status === 200) taken++;
			else refused++;
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, send));
	return { taken, refused, ms: Date.now() - startedAt };
}

/** Keys known, nothing but our own code. */
async function judgedInASecond({ headers, rawBody }: RawCallback, kind: string): Promise<number> {
	const clock = Object.assign(new VirtualClock(), { now: () => Date.now() });
	const keySet = new KeySet(clock);
	const send = async () => ({
		kind: 'answer' as const,
		status: 200,
		headers: {},
		text: JSON.stringify({ keys: [jwk] }),
	});
	const startedAt = performance.now();
	let judged = 0;
	while (performance.now() - startedAt < MICRO_MS) {
		for (let i = 0; i < 100; i++, judged++) {
			assert.equal((await keySet.judge(headers, rawBody, send)).kind, kind);
		}
	}
	return Math.round((judged / (performance.now() - startedAt)) * 1000);
}
