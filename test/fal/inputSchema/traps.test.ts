/** n8n's own rules for the values of a form, none of which may decide on what is paid for (reference: n8n's validateFieldType). */
import { checkInput } from '../../../nodes/fal/inputSchema/check';
import { complaintAbout } from '../../../nodes/fal/inputSchema/complaint';
import { convertInput, isLeftOut, unknownFields } from '../../../nodes/fal/inputSchema/convert';
import { readInputSchema } from '../../../nodes/fal/inputSchema/openapi';
import {
	type Published,
	type Schema,
	documentOf,
	imageSize,
	ImageSize,
	list,
	nullable,
	object,
	text,
} from './collection/shapes';

const published: Published = {
	id: 'acme/traps',
	category: 'test',
	components: { ImageSize },
	input: object(
		'Traps',
		{
			prompt: text('Prompt'),
			seed: nullable({ type: 'integer' }),
			num_images: { type: 'integer', minimum: 1, maximum: 4, default: 1 },
			guidance_scale: { type: 'number', minimum: 0, maximum: 20 },
			duration: { type: 'string', enum: ['5', '10'] },
			texture_size: { type: 'integer', enum: [512, 1024] },
			enable_safety_checker: { type: 'boolean', default: true },
			image_size: imageSize(),
			image_url: text('Image URL'),
			image_urls: list('Image URLs', { type: 'string' }),
			starts_on: { type: 'string', format: 'date' },
			starts_at: { type: 'string', format: 'date-time' },
		},
		['prompt'],
	),
};

const schema = readInputSchema(documentOf(published), published.id)!;

const converted = (fields: Record<string, unknown>) =>
	convertInput(schema, { prompt: 'a', ...fields });
const complaint = (fields: Record<string, unknown>) =>
	complaintAbout(checkInput(schema, converted(fields)));

describe('a value of the form', () => {
	it.each([
		['the number 5 for the choice "5"', { duration: 5 }, { duration: '5' }],
		['the text "512" for the choice 512', { texture_size: '512' }, { texture_size: 512 }],
		['a number as text', { num_images: ' 2 ' }, { num_images: 2 }],
		['a fraction as text', { guidance_scale: '3.5' }, { guidance_scale: 3.5 }],
		['a number where a text is wanted', { prompt: 42 }, { prompt: '42' }],
		[
			'a text that looks like a number, where a text is wanted',
			{ prompt: '042' },
			{ prompt: '042' },
		],
		['a switch as text', { enable_safety_checker: 'FALSE' }, { enable_safety_checker: false }],
		['an object in a list of choices', { image_size: { width: 9 } }, { image_size: { width: 9 } }],
		['the same object as JSON', { image_size: '{"width":9}' }, { image_size: { width: 9 } }],
		['a choice of that list', { image_size: 'square' }, { image_size: 'square' }],
		['no https:// in front of a name', { image_url: 'x.png' }, { image_url: 'x.png' }],
		['a list as JSON', { image_urls: '["a", "b"]' }, { image_urls: ['a', 'b'] }],
		[
			'a day from the date picker',
			{ starts_on: '2026-11-24T00:00:00' },
			{ starts_on: '2026-11-24' },
		],
		[
			'a moment without a zone',
			{ starts_at: '2026-11-24T08:30:00' },
			{ starts_at: '2026-11-24T08:30:00Z' },
		],
		[
			'a moment with a zone',
			{ starts_at: '2026-11-24T08:30:00+02:00' },
			{ starts_at: '2026-11-24T08:30:00+02:00' },
		],
		['a Date', { starts_at: new Date(0) }, { starts_at: '1970-01-01T00:00:00.000Z' }],
	])('is what the model asks for: %s', (_, given: object, expected: object) => {
		expect(converted({ ...given })).toEqual({ prompt: 'a', ...expected });
		expect(complaint({ ...given })).toBe('');
	});

	it('keeps all digits of a seed', () => {
		const written = JSON.stringify(converted({ seed: '9007199254740993' }));
		expect(written.replaceAll('"', '')).toBe('{prompt:a,seed:9007199254740993}');
		expect(complaint({ seed: '9007199254740993' })).toBe('');
	});

	// n8n has rounded it before the node sees it.
	it('that has lost digits already is refused', () => {
		expect(() => converted({ seed: Number('9007199254740993') })).toThrow(
			/^"seed" is 9007199254740992, a number of which n8n keeps no more than 16 digits/,
		);
	});

	it.each([['', null, undefined]])(
		'is left out when nothing is in it, and no 0 or false',
		(...empty) => {
			expect(empty.map(isLeftOut)).toEqual([true, true, true]);
			expect([0, false, ' ', []].map(isLeftOut)).toEqual([false, false, false, false]);
		},
	);
});

describe('a mistake names field, value and what is allowed', () => {
	it.each([
		[{ num_images: 7 }, '"num_images" is 7, but must be a whole number from 1 to 4.'],
		[{ num_images: '7' }, '"num_images" is 7, but must be a whole number from 1 to 4.'],
		[{ num_images: 1.5 }, '"num_images" is 1.5, but must be a whole number from 1 to 4.'],
		[{ num_images: 'two' }, '"num_images" is "two", but must be a whole number from 1 to 4.'],
		[{ num_images: '' }, '"num_images" is "", but must be a whole number from 1 to 4.'],
		[{ num_images: '0x2' }, '"num_images" is "0x2", but must be a whole number from 1 to 4.'],
		[{ num_images: true }, '"num_images" is true, but must be a whole number from 1 to 4.'],
		[{ guidance_scale: 21 }, '"guidance_scale" is 21, but must be a number from 0 to 20.'],
		[{ duration: 6 }, '"duration" is "6", but must be "5" or "10".'],
		[{ texture_size: '513' }, '"texture_size" is 513, but must be 512 or 1024.'],
		[
			{ enable_safety_checker: 'no' },
			'"enable_safety_checker" is "no", but must be true or false.',
		],
		[{ enable_safety_checker: 1 }, '"enable_safety_checker" is 1, but must be true or false.'],
		[{ prompt: ['a'] }, '"prompt" is ["a"], but must be text.'],
		[{ prompt: undefined }, '"prompt" is missing: it must be text.'],
		[{ image_urls: 'https://a' }, '"image_urls" is "https://a", but must be a list, each text.'],
		[{ image_urls: [1] }, '"image_urls[0]" is 1, but must be text.'],
		[
			{ image_size: { width: 0 } },
			'"image_size.width" is 0, but must be a whole number above 0 and up to 14142.',
		],
		[
			{ image_size: 'huge' },
			'"image_size" is "huge", but must be an object with width, height, or "square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3" or "landscape_16_9".',
		],
	])('%j', (fields, sentence) => {
		expect(complaint(fields)).toBe(sentence);
	});

	it('and those of all fields, up to five', () => {
		const all = complaint({
			num_images: 0,
			guidance_scale: -1,
			duration: 1,
			texture_size: 1,
			image_url: 1,
			starts_on: [],
			image_urls: {},
		});
		expect(all.match(/but must be/g)).toHaveLength(5);
		expect(all).toMatch(/And 1 more\.$/);
	});

	it('without showing more of a long value than its beginning', () => {
		expect(complaint({ duration: 'x'.repeat(5_000) }).length).toBeLessThan(200);
	});
});

// What a person wrote as JSON is sent as it is, and fal's models read numbers and switches from text.
describe('an input that was given as JSON', () => {
	const lenient = (fields: object) =>
		checkInput(schema, { prompt: 'a', ...fields }, { takesNumbersAsText: true });

	it.each([{ num_images: '2' }, { guidance_scale: '1e1' }, { enable_safety_checker: 'true' }])(
		'may have its numbers as text: %j',
		(fields) => {
			expect(lenient(fields)).toEqual([]);
		},
	);

	it.each([
		{ num_images: '7' },
		{ num_images: '' },
		{ num_images: '1.5' },
		{ duration: 5 },
		{ enable_safety_checker: 'no' },
	])('may not have what fal refuses as well: %j', (fields) => {
		expect(lenient(fields)).toHaveLength(1);
	});
});

it('fields that the model does not know are told, and no mistakes', () => {
	const input = { prompt: 'a', promt: 'b', constructor: 1 };
	expect(unknownFields(schema, input)).toEqual(['promt', 'constructor']);
	expect(checkInput(schema, input)).toEqual([]);
});

it.each([
	[-1, true],
	[0.5, true],
	[5, false],
	['x', false],
])('of what is one of two, it is not both: %j', (value, isAllowed) => {
	const either: Schema = { oneOf: [{ type: 'integer', minimum: 0 }, { type: 'number' }] };
	const input = object('Input', { either });
	const one = readInputSchema(documentOf({ id: 'a/b', category: '', input }), 'a/b')!;
	expect(checkInput(one, { either: value }).length === 0).toBe(isAllowed);
});
