/** Callbacks are guilty until proven: only what fal signed, lately, about this very request, passes. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { readKeySet } from '../../nodes/fal/callback';
import { KeySet } from '../../nodes/fal/keySet';
import { VirtualClock } from '../engine/virtualClock';
import { keyPair, type RawCallback, signedCallback } from '../callbacks/signedCallbacks';
import { keyServer } from './keyServer';
import { SEED } from '../long';

const ALTERATIONS = 8_000;
const CHANGES = ['flip', 'remove', 'insert', 'repeat', 'cut'] as const;

const fal = keyPair();
const stranger = keyPair();
const clock = new VirtualClock();
const server = keyServer(fal.jwk);
const keySet = new KeySet(clock);

const judge = ({ headers, rawBody }: { headers: Record<string, unknown>; rawBody: Buffer }) =>
	keySet.judge(headers, rawBody, server.send);

const signed = (rest: Partial<Parameters<typeof signedCallback>[0]> = {}): RawCallback =>
	signedCallback({ key: fal.privateKey, sentAt: clock.now(), ...rest });

const withHeader = (name: string, value: unknown) => {
	const { headers, rawBody } = signed();
	return { headers: { ...headers, [name]: value }, rawBody };
};

describe('a callback that fal signed', () => {
	it('is genuine, with its request and its account', async () => {
		expect(await judge(signed())).toMatchObject({
			kind: 'genuine',
			callback: { requestId: 'req-1', userId: 'user-1', body: { status: 'OK' } },
		});
	});

	it('keeps all digits of an integer beyond 2^53', async () => {
		expect(await judge(signed())).toMatchObject({
			callback: { body: { payload: { seed: '196619188014358661' } } },
		});
	});

	it.each([-299_000, 299_000])('is genuine when it is %d ms old', async (age) => {
		const callback = signed({ sentAt: clock.now() - age });
		expect((await judge(callback)).kind).toBe('genuine');
	});

	it.each([-301_000, 301_000])('is none when it is %d ms old', async (age) => {
		const callback = signed({ sentAt: clock.now() - age });
		expect((await judge(callback)).kind).toBe('forged');
	});

	it('is none when its body is about another request than its headers', async () => {
		const callback = signed({ bodyRequestId: 'req-2' });
		expect((await judge(callback)).kind).toBe('forged');
	});

	it('is none when its body names no request', async () => {
		const callback = signed({ body: '{"status":"OK","payload":{}}' });
		expect((await judge(callback)).kind).toBe('forged');
	});
});

describe('a callback that somebody altered', () => {
	const parts = ['body', ...Object.keys(signed().headers)];

	const alteration = fc.record({
		part: fc.constantFrom(...parts),
		change: fc.constantFrom<(typeof CHANGES)[number]>(...CHANGES),
		at: fc.nat(),
		byte: fc.integer({ min: 1, max: 255 }),
	});

	it('anywhere, in any way, is not genuine', async () => {
		const tried = Object.fromEntries(parts.map((part) => [part, 0]));
		let taken = 0;
		await fc.assert(
			fc.asyncProperty(alteration, async ({ part, change, at, byte }) => {
				const { headers, rawBody } = signed();
				const before = part === 'body' ? rawBody : Buffer.from(headers[part]!, 'latin1');
				const after = altered(before, change, at, byte);
				// Nothing was altered, or only the case of the signature's hex digits.
				fc.pre(after.toString('latin1').toLowerCase() !== before.toString('latin1').toLowerCase());
				const callback =
					part === 'body'
						? { headers, rawBody: after }
						: { headers: { ...headers, [part]: after.toString('latin1') }, rawBody };
				tried[part]!++;
				const { kind } = await judge(callback);
				if (kind === 'genuine') taken++;
				expect(kind).not.toBe('genuine');
			}),
			{ numRuns: ALTERATIONS, seed: SEED },
		);
		const total = Object.values(tried).reduce((sum, count) => sum + count);
		process.stdout.write(
			`altered callbacks tried: ${total} (${JSON.stringify(tried)}), taken for genuine: ${taken}\n`,
		);
		expect(total).toBeGreaterThanOrEqual(5_000);
		expect(taken).toBe(0);
	});

	it('and signed with a key of their own is not genuine', async () => {
		expect((await judge(signed({ key: stranger.privateKey }))).kind).toBe('forged');
	});

	// Without that rule of RFC 8032 (section 5.1.7), a second valid signature could be made from a first.
	it('by adding the order of the group to its signature is not genuine', async () => {
		const { headers, rawBody } = signed();
		const signature = Buffer.from(headers['x-fal-webhook-signature']!, 'hex');
		const raised = littleEndian(signature.subarray(32)) + GROUP_ORDER;
		const twin = Buffer.concat([signature.subarray(0, 32), littleEndianBytes(raised)]);
		const callback = {
			headers: { ...headers, 'x-fal-webhook-signature': twin.toString('hex') },
			rawBody,
		};
		expect((await judge(callback)).kind).toBe('forged');
	});

	it('by taking the signature of another genuine one is not genuine', async () => {
		const other = signed({ requestId: 'req-2' }).headers['x-fal-webhook-signature'];
		expect((await judge(withHeader('x-fal-webhook-signature', other))).kind).toBe('forged');
	});
});

describe('what is no callback of fal’s at all is malformed:', () => {
	const signature = signed().headers['x-fal-webhook-signature']!;
	const seconds = signed().headers['x-fal-webhook-timestamp']!;

	it.each([
		['x-fal-webhook-signature', 'abc'],
		['x-fal-webhook-signature', ''],
		['x-fal-webhook-signature', signature.slice(2)],
		['x-fal-webhook-signature', `${signature}00`],
		['x-fal-webhook-signature', 'z'.repeat(128)],
		['x-fal-webhook-signature', `0x${signature.slice(2)}`],
		['x-fal-webhook-signature', Buffer.from(signature, 'hex').toString('base64')],
		['x-fal-webhook-timestamp', 'soon'],
		['x-fal-webhook-timestamp', ''],
		['x-fal-webhook-timestamp', 'NaN'],
		['x-fal-webhook-timestamp', `-${seconds}`],
		['x-fal-webhook-timestamp', `${seconds}.5`],
		['x-fal-webhook-timestamp', ` ${seconds}`],
		['x-fal-webhook-timestamp', '1e9'],
		// Milliseconds.
		['x-fal-webhook-timestamp', `${seconds}000`],
		['x-fal-webhook-request-id', '../x'],
		['x-fal-webhook-request-id', ''],
		['x-fal-webhook-user-id', ''],
		['x-fal-webhook-user-id', 'u'.repeat(201)],
		['x-fal-webhook-user-id', 'user-1\nreq-2'],
	])('%s as %j', async (name, value) => {
		expect((await judge(withHeader(name, value))).kind).toBe('malformed');
	});

	it.each(Object.keys(signed().headers))('%s missing', async (name) => {
		expect((await judge(withHeader(name, undefined))).kind).toBe('malformed');
	});

	it('no headers at all', async () => {
		expect((await judge({ headers: {}, rawBody: signed().rawBody })).kind).toBe('malformed');
	});

	it.each(['', '<html>', '{"status":', '[]', 'null', '7', '"OK"', '\u0000\u0001'])(
		'%j as its body, however well signed',
		async (body) => {
			expect((await judge(signed({ body }))).kind).toBe('malformed');
		},
	);
});

// Node joins two headers of a name with a comma; other servers give an array.
describe('a header given twice', () => {
	it.each(Object.keys(signed().headers))('%s: is never taken', async (name) => {
		const value = signed().headers[name]!;
		const joined = await judge(withHeader(name, `${value}, ${value}`));
		const listed = await judge(withHeader(name, [value, value]));
		expect(['malformed', 'forged']).toContain(joined.kind);
		expect(listed.kind).toBe('malformed');
	});
});

function altered(
	bytes: Buffer,
	change: (typeof CHANGES)[number],
	at: number,
	byte: number,
): Buffer {
	const place = at % bytes.length;
	const before = bytes.subarray(0, place);
	const here = bytes.subarray(place, place + 1);
	const after = bytes.subarray(place + 1);
	switch (change) {
		case 'flip':
			return Buffer.concat([before, Buffer.from([here[0]! ^ byte]), after]);
		case 'remove':
			return Buffer.concat([before, after]);
		case 'insert':
			return Buffer.concat([before, Buffer.from([byte]), here, after]);
		case 'repeat':
			return Buffer.concat([before, here, here, after]);
		case 'cut':
			return Buffer.from(before);
	}
}

/** Of Ed25519: RFC 8032, section 5.1. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function littleEndian(bytes: Buffer): bigint {
	return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function littleEndianBytes(value: bigint): Buffer {
	return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

describe('keys of small order', () => {
	const zeros = '00'.repeat(30);
	const ones = 'ff'.repeat(30);
	const points = [
		`00${zeros}00`,
		`01${zeros}00`,
		'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
		'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
		`ec${ones}7f`,
		`ed${ones}7f`,
		`ee${ones}7f`,
	].flatMap((hex) => {
		const point = Buffer.from(hex, 'hex');
		const otherSign = Buffer.from(point);
		otherSign[31]! ^= 0x80;
		return [point, otherSign];
	});
	const jwk = (point: Buffer) => ({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') });

	it.each(points.map((point) => ({ point })))('$point are no keys', ({ point }) => {
		expect(readKeySet({ keys: [jwk(point)] })).toBeUndefined();
		expect(readKeySet({ keys: [{ ...jwk(point), x: `${jwk(point).x}=` }] })).toBeUndefined();
	});

	it('leave the good ones beside them', () => {
		const { publicKey } = generateKeyPairSync('ed25519');
		const good = publicKey.export({ format: 'jwk' });
		expect(readKeySet({ keys: [jwk(points[0]!), good] })).toHaveLength(1);
	});
});
