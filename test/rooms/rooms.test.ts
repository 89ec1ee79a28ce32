/** The picture of the rooms in docs/architecture.md shows the imports that there are, all of them and no others. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PICTURE = 'docs/architecture.md';

interface Cruise {
	readonly modules: ReadonlyArray<{
		readonly source: string;
		readonly dependencies: ReadonlyArray<{ readonly resolved: string }>;
	}>;
}

/** The node folders are drawn as one room; the small words of the engine as none, since everybody uses them. */
function roomOf(file: string): string | undefined {
	const [top, folder = '', room = ''] = file.split('/');
	if (top !== 'nodes') return top === 'credentials' ? top : undefined;
	if (folder.startsWith('Fal')) return 'nodes';
	if (folder !== 'engine') return folder;
	return room.endsWith('.ts') ? undefined : room;
}

function importsThatThereAre(): string[] {
	const config = 'test/rooms/dependency-cruiser.cjs';
	const cli = ['--config', config, '--output-type', 'json', 'nodes', 'credentials'];
	const text = execFileSync('node_modules/.bin/depcruise', cli, {
		encoding: 'utf8',
		maxBuffer: 100_000_000,
	});
	const { modules } = JSON.parse(text) as Cruise;
	const edges = modules.flatMap(({ source, dependencies }) =>
		dependencies.map(({ resolved }) => [roomOf(source), roomOf(resolved)] as const),
	);
	const drawn = edges.filter(([from, to]) => from && to && from !== to);
	return [...new Set(drawn.map(([from, to]) => `${from} --> ${to}`))].sort();
}

function importsThatAreDrawn(): string[] {
	const page = readFileSync(PICTURE, 'utf8');
	const picture = /```mermaid\n%% rooms[^]*?```/.exec(page)?.[0] ?? '';
	return (picture.match(/^\s*\w+ --> \w+$/gm) ?? []).map((line) => line.trim()).sort();
}

it('the rooms are drawn as they are', () => {
	const imports = importsThatThereAre();
	expect(imports.length).toBeGreaterThan(5);
	expect(importsThatAreDrawn()).toEqual(imports);
});
