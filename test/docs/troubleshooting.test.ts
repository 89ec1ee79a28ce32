/** docs/troubleshooting.md has every message and every type of error that the nodes can show. */
import { readFileSync } from 'node:fs';
import { MODEL_ERRORS, REQUEST_ERRORS } from '../local-fal/errors';
import { FIELDS_OF_A_JOB } from '../../nodes/n8n/inputFields';
import { firmPart, sayingsIn } from './saying';

const page = readFileSync('docs/troubleshooting.md', 'utf8').replace(/\s+/g, ' ');
const { sentences, words } = sayingsIn('nodes');

/** Nobody sees them as a message: words in the HTML report, labels in the form, and what a mistake of ours would say. */
const NOT_MESSAGES = [
	/^nodes\/report\//,
	/^nodes\/fal\/inputSchema\/fields\.ts$/,
	/^nodes\/n8n\/fromAgent\.ts$/,
	/^nodes\/FalBatch\/properties\.ts$/,
	// "Not one of fal's addresses": our own code asked for another host.
	/^nodes\/fal\/hosts\.ts$/,
];

/** Never said: a stand-in for fal's history where there is none, and the name of an error that is caught. */
const NEVER_SAID = ['it is not known where it is', 'it is only asked', 'file with the SHA-256'];

/** Words with an underscore that are no types of errors, by what they are. */
const NOT_TYPES = new Set([
	// Fields of items, of inputs, and of fal's answers.
	...FIELDS_OF_A_JOB,
	'duration_seconds',
	'endpoint_id',
	'max_images',
	'num_images',
	'num_outputs',
	'num_samples',
	'num_seconds',
	'num_videos',
	'seconds_total',
	// Outcomes; docs/nodes/fal-batch.md has them.
	'not_submitted',
	'timed_out',
	// Where a cost is from; docs/cost.md has them.
	'historical_api_price',
	'no_charge',
	'paid_before',
	// Cases of our own unions.
	'left_out',
	'left_running',
	'likely_error',
	'not_heard',
	'not_known',
	'own_error',
	'taken_before',
	'under_way',
]);

const messages = sentences.filter(
	(sentence) =>
		!NOT_MESSAGES.some((place) => place.test(sentence.file)) &&
		!NEVER_SAID.includes(firmPart(sentence)),
);
const types = [
	...new Set([
		...words.map(({ parts }) => parts[0]!),
		...Object.keys(REQUEST_ERRORS),
		...Object.keys(MODEL_ERRORS),
	]),
].filter((word) => !NOT_TYPES.has(word));

it('the sources are read', () => {
	expect(messages.length).toBeGreaterThan(150);
	expect(types).toEqual(expect.arrayContaining(['unauthorized', 'spend_limit', 'not_reached']));
});

it('every message is on the page', () => {
	const missing = messages.filter((message) => !page.includes(firmPart(message)));
	expect(missing.map(({ file, parts }) => `${file}: ${parts.join('…')}`)).toEqual([]);
});

it('every type of error is on the page', () => {
	expect(types.filter((type) => !page.includes(`\`${type}\``))).toEqual([]);
});
