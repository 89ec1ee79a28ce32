import fc from 'fast-check';
import { parse } from 'lossless-json';
import type * as Json from '../../nodes/fal/json';
import { canonicalJson, parseInputJson, parseJson } from '../../nodes/fal/json';
import { SEED as RANDOM_SEED } from '../long';

const SEED = '196619188014358660';
/** More digits than a number has, but no integer: nothing of it is lost that mattered. */
const LONG_FRACTION = Number('0.12345678901234567');

describe('reading what fal sent', () => {
	it.each([
		{ text: `{"seed": ${SEED}}`, value: { seed: SEED } },
		{ text: `{"seed": -${SEED}}`, value: { seed: `-${SEED}` } },
		{ text: `{"a": [{"b": ${SEED}}, 1]}`, value: { a: [{ b: SEED }, 1] } },
		{ text: SEED, value: SEED },
		{ text: '18446744073709551615', value: '18446744073709551615' },
		// The largest number that is still exact, and the first one that is not.
		{ text: '9007199254740991', value: 9007199254740991 },
		{ text: '9007199254740992', value: '9007199254740992' },
		{ text: '-9007199254740991', value: -9007199254740991 },
	])('$text keeps its digits', ({ text, value }) => {
		expect(parseJson(text)).toEqual({ value });
	});

	it.each([
		{ text: '{"time": 0.12345678901234567}', value: { time: LONG_FRACTION } },
		{ text: '{"big": 1e20}', value: { big: 1e20 } },
		{ text: `{"prompt": "call ${SEED}"}`, value: { prompt: `call ${SEED}` } },
		{ text: '{"n": null, "t": true, "e": [], "o": {}}', value: { n: null, t: true, e: [], o: {} } },
		{ text: ' [1, 2] ', value: [1, 2] },
		{ text: 'null', value: null },
	])('$text is what it always was', ({ text, value }) => {
		expect(parseJson(text)).toEqual({ value });
	});

	// Next to a large number another parser is at work: it must not read all else differently.
	it.each(['{"a": "\\u00e9\\n\\"", "b": [true, null, -0.5e3]}', '{"a": {"a": {"a": [[[]]]}}}'])(
		'%s is the same next to a large number',
		(text) => {
			expect(parseJson(`[${text}, ${SEED}]`)).toEqual({ value: [JSON.parse(text), SEED] });
		},
	);

	it.each([
		'',
		'   ',
		'{"seed": 1',
		'<html></html>',
		'undefined',
		`{"seed": ${SEED}`,
		`{"seed": ${SEED},}`,
		`${SEED} ${SEED}`,
		`{seed: ${SEED}}`,
	])('%j is no JSON', (text) => {
		expect(parseJson(text)).toBeUndefined();
	});
});

describe('beside a parser that knows large numbers', () => {
	const isLarge = (digits: string) =>
		/^-?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits));
	const lossless = (text: string) => {
		try {
			const options = {
				parseNumber: (digits: string) => (isLarge(digits) ? digits : Number(digits)),
			};
			return { value: parse(text, undefined, options) };
		} catch {
			return undefined;
		}
	};

	const digits = fc.array(fc.constantFrom(...'0123456789'), { minLength: 1, maxLength: 25 });
	const number = fc
		.tuple(
			fc.constantFrom('', '-'),
			digits.map((all) => all.join('').replace(/^0+(?=.)/, '')),
			fc.oneof(
				fc.constant(''),
				digits.map((all) => `.${all.join('')}`),
			),
			fc.oneof(
				fc.constant(''),
				fc
					.tuple(fc.constantFrom('e', 'E', 'e-', 'E+'), fc.integer({ min: 0, max: 300 }))
					.map((all) => all.join('')),
			),
		)
		.map((parts) => parts.join(''));
	const string = fc
		.array(
			fc.oneof(
				digits.map((all) => all.join('')),
				fc.constantFrom(
					'"',
					'\\',
					'\\"',
					':',
					',',
					'{',
					'[',
					'-',
					'é',
					'\n',
					' 12345678901234567890 ',
				),
				fc.string(),
			),
		)
		.map((all) => JSON.stringify(all.join('')));
	const { json } = fc.letrec<{ json: string }>((tie) => ({
		json: fc.oneof(
			{ maxDepth: 4 },
			number,
			string,
			fc.constantFrom('null', 'true', 'false'),
			fc.array(tie('json')).map((all) => `[${all.join(' , ')}]`),
			fc
				.uniqueArray(fc.tuple(string, tie('json')), { selector: ([name]) => name })
				.map((all) => `{${all.map(([name, value]) => `${name} :${value}`).join(',')}}`),
		),
	}));

	it('reads the same from any JSON', () => {
		fc.assert(
			fc.property(json, (text) => expect(parseJson(text)).toEqual(lossless(text))),
			{ numRuns: 5_000, seed: RANDOM_SEED },
		);
	});

	// A character less, more, or another one: what is no JSON for the one is none for the other.
	it('takes the same for JSON', () => {
		const spoilt = fc
			.tuple(
				json,
				fc.nat(),
				fc.constantFrom('', '"', ':', ',', '}', ']', '1', '-', '.', 'e', '12345678901234567890'),
				fc.nat(1),
			)
			.map(([text, where, what, without]) => {
				const at = where % (text.length + 1);
				return text.slice(0, at) + what + text.slice(at + without);
			});
		fc.assert(
			fc.property(spoilt, (text) => {
				let isJson = true;
				try {
					JSON.parse(text);
				} catch {
					isJson = false;
				}
				expect(parseJson(text) !== undefined).toBe(isJson);
				// The other parser takes a few things more than JSON has.
				const told = isJson ? (lossless(text) ?? parseJson(text)) : undefined;
				expect(parseJson(text)).toEqual(told);
			}),
			{ numRuns: 5_000, seed: RANDOM_SEED },
		);
	});

	it.each([
		'{12345678901234567890: 1}',
		'{"a": 1, 12345678901234567890 : 1}',
		'[01234567890123456789]',
		'[-01234567890123456789]',
	])('%s is no JSON', (text) => expect(parseJson(text)).toBeUndefined());

	it('an answer of 10 MB with a large seed is read in a fraction of a second', () => {
		const image = `data:image/png;base64,${'A1b2C3d4'.repeat(1_250_000)}`;
		const text = `{"image": "${image}", "seed": ${SEED}}`;
		const before = process.cpuUsage();
		expect(parseJson(text)).toEqual({ value: { image, seed: SEED } });
		const { user, system } = process.cpuUsage(before);
		process.stdout.write(
			`10 MB with a large seed: ${Math.round((user + system) / 1_000)} ms of CPU\n`,
		);
		// A quarter of a second on our machine; a slow one may need some more.
		expect(user + system).toBeLessThan(2_000_000);
	});
});

describe('reading what is to be sent', () => {
	it('leaves what is exact as it is', () => {
		expect(parseInputJson('{"seed": 42, "scale": 0.12345678901234567}')).toEqual({
			value: { seed: 42, scale: LONG_FRACTION },
		});
	});

	it('is no JSON: nothing is read', () => {
		expect(parseInputJson('{"prompt": "a "cat""}')).toBeUndefined();
	});

	describe.each([
		{ node: 'a Node that has JSON.rawJSON', rawJSON: rawJsonOrStandIn(), sent: SEED },
		// As text, which fal's models (pydantic) read as a number.
		{ node: 'a Node that has none', rawJSON: undefined, sent: `"${SEED}"` },
	])('in $node', ({ rawJSON, sent }) => {
		const original = Object.getOwnPropertyDescriptor(JSON, 'rawJSON');
		let json: typeof Json;

		beforeAll(() => {
			Object.defineProperty(JSON, 'rawJSON', { value: rawJSON, configurable: true });
			jest.isolateModules(() => {
				json = jest.requireActual<typeof Json>('../../nodes/fal/json');
			});
		});

		afterAll(() => {
			if (original) Object.defineProperty(JSON, 'rawJSON', original);
			else Reflect.deleteProperty(JSON, 'rawJSON');
		});

		it('a large seed is sent with all its digits', () => {
			const parsed = json.parseInputJson(`{"a": {"seed": ${SEED}}, "b": [-1, ${SEED}]}`);
			const text = JSON.stringify(parsed?.value, standInAsJson);
			expect(text.replaceAll(/"RAW:(\d+)"/g, '$1')).toBe(`{"a":{"seed":${sent}},"b":[-1,${sent}]}`);
		});

		it('a large seed is the same in every form', () => {
			const parsed = json.parseInputJson(`{"seed": ${SEED}}`)?.value;
			expect(json.canonicalJson(parsed)).toBe(`{"seed":"${SEED}"}`);
			expect(json.canonicalJson({ seed: SEED })).toBe(`{"seed":"${SEED}"}`);
			expect(json.canonicalJson({ seed: Number(SEED) })).toBe(`{"seed":"${Number(SEED)}"}`);
		});
	});
});

describe('the canonical text of a value', () => {
	it.each([
		{ value: { b: 1, a: { d: 2, c: 3 } }, text: '{"a":{"c":3,"d":2},"b":1}' },
		{ value: [{ b: 1, a: 2 }, 3, [4]], text: '[{"a":2,"b":1},3,[4]]' },
		{ value: { 10: 'x', 9: 'y', a: 'z' }, text: '{"9":"y","10":"x","a":"z"}' },
		{ value: { a: undefined, b: null }, text: '{"b":null}' },
		{ value: { B: 1, a: 2, é: 3, _: 4 }, text: '{"B":1,"_":4,"a":2,"é":3}' },
		{ value: {}, text: '{}' },
		{ value: 'a', text: '"a"' },
		{
			value: { f: 0.1, e: 1e21, n: -0, s: 9007199254740991 },
			text: '{"e":1e+21,"f":0.1,"n":0,"s":9007199254740991}',
		},
	])('$text has its fields in order', ({ value, text }) => {
		expect(canonicalJson(value)).toBe(text);
	});

	it('takes a field named __proto__ for what it is', () => {
		const value: unknown = JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}');
		expect(canonicalJson(value)).toBe('{"__proto__":{"c":2,"d":1},"b":1}');
	});

	it('leaves the value as it is', () => {
		const value = { b: 1, a: 2 };
		canonicalJson(value);
		expect(Object.keys(value)).toEqual(['b', 'a']);
	});
});

/** `JSON.rawJSON` where this Node has it, else something of which the test can tell that it was used. */
function rawJsonOrStandIn(): unknown {
	const own: unknown = Reflect.get(JSON, 'rawJSON');
	return own ?? ((text: string) => Object.freeze({ standInFor: text, rawJSON: text }));
}

function standInAsJson(_: string, value: unknown): unknown {
	const isStandIn = typeof value === 'object' && value !== null && 'standInFor' in value;
	return isStandIn ? `RAW:${String(value.standInFor)}` : value;
}
