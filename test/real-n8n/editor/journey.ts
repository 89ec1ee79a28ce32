/** A journey: what one person does in one tab, step by step, each with its picture. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext } from 'playwright-core';
import { openBrowser, signIn } from '../browser';
import { owner } from '../demo';
import { openStage, type Stage } from '../stage';
import type { WhichN8n } from '../which-n8n';
import { Album } from './album';
import { Editor } from './editor';
import { PATIENCE_MS } from './eventually';

/** As wide as a notebook's screen: what does not fit there is hidden from most people. */
const VIEWPORT = { width: 1440, height: 900 };

/** n8n, a local fal behind it, and a browser that is logged in. */
export interface EditorStage extends Pick<Stage, 'fal' | 'n8n'> {
	readonly album: Album;
	newTab(): Promise<Editor>;
	close(): Promise<void>;
}

export async function openEditorStage(which?: WhichN8n): Promise<EditorStage> {
	// First: it is the one that people may not have.
	const browser = await openBrowser();
	const stage = await openStage(which);
	const context = await loggedIn(browser, stage);
	return {
		fal: stage.fal,
		n8n: stage.n8n,
		album: await Album.open(),
		async newTab() {
			const page = await context.newPage();
			return new Editor(page, stage.n8n);
		},
		async close() {
			await browser.close();
			await stage.close();
		},
	};
}

async function loggedIn(browser: Browser, stage: Stage): Promise<BrowserContext> {
	const context = await browser.newContext({ viewport: VIEWPORT });
	context.setDefaultTimeout(PATIENCE_MS);
	const page = await context.newPage();
	await signIn(page, stage.n8n, owner);
	await page.close();
	return context;
}

export type Step = (sentence: string, act: (editor: Editor) => Promise<void>) => void;

/**
 * Makes a tab for the steps of the suite around it.
 * @param afterFailure whether the steps behind one that failed still make sense
 * @returns what declares them, in their order
 */
export function journey(
	{ album, newTab }: EditorStage,
	afterFailure: 'stop' | 'go on' = 'stop',
): Step {
	let editor: Editor;
	let isLost = false;
	before(async () => {
		editor = await newTab();
	});
	after(async () => await editor.page.close());

	return (sentence, act) => {
		test(sentence, async () => {
			// It would fail for that reason alone, and wait long for it.
			assert.ok(!isLost || afterFailure === 'go on', 'an earlier step of this journey failed');
			try {
				await act(editor);
				await album.add(editor.page, sentence);
			} catch (error) {
				isLost = true;
				const path = await album.add(editor.page, `failed: ${sentence}`);
				const reason = error instanceof Error ? error.message : String(error);
				throw new Error(`${reason}\nWhat was seen: ${path}`, { cause: error });
			}
		});
	};
}
