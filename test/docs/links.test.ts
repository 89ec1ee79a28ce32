/** What a page links to is there: files of this repository, and headings in them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const pages = execFileSync(
	'git',
	['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
	{
		encoding: 'utf8',
	},
)
	.split('\n')
	.filter((path) => path !== '' && existsSync(path));

/** As GitHub makes them. */
function anchorsOf(text: string): Set<string> {
	const headings = withoutCode(text).match(/^#{1,6} .+$/gm) ?? [];
	return new Set(
		headings.map((heading) =>
			heading
				.replace(/^#+ /, '')
				.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
				.toLowerCase()
				.replace(/[^\p{L}\p{N}\s_-]/gu, '')
				.replace(/\s/g, '-'),
		),
	);
}

function withoutCode(text: string): string {
	return text.replace(/^```[^]*?^```/gm, '');
}

function linksOf(text: string): string[] {
	const links = withoutCode(text)
		.replace(/`[^`\n]*`/g, '')
		.matchAll(/\]\(([^)\s]+)\)/g);
	return [...links].map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target));
}

it('there are pages', () => {
	expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/nodes/fal-batch.md']));
});

it.each(pages)('%s', (page) => {
	const broken = linksOf(readFileSync(page, 'utf8')).filter((link) => {
		const [file = '', anchor] = link.split('#');
		const path = file === '' ? page : normalize(join(dirname(page), file));
		if (!existsSync(path)) return true;
		if (anchor === undefined || statSync(path).isDirectory()) return false;
		return !anchorsOf(readFileSync(path, 'utf8')).has(anchor);
	});
	expect(broken).toEqual([]);
});
