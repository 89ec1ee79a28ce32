/** An option that the panel shows, and that nobody reads, is a promise that is not kept. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';
import { FalBatch } from '../../nodes/FalBatch/FalBatch.node';
import { FalQueueStatus } from '../../nodes/FalQueueStatus/FalQueueStatus.node';

const sources = readdirSync('nodes', { recursive: true, encoding: 'utf8' })
	.filter((file) => file.endsWith('.ts'))
	.map((file) => readFileSync(join('nodes', file), 'utf8'))
	.join('\n')
	// Where the field is declared.
	.replaceAll(/\bname: '\w+'/g, '');

function optionsOf({
	description: { properties },
}: {
	description: { properties: INodeProperties[] };
}) {
	const shown = properties.filter(({ name }) => name === 'options');
	return shown.flatMap(({ options = [] }) => options.map(({ name }) => name));
}

const names = [...new Set([new FalBatch(), new FalQueueStatus()].flatMap(optionsOf))];

it('there are options', () => expect(names.length).toBeGreaterThan(15));

it.each(names)('%s is read', (name) => {
	expect(sources).toMatch(new RegExp(`\\b${name}\\b`));
});
