/** The reference of the nodes says what their panels say, and names every field that their items may have. */
import { readFileSync } from 'node:fs';
import { FIELDS_OF_A_JOB } from '../../nodes/n8n/inputFields';
import { nodePages } from './pages';

it.each(nodePages())(
	'$path is as the nodes are; `npm run docs` makes it so',
	({ text, wanted }) => {
		expect(text).toBe(wanted);
	},
);

it.each([...FIELDS_OF_A_JOB])('docs/nodes says what %s is', (field) => {
	const pages = ['fal-batch', 'fal-queue-status'].map((name) =>
		readFileSync(`docs/nodes/${name}.md`, 'utf8'),
	);
	expect(pages.join('\n')).toContain(`| \`${field}\` |`);
});
