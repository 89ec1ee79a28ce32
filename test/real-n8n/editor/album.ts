/** The pictures of a run: one of each step, numbered, for people to look at. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { projectFolder } from '../folders';

export const albumFolder = join(projectFolder, 'test-results', 'editor');

/** Of a file's name: long enough for a step's sentence, short enough for a list of files. */
const LONGEST_NAME = 70;

export class Album {
	private count = 0;

	/** An empty one: pictures of an earlier run would be taken for this one's. */
	static async open(): Promise<Album> {
		await rm(albumFolder, { recursive: true, force: true });
		await mkdir(albumFolder, { recursive: true });
		return new Album();
	}

	/** @returns the picture's path */
	async add(page: Page, what: string): Promise<string> {
		this.count += 1;
		const name = `${String(this.count).padStart(2, '0')}-${fileNameOf(what)}.png`;
		const path = join(albumFolder, name);
		await page.screenshot({ path, animations: 'disabled' });
		return path;
	}
}

const fileNameOf = (what: string) =>
	what
		.toLowerCase()
		.replace(/[^a-z0-9.]+/g, '-')
		.replace(/^-|-$/g, '')
		.slice(0, LONGEST_NAME);
