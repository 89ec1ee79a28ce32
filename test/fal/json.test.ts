import type * as Json from '../../nodes/fal/json';
import { canonicalJson, parseInputJson, parseJson } from '../../nodes/fal/json';

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
