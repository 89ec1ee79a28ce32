/** Schemas that nobody should publish: none may hold up n8n, which does one thing at a time. */
import { checkInput } from '../../../nodes/fal/inputSchema/check';
import { formFields } from '../../../nodes/fal/inputSchema/fields';
import { readInputSchema } from '../../../nodes/fal/inputSchema/openapi';
import { readSavedSchema, saveSchema } from '../../../nodes/fal/inputSchema/saved';
import { documentOf, type Json, object, type Schema, text } from './collection/shapes';

/** Milliseconds of CPU: many times what any of them takes, and less than a person would notice. */
const SOON = 2_000;

function cpu(): number {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1_000;
}

function formOf(input: Schema, components: Record<string, Schema> = {}) {
	const began = cpu();
	const schema = readInputSchema(
		documentOf({ id: 'a/b', category: '', input, components }),
		'a/b',
	)!;
	const fields = formFields(schema);
	const saved = saveSchema(schema);
	for (const value of [null, 'text', {}, nested(150)])
		checkInput(schema, { prompt: value, next: value });
	expect(cpu() - began).toBeLessThan(SOON);
	return { fields, schema, saved };
}

function nested(levels: number): Json {
	return levels === 0 ? 1 : { next: nested(levels - 1), all: [] };
}

const self: Schema = { $ref: '#/components/schemas/Self' };

describe('a schema that is', () => {
	it('a circle through its fields has a form', () => {
		const Self = object('Self', {
			prompt: text('Prompt'),
			next: self,
			all: { type: 'array', items: self },
		});
		const { fields } = formOf(Self, { Self });
		expect(fields.map(({ widget }) => widget)).toEqual(['text', 'object', 'list']);
	});

	it.each<[string, Schema]>([
		['refers to itself', self],
		['is all of itself', { allOf: [self, self] }],
		['is any of itself', { anyOf: [self, self, self, self] }],
		['is one of itself', { oneOf: [self, self], anyOf: [self, self] }],
		['is not itself', { not: self }],
	])('nothing but a circle: %s', (_, Self) => {
		const input = object('Input', { prompt: self, next: { anyOf: [self, self] } });
		expect(formOf(input, { Self }).fields).toHaveLength(2);
	});

	it('a circle with two ways on each level', () => {
		const Self: Schema = {
			anyOf: [
				{ type: 'object', properties: { next: self }, required: ['x'] },
				{ type: 'object', properties: { next: self }, required: ['y'] },
			],
		};
		expect(formOf(object('Input', { prompt: self, next: self }), { Self }).fields).toHaveLength(2);
	});

	it('nested 5,000 levels deep', () => {
		let deep: Schema = { type: 'string' };
		for (let level = 0; level < 5_000; level++)
			deep = { type: 'object', properties: { next: deep } };
		const { fields } = formOf(object('Input', { prompt: deep }));
		expect(fields).toHaveLength(1);
	});

	it('5 MB long, in fields', () => {
		const description = 'x'.repeat(450);
		const names = Array.from({ length: 10_000 }, (_, index) => `field_${index}`);
		const input = object(
			'Input',
			Object.fromEntries(names.map((name) => [name, text(name, { description })])),
		);
		expect(JSON.stringify(input).length).toBeGreaterThan(5_000_000);
		const { fields } = formOf(input);
		expect(fields).toHaveLength(200);
	});

	it('5 MB long, in choices: they are fal’s to judge', () => {
		const choices = Array.from({ length: 500_000 }, (_, index) => `choice ${index}`);
		const { fields, schema } = formOf(
			object('Input', { prompt: text('Prompt', { enum: choices }) }),
		);
		expect(fields).toMatchObject([{ widget: 'text' }]);
		expect(checkInput(schema, { prompt: 'choice 499999' })).toEqual([]);
	});

	it('a chain of 3,000 definitions', () => {
		const names = Array.from({ length: 3_000 }, (_, index) => `D${index}`);
		const components = Object.fromEntries(
			names.map((name, index): [string, Schema] => [
				name,
				{ $ref: `#/components/schemas/D${index + 1}` },
			]),
		);
		const input = object('Input', { prompt: { $ref: '#/components/schemas/D0' } });
		expect(formOf(input, components).fields).toMatchObject([{ widget: 'text' }]);
	});

	it('a pattern on which a regular expression would take for ever', () => {
		for (const pattern of ['^(a+)+$', '^(a|a)*$', '((a)*)*', '^a*a*a*a*a*$', '(', '(a*)\\1*b']) {
			const { schema } = formOf(object('Input', { prompt: text('Prompt', { pattern }) }));
			const began = cpu();
			expect(checkInput(schema, { prompt: `${'a'.repeat(900)}!` })).toEqual([]);
			expect(cpu() - began).toBeLessThan(SOON);
		}
	});

	it.each<[string, unknown]>([
		['null', null],
		['a text', 'text'],
		['an empty object', {}],
		['a page of another kind', { paths: [] }],
		['one without an input', { paths: { '/a/b': { post: {} } } }],
	])('none: %s', (_, document) => {
		expect(readInputSchema(document, 'a/b')).toBeUndefined();
	});

	it('full of what is no schema is one that allows everything', () => {
		const odd = {
			type: 7,
			enum: 'x',
			properties: { prompt: 5, next: { minimum: 'a', items: 3, anyOf: {} } },
		};
		const { schema } = formOf(odd as unknown as Schema);
		expect(checkInput(schema, { prompt: 1, next: [] })).toEqual([]);
	});
});

describe('fields with the names of what every object has', () => {
	const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
	const input = JSON.parse(
		JSON.stringify(object('Input', { prompt: text('Prompt') })).replace(
			'"properties":{',
			`"properties":{${names.map((name) => `"${name}":{"type":"integer"}`).join(',')},`,
		),
	) as Schema;

	it('are fields like others', () => {
		const { fields, schema } = formOf(input);
		expect(fields.map(({ name }) => name)).toEqual(['prompt', ...names]);
		const given = JSON.parse('{"__proto__": "x", "constructor": "y"}');
		expect(checkInput(schema, given)).toHaveLength(2);
		expect(checkInput(schema, {})).toEqual([]);
	});
});

describe('the schema as it is kept in the node', () => {
	const { saved } = formOf(
		object('Input', { prompt: text('Prompt', { maxLength: 3 }) }, ['prompt']),
	);

	it('is read again, for its model only', () => {
		expect(checkInput(readSavedSchema(saved, 'a/b')!, { prompt: 'long' })).toHaveLength(1);
		expect(readSavedSchema(saved, 'a/c')).toBeUndefined();
	});

	it.each([undefined, 5, '', '{', 'null', '{"model":"a/b"}', 'x'.repeat(200_000)])(
		'is none: %s',
		(text) => {
			expect(readSavedSchema(text, 'a/b')).toBeUndefined();
		},
	);

	it('is not kept if it is large', () => {
		const names = Array.from(
			{ length: 3_000 },
			(_, index) => `a_rather_long_name_of_a_field_${index}`,
		);
		const large = object(
			'Input',
			Object.fromEntries(names.map((name) => [name, text('', { maxLength: 3 })])),
		);
		expect(formOf(large).saved).toBeUndefined();
	});
});
