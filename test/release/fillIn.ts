/**
 * `npm run release:owner -- --author 'Jane Doe <jane@example.com>' --repository jane/n8n-nodes-fal-queue`:
 * puts the owner's author and repository in the place of the placeholders, wherever they stand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';
import { OWNERS_PLACES, withOwner, type Owner } from './owner';

const owner = new Command()
	.name('npm run release:owner --')
	.description('Fills in what only the owner of the package knows')
	.option('--author <author>', "'Jane Doe <jane@example.com>'", readAuthor)
	.option('--repository <owner/name>', 'on GitHub: jane/n8n-nodes-fal-queue', readRepository)
	.parse()
	.opts<Owner>();

const places = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
	.split('\0')
	.filter((file) => OWNERS_PLACES.links.test(file));
const files = ['package.json', OWNERS_PLACES.licence, ...places];
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
for (const [file, text] of withOwner(texts, owner)) {
	writeFileSync(file, text);
	console.log(`changed: ${file}`);
}

function readAuthor(text: string): Owner['author'] {
	const [, name, email] = /^([^<>]+?) *<([^<>\s]+@[^<>\s]+)>$/.exec(text) ?? [];
	if (!name || !email) throw new InvalidArgumentError('Say it as "Jane Doe <jane@example.com>".');
	return { name, email };
}

function readRepository(text: string): string {
	if (/^[\w.-]+\/[\w.-]+$/.test(text)) return text;
	throw new InvalidArgumentError('Say it as "jane/n8n-nodes-fal-queue".');
}
