/**
 * The form of each schema of the collection, with Ajv as the judge: what the form makes of what is filled in is
 * allowed by the original schema, and what the original schema refuses is refused before it is submitted.
 */
import Ajv2020 from 'ajv/dist/2020';
import fc from 'fast-check';
import { checkInput } from '../../../nodes/fal/inputSchema/check';
import { convertInput, isLeftOut } from '../../../nodes/fal/inputSchema/convert';
import { type FormField, formFields } from '../../../nodes/fal/inputSchema/fields';
import { readInputSchema } from '../../../nodes/fal/inputSchema/openapi';
import type { InputSchema } from '../../../nodes/fal/inputSchema/rule';
import { readSavedSchema, saveSchema } from '../../../nodes/fal/inputSchema/saved';
import { howMany, SEED } from '../../long';
import { COLLECTION, documentOf } from './collection';
import type { Json, Published } from './collection/shapes';
import { fieldsOf, requiredOf, Samples } from './samples';

type Input = { [name: string]: Json | undefined };

const SAMPLES = { numRuns: howMany('SAMPLES', { quick: 60, long: 3_000 }), seed: SEED };

const counts = { filledIn: 0, tried: 0, allowed: 0, refused: 0 };

function schemaOf(published: Published): InputSchema {
	const schema = readInputSchema(documentOf(published), published.id);
	if (!schema) throw new Error('no schema was found');
	return schema;
}

/** By the document as fal publishes it. */
function judgeOf(published: Published): (input: Input) => boolean {
	const ajv = new Ajv2020({ strict: false, validateFormats: false });
	ajv.addSchema(documentOf(published), 'document');
	const judge = ajv.compile({ $ref: 'document#/components/schemas/ModelInput' });
	return (input) => judge(input) === true;
}

/** What the widgets of n8n give, and expressions in their place. */
function asFilledIn(field: FormField, value: Json): fc.Arbitrary<Json> {
	switch (field.widget) {
		case 'number':
			return fc.constantFrom(value, typeof value === 'number' ? String(value) : value);
		case 'switch':
			return fc.constantFrom(
				value,
				typeof value === 'boolean' ? String(value).toUpperCase() : value,
			);
		case 'choice':
			return fc.constantFrom(value, alike(value));
		case 'list':
		case 'object':
			return fc.constantFrom(value, value === null ? null : JSON.stringify(value, null, 2));
		default:
			return fc.constant(
				typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
			);
	}
}

/** The choice '5' is 5 in a table, and the other way round. */
function alike(choice: Json): Json {
	if (typeof choice === 'number') return String(choice);
	return typeof choice === 'string' && String(Number(choice)) === choice ? Number(choice) : choice;
}

function isFormOf(published: Published, schema: InputSchema): fc.Arbitrary<Input> {
	const fields = new Map(formFields(schema).map((field) => [field.name, field]));
	const { allowed, required } = new Samples(published);
	// What is required is filled in.
	const filledIn = allowed.filter((input) => required.every((name) => !isLeftOut(input[name])));
	return filledIn.chain((input) =>
		fc
			.tuple(...Object.entries(input).map(([name, value]) => asFilledIn(fields.get(name)!, value)))
			.map((values) =>
				Object.fromEntries(Object.keys(input).map((name, index) => [name, values[index]!])),
			),
	);
}

const withoutLeftOut = (values: Input) =>
	Object.fromEntries(Object.entries(values).filter(([, value]) => !isLeftOut(value)));

function asConverted(schema: InputSchema, input: Input): Input | 'lost digits' {
	const isLost = (value: unknown) => Number.isInteger(value) && !Number.isSafeInteger(value);
	try {
		return convertInput(schema, input) as Input;
	} catch (error) {
		expect(Object.values(input).some(isLost)).toBe(true);
		expect(error).toMatchObject({ message: expect.stringContaining('the others are lost') });
		return 'lost digits';
	}
}

describe.each(COLLECTION.map((published) => [published.id, published] as const))(
	'%s',
	(_, published) => {
		const schema = schemaOf(published);
		const saved = readSavedSchema(saveSchema(schema), published.id)!;
		const judge = judgeOf(published);

		it('becomes a form with all its fields, in fal’s order, the required ones marked', () => {
			const form = formFields(schema);
			expect(form.map(({ name }) => name)).toEqual(fieldsOf(published.input).map(([name]) => name));
			const required = form.filter((field) => field.isRequired).map(({ name }) => name);
			expect(required.sort()).toEqual(requiredOf(published.input).sort());
			for (const { label, widget, choices } of form) {
				expect(label.length).toBeLessThanOrEqual(150);
				expect(choices !== undefined).toBe(widget === 'choice');
			}
		});

		it('makes of what is filled in what the schema allows', () => {
			fc.assert(
				fc.property(isFormOf(published, schema), (filledIn) => {
					const input = convertInput(saved, withoutLeftOut(filledIn)) as Input;
					counts.filledIn++;
					expect(checkInput(saved, input)).toEqual([]);
					expect([input, judge(input)]).toEqual([input, true]);
				}),
				SAMPLES,
			);
		});

		it('refuses what the schema refuses, and nothing else', () => {
			fc.assert(
				fc.property(new Samples(published).any, fc.boolean(), (given, isConverted) => {
					const input = isConverted ? asConverted(saved, withoutLeftOut(given)) : given;
					// Refused although the schema allows it: it has been another number.
					if (input === 'lost digits') return;
					const isAllowed = checkInput(saved, input).length === 0;
					counts.tried++;
					if (isAllowed) counts.allowed++;
					else counts.refused++;
					expect([input, isAllowed]).toEqual([input, judge(input)]);
				}),
				SAMPLES,
			);
		});
	},
);

afterAll(() => {
	const { filledIn, tried, allowed, refused } = counts;
	console.log(
		`${COLLECTION.length} schemas; ${filledIn} forms filled in, all allowed by Ajv; ${tried} other inputs: ${allowed} allowed and ${refused} refused by Ajv and by the check alike`,
	);
});

it('the collection has 40 schemas at least', () => {
	expect(new Set(COLLECTION.map(({ id }) => id)).size).toBeGreaterThanOrEqual(40);
});
