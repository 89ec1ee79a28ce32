/**
 * What only the owner knows, and where it stands: author and repository, both in package.json. What repeats them
 * elsewhere (the links of nodes and credential, the licence) is written from there by `npm run release:owner`.
 */
import type { PackageJson, Project } from './project';

/** Names that nobody owns: until the owner has put in theirs. */
const PLACEHOLDER = {
	author: { name: 'The n8n-nodes-fal-queue founders', email: 'maintainers@n8n-nodes-fal-queue.example' },
	repository: 'n8n-nodes-fal-queue/n8n-nodes-fal-queue',
} as const;

/** The files that repeat what package.json says. */
export const OWNERS_PLACES = {
	links: /^(nodes\/.*\.node\.json|credentials\/.*\.ts)$/,
	licence: 'LICENSE.md',
} as const;

export function placeholdersIn({
	packageJson: { author, homepage = '' },
}: Pick<Project, 'packageJson'>): Array<keyof typeof PLACEHOLDER> {
	const placeholders: Array<keyof typeof PLACEHOLDER> = [];
	if (author?.email === PLACEHOLDER.author.email || author?.name === PLACEHOLDER.author.name) {
		placeholders.push('author');
	}
	if (homepage.endsWith(PLACEHOLDER.repository)) placeholders.push('repository');
	return placeholders;
}

export interface Owner {
	readonly author?: { readonly name: string; readonly email: string };
	/** `jane/n8n-nodes-fal-queue` */
	readonly repository?: string;
}

/**
 * @param files the texts of the files that repeat it, and of package.json, by path
 * @returns those that change, with their new texts
 */
export function withOwner(
	files: ReadonlyMap<string, string>,
	{ author, repository }: Owner,
): Map<string, string> {
	const text = files.get('package.json') ?? '{}';
	const before = JSON.parse(text) as PackageJson;
	const replaced: Array<[string, string]> = [];
	if (repository) {
		const homepage = before.homepage ?? '';
		replaced.push([homepage, `https://github.com/${repository}`]);
	}
	if (author) {
		const { name = '', email = '' } = before.author ?? {};
		replaced.push([JSON.stringify(name), JSON.stringify(author.name)]);
		replaced.push([JSON.stringify(email), JSON.stringify(author.email)]);
		// The licence has no quotation marks, and its sentence begins otherwise than a name.
		replaced.push([`(c) 2026 ${lowerFirst(name)}`, `(c) 2026 ${author.name}`]);
	}
	const changed = new Map<string, string>();
	for (const [file, old] of files) {
		const now = replaced.reduce((all, [from, to]) => all.replaceAll(from, to), old);
		if (now !== old) changed.set(file, now);
	}
	return changed;
}

const lowerFirst = (text: string) => `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
