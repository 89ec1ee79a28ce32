/** The pages of docs/nodes: written by hand, but for the blocks between two marks, which are the descriptions'. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksByPage } from './nodeReference';

export interface Page {
	readonly path: string;
	/** As it is on disk. */
	readonly text: string;
	/** As it should be. */
	readonly wanted: string;
}

/** @throws if a page lacks the marks of a block */
export function nodePages(): Page[] {
	return Object.entries(blocksByPage()).map(([name, blocks]) => {
		const path = join('docs', 'nodes', `${name}.md`);
		const text = readFileSync(path, 'utf8');
		let wanted = text;
		for (const [block, markdown] of Object.entries(blocks)) {
			const begin = `<!-- ${block}: made by "npm run docs" -->`;
			const end = `<!-- end of ${block} -->`;
			const from = wanted.indexOf(begin);
			const to = wanted.indexOf(end);
			if (from < 0 || to < from) throw new Error(`${path} lacks ${begin} ... ${end}`);
			wanted = `${wanted.slice(0, from + begin.length)}\n\n${markdown}\n\n${wanted.slice(to)}`;
		}
		return { path, text, wanted };
	});
}
