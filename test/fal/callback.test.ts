/** Callbacks are guilty until proven: only what fal signed, lately, about this very request, passes. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import type { HttpOutcome } from '../../nodes/fal/http';
import { KeySet } from '../../nodes/fal/keySet';
import { VirtualClock } from '../engine/virtualClock';

const ALTERATIONS = 2_000;

function keyPair() {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519');
	return { privateKey, jwk: publicKey.export({ format: 'jwk' }) };
}

const fals = keyPair();
const strangers = keyPair();

/** A fal that gives out its keys, and counts how often it is asked. */
function keyServer(keys: unknown[]) {
	const server = {
		keys,
		asked: 0,
		down: false,
		send: async (): Promise<HttpOutcome> => {
			server.asked++;
			if (server.down) return { kind: 'unsent', reason: 'the connection was refused' };
			return {
				kind: 'answer',
				status: 200,
				headers: {},
				text: JSON.stringify({ keys: server.keys }),
			};
		},
	};
	return server;
}

function signed(
	clock: VirtualClock,
	{ key = fals.privateKey as KeyObject, age = 0, bodyId = 'req-1', headerId = 'req-1' } = {},
) {
	const rawBody = Buffer.from(
		`{"request_id":"${bodyId}","status":"OK","payload":{"seed":196619188014358661}}`,
	);
	const timestamp = String(Math.floor((clock.now() - age) / 1_000));
	const hash = createHash('sha256').update(rawBody).digest('hex');
	const message = Buffer.from([headerId, 'user-1', timestamp, hash].join('\n'));
	const headers: Record<string, string> = {
		'x-fal-webhook-request-id': headerId,
		'x-fal-webhook-user-id': 'user-1',
		'x-fal-webhook-timestamp': timestamp,
		'x-fal-webhook-signature': sign(null, message, key).toString('hex'),
	};
	return { headers, rawBody };
}

describe('a callback', () => {
	const clock = new VirtualClock();
	const server = keyServer([strangers.jwk, fals.jwk].slice(1));
	const keySet = new KeySet(clock);
	const judge = ({ headers, rawBody }: ReturnType<typeof signed>) =>
		keySet.judge(headers, rawBody, server.send);

	it('that fal signed is genuine, with its request and its account', async () => {
		expect(await judge(signed(clock))).toMatchObject({
			kind: 'genuine',
			callback: { requestId: 'req-1', userId: 'user-1', body: { status: 'OK' } },
		});
	});

	it('that was altered anywhere is not', async () => {
		let tried = 0;
		const names = Object.keys(signed(clock).headers);
		const part = fc.constantFrom('body', ...names);
		await fc.assert(
			fc.asyncProperty(
				part,
				fc.nat(),
				fc.integer({ min: 1, max: 255 }),
				async (where, at, flip) => {
					const callback = signed(clock);
					const bytes = where === 'body' ? callback.rawBody : Buffer.from(callback.headers[where]!);
					bytes[at % bytes.length]! ^= flip;
					if (where !== 'body') callback.headers[where] = bytes.toString('latin1');
					// The same signature, written in capitals, is no alteration.
					fc.pre(callback.headers[where]?.toLowerCase() !== signed(clock).headers[where]);
					tried++;
					expect((await judge(callback)).kind).not.toBe('genuine');
				},
			),
			{ numRuns: ALTERATIONS },
		);
		process.stdout.write(`altered callbacks tried: ${tried}, taken for genuine: 0\n`);
		expect(tried).toBeGreaterThanOrEqual(ALTERATIONS);
	});

	it('that somebody else signed is not', async () => {
		expect((await judge(signed(clock, { key: strangers.privateKey }))).kind).toBe('forged');
	});

	it.each([-301_000, 301_000])('that is %d ms old is not, however well signed', async (age) => {
		expect((await judge(signed(clock, { age }))).kind).toBe('forged');
	});

	it.each([-299_000, 299_000])('that is %d ms old still is', async (age) => {
		expect((await judge(signed(clock, { age }))).kind).toBe('genuine');
	});

	it('whose body is about another request than its headers is not', async () => {
		expect((await judge(signed(clock, { bodyId: 'req-2' }))).kind).toBe('forged');
	});

	it.each([
		['x-fal-webhook-signature', 'abc'],
		['x-fal-webhook-signature', 'z'.repeat(128)],
		['x-fal-webhook-timestamp', 'soon'],
		['x-fal-webhook-request-id', '../x'],
		['x-fal-webhook-user-id', ''],
	])('with %s as %j is malformed', async (name, value) => {
		const { headers, rawBody } = signed(clock);
		expect((await judge({ headers: { ...headers, [name]: value }, rawBody })).kind).toBe(
			'malformed',
		);
	});

	it('without headers, or with a body that is no JSON, is malformed', async () => {
		const { headers, rawBody } = signed(clock);
		expect((await keySet.judge({}, rawBody, server.send)).kind).toBe('malformed');
		expect((await keySet.judge(headers, Buffer.from('<html>'), server.send)).kind).toBe(
			'malformed',
		);
	});

	it('two headers of a name, which Node joins, are malformed', async () => {
		const { headers, rawBody } = signed(clock);
		const twice = `${headers['x-fal-webhook-signature']}, ${headers['x-fal-webhook-signature']}`;
		expect(
			(await judge({ headers: { ...headers, 'x-fal-webhook-signature': twice }, rawBody })).kind,
		).toBe('malformed');
	});
});

describe('fal’s keys', () => {
	async function minutesLater(clock: VirtualClock, minutes: number) {
		await clock.runUntil(clock.sleep(minutes * 60_000));
	}

	it('are fetched once, however many callbacks come', async () => {
		const clock = new VirtualClock();
		const server = keyServer([fals.jwk]);
		const keySet = new KeySet(clock);
		await Promise.all(
			Array.from({ length: 50 }, async () => {
				const { headers, rawBody } = signed(clock);
				expect((await keySet.judge(headers, rawBody, server.send)).kind).toBe('genuine');
			}),
		);
		expect(server.asked).toBe(1);
	});

	it('are fetched again when none fits, but once a minute at the most', async () => {
		const clock = new VirtualClock();
		const server = keyServer([strangers.jwk]);
		const keySet = new KeySet(clock);
		const judge = async () => {
			const { headers, rawBody } = signed(clock);
			return (await keySet.judge(headers, rawBody, server.send)).kind;
		};
		for (let i = 0; i < 2_000; i++) expect(await judge()).toBe('forged');
		expect(server.asked).toBe(1);
		server.keys = [{ kty: 'RSA' }, { ...fals.jwk, x: `${fals.jwk.x}=` }];
		await minutesLater(clock, 1);
		expect(await judge()).toBe('genuine');
		expect(server.asked).toBe(2);
	});

	it('are fetched anew after a day', async () => {
		const clock = new VirtualClock();
		const server = keyServer([fals.jwk]);
		const keySet = new KeySet(clock);
		await keySet.judge(signed(clock).headers, signed(clock).rawBody, server.send);
		await minutesLater(clock, 24 * 60);
		server.down = true;
		const { headers, rawBody } = signed(clock);
		expect(await keySet.judge(headers, rawBody, server.send)).toEqual({
			kind: 'undecided',
			reason: 'the connection was refused',
		});
	});

	it.each([['nothing'], [{ keys: [] }], [{ keys: [{ kty: 'OKP', crv: 'Ed25519', x: '?' }] }]])(
		'that can’t be read (%j) leave the callback undecided, never accepted',
		async (answer) => {
			const clock = new VirtualClock();
			const { headers, rawBody } = signed(clock);
			const send = async (): Promise<HttpOutcome> => ({
				kind: 'answer',
				status: 200,
				headers: {},
				text: JSON.stringify(answer),
			});
			expect((await new KeySet(clock).judge(headers, rawBody, send)).kind).toBe('undecided');
		},
	);
});
