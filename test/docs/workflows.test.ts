/** Every workflow that can be imported is run by a scenario in the real n8n, and says what to change. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'docs/workflows';
const SCENARIOS = 'test/real-n8n';
/** They take pictures, and assert nothing. */
const NO_TESTS = ['screenshots.ts', 'start.ts'];

interface Node {
	readonly name: string;
	readonly type: string;
	readonly parameters: { readonly content?: string };
}

interface Workflow {
	readonly nodes: readonly Node[];
	/** From a node, by kind, by output. */
	readonly connections: Readonly<
		Record<string, Readonly<Record<string, ReadonlyArray<ReadonlyArray<{ node: string }>>>>>
	>;
}

const workflows = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
const text = (name: string) => readFileSync(join(FOLDER, `${name}.json`), 'utf8');

/** The names that scenarios, and what they import, read. */
const read = new Set(
	readdirSync(SCENARIOS, { recursive: true, encoding: 'utf8' })
		.filter((file) => file.endsWith('.ts') && !NO_TESTS.includes(file))
		.map((file) => readFileSync(join(SCENARIOS, file), 'utf8'))
		.flatMap((source) => [
			...source.matchAll(/readWorkflow\('([\w-]+)'\)|'workflows', '([\w-]+)\.json'/g),
		])
		.map(([, read1, read2]) => read1 ?? read2),
);

const pages = ['../README.md', ...readdirSync('docs', { recursive: true, encoding: 'utf8' })]
	.filter((file) => file.endsWith('.md'))
	.map((file) => readFileSync(join('docs', file), 'utf8'));

it('there are workflows', () => {
	expect(workflows).toContain('night-run');
	expect(read.size).toBeGreaterThan(10);
});

describe.each(workflows)('%s', (name) => {
	const { nodes, connections } = JSON.parse(text(name)) as Workflow;
	const notes = nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote');

	it('is run by a scenario', () => {
		expect([...read]).toContain(name);
	});

	it('connects nodes that are there, and reads from such ones', () => {
		const ends = Object.entries(connections).flatMap(([from, kinds]) => [
			from,
			...Object.values(kinds)
				.flat(2)
				.map(({ node }) => node),
		]);
		const quoted = [...text(name).matchAll(/\$\('([^']+)'\)/g)].map(([, node]) => node!);
		const names = nodes.map((node) => node.name);
		expect([...ends, ...quoted].filter((end) => !names.includes(end))).toEqual([]);
	});

	it('is linked from a page', () => {
		expect(pages.some((page) => page.includes(`workflows/${name}.json`))).toBe(true);
	});

	it('has notes that say what to change', () => {
		expect(notes.map(({ parameters }) => parameters.content).join('\n')).toMatch(
			/\*\*To change:\*\*/,
		);
	});

	// The local fal refuses this word, and fal does not.
	it('does not play on the local fal', () => {
		expect(text(name)).not.toMatch(/forbidden|local fal/i);
	});

	it('brings no credential along', () => {
		expect(text(name)).not.toContain('"credentials"');
	});
});
