/** fal's keys: fetched seldom, however many bad callbacks come, and anew when they change. */
import { KeySet } from '../../nodes/fal/keySet';
import type { HttpOutcome } from '../../nodes/fal/http';
import { type KeyPair, keyPair, signedCallback } from '../callbacks/signedCallbacks';
import { VirtualClock } from '../engine/virtualClock';
import { answer } from './fakeHttp';
import { keyServer } from './keyServer';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const former = keyPair();
const present = keyPair();
const stranger = keyPair();

/** A node that knows no keys yet, and a fal that gives them out. */
function scene(...keys: unknown[]) {
	const clock = new VirtualClock();
	const server = keyServer(...keys);
	const keySet = new KeySet(clock);
	let number = 0;
	return {
		server,
		judge: async ({ privateKey }: KeyPair) => {
			const requestId = `req-${++number}`;
			const callback = signedCallback({ key: privateKey, sentAt: clock.now(), requestId });
			return await keySet.judge(callback.headers, callback.rawBody, server.send);
		},
		pass: async (ms: number) => await clock.runUntil(clock.sleep(ms)),
	};
}

const many = <Value>(count: number, value: Value) => Array<Value>(count).fill(value);
const kindsOf = async (judgements: ReadonlyArray<Promise<{ kind: string }>>) =>
	(await Promise.all(judgements)).map(({ kind }) => kind);

describe('fal’s keys', () => {
	it('are fetched once, however many callbacks come at the same moment', async () => {
		const { server, judge } = scene(present.jwk);
		const kinds = await kindsOf(many(50, present).map(judge));
		expect(kinds).toEqual(many(50, 'genuine'));
		expect(server.asked).toBe(1);
	});

	it('are kept for a day', async () => {
		const { server, judge, pass } = scene(present.jwk);
		for (let hour = 0; hour < 24; hour++) {
			expect((await judge(present)).kind).toBe('genuine');
			await pass(60 * MINUTE);
		}
		expect(server.asked).toBe(1);
		expect((await judge(present)).kind).toBe('genuine');
		expect(server.asked).toBe(2);
	});

	it('may be several, and any of them may have signed', async () => {
		const { judge } = scene(former.jwk, stranger.jwk, present.jwk);
		expect(await kindsOf([present, former, stranger].map(judge))).toEqual(many(3, 'genuine'));
	});

	it('may be written with base64 padding', async () => {
		const { judge } = scene({ ...present.jwk, x: `${present.jwk.x}=` });
		expect((await judge(present)).kind).toBe('genuine');
	});

	it('count also beside keys that can’t be read', async () => {
		const junk = [null, 'key', { kty: 'RSA', n: 'x', e: 'AQAB' }, { ...present.jwk, x: 'AAAA' }];
		const { judge } = scene(...junk, present.jwk, { ...stranger.jwk, crv: 'X25519' });
		expect((await judge(present)).kind).toBe('genuine');
		expect((await judge(stranger)).kind).toBe('forged');
	});
});

describe('when fal changes its keys in the middle of a run', () => {
	it('callbacks of both keys are genuine, with one more fetch', async () => {
		const { server, judge, pass } = scene(former.jwk);
		expect(await kindsOf(many(20, former).map(judge))).toEqual(many(20, 'genuine'));
		await pass(2 * MINUTE);
		server.keys = [present.jwk, former.jwk];
		// Those that fal had signed before are still on their way.
		const mixed = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? former : present));
		expect(await kindsOf(mixed.map(judge))).toEqual(many(100, 'genuine'));
		expect(server.asked).toBe(2);
	});

	it('those of a key that was taken back are genuine no more', async () => {
		const { server, judge, pass } = scene(former.jwk);
		await judge(former);
		await pass(2 * MINUTE);
		server.keys = [present.jwk];
		expect((await judge(present)).kind).toBe('genuine');
		expect((await judge(former)).kind).toBe('forged');
	});

	// 401 makes fal send it again, so a key that changes right after a fetch costs a minute and no callback.
	it('within a minute of a fetch, the new key’s are taken when that minute is over', async () => {
		const { server, judge, pass } = scene(former.jwk);
		await judge(former);
		server.keys = [present.jwk];
		expect((await judge(present)).kind).toBe('forged');
		await pass(MINUTE);
		expect((await judge(present)).kind).toBe('genuine');
	});

	it('and can’t be asked for the new ones, a callback that fits none is undecided', async () => {
		const { server, judge, pass } = scene(former.jwk);
		await judge(former);
		await pass(2 * MINUTE);
		server.keys = [present.jwk];
		server.trouble = { kind: 'unsent', reason: 'the connection was refused' };
		expect((await judge(present)).kind).toBe('undecided');
		expect((await judge(present)).kind).toBe('undecided');
		expect((await judge(former)).kind).toBe('genuine');
		server.trouble = undefined;
		await pass(MINUTE);
		expect((await judge(present)).kind).toBe('genuine');
		expect((await judge(stranger)).kind).toBe('forged');
	});
});

describe('a flood of 2,000 bad callbacks', () => {
	it('makes the keys be fetched twice at the most, and lets the good ones through', async () => {
		const { server, judge, pass } = scene(present.jwk);
		const bad: string[] = [];
		const good: string[] = [];
		for (let i = 0; i < 2_000; i++) {
			bad.push((await judge(stranger)).kind);
			if (i % 20 === 19) good.push((await judge(present)).kind);
			await pass(50);
		}
		process.stdout.write(
			`2,000 bad callbacks in 100 s: key set fetched ${server.asked} times, ${good.length} good ones in between taken\n`,
		);
		expect(bad).toEqual(many(2_000, 'forged'));
		expect(good).toEqual(many(100, 'genuine'));
		expect(server.asked).toBeLessThanOrEqual(2);
	});

	it('at the same moment makes them be fetched once', async () => {
		const { server, judge } = scene(present.jwk);
		const mixed = Array.from({ length: 2_100 }, (_, i) => (i % 21 === 0 ? present : stranger));
		const kinds = await kindsOf(mixed.map(judge));
		expect(kinds.filter((kind) => kind === 'genuine')).toHaveLength(100);
		expect(kinds.filter((kind) => kind === 'forged')).toHaveLength(2_000);
		expect(server.asked).toBe(1);
	});

	it('of what is no callback at all makes them not be fetched', async () => {
		const { send, ...server } = keyServer(present.jwk);
		const keySet = new KeySet(new VirtualClock());
		for (let i = 0; i < 2_000; i++) {
			expect((await keySet.judge({}, Buffer.from('{}'), send)).kind).toBe('malformed');
		}
		expect(server.asked).toBe(0);
	});
});

describe('while fal’s keys can’t be had, a callback is undecided and never accepted:', () => {
	const troubles: Array<[string, HttpOutcome]> = [
		['refused', { kind: 'unsent', reason: 'the connection was refused' }],
		['no answer in time', { kind: 'lost', reason: 'there was no complete answer after 8 seconds' }],
		['broken off', { kind: 'broken', status: 200, headers: {}, reason: 'the answer broke off' }],
		['HTTP 500', answer(500, { detail: 'Internal Server Error' })],
		['HTTP 302', answer(302, '', { location: 'https://example.com/jwks.json' })],
		['HTTP 404 with keys', answer(404, { keys: [present.jwk] })],
		['an empty answer', answer(200, '')],
		['a web page', answer(200, '<!doctype html>')],
		['half of it', answer(200, JSON.stringify({ keys: [present.jwk] }).slice(0, -9))],
		['text', answer(200, '"nothing"')],
		['a list', answer(200, [present.jwk])],
		['no list of keys', answer(200, { keys: present.jwk })],
		['no keys', answer(200, { keys: [] })],
		['keys of other kinds', answer(200, { keys: [{ kty: 'RSA', n: 'x', e: 'AQAB' }] })],
		['a key of a wrong length', answer(200, { keys: [{ ...present.jwk, x: 'AAAA' }] })],
		['a key that is no text', answer(200, { keys: [{ ...present.jwk, x: 7 }] })],
	];

	it.each(troubles)('%s', async (_, trouble) => {
		const { server, judge, pass } = scene(present.jwk);
		server.trouble = trouble;
		expect((await judge(present)).kind).toBe('undecided');
		// fal sends it again, at first every second; its key set is not asked for as often.
		expect(await kindsOf(many(10, present).map(judge))).toEqual(many(10, 'undecided'));
		expect(server.asked).toBe(1);
		server.trouble = undefined;
		await pass(MINUTE);
		expect((await judge(present)).kind).toBe('genuine');
	});

	it('also when those of yesterday are known', async () => {
		const { server, judge, pass } = scene(present.jwk);
		await judge(present);
		await pass(DAY);
		server.trouble = { kind: 'unsent', reason: 'the connection was refused' };
		expect(await judge(present)).toEqual({
			kind: 'undecided',
			reason: 'the connection was refused',
		});
	});
});
