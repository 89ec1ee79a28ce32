/** Chromium, for what can only be seen in n8n's editor. Debian's, or the one that CHROMIUM names. */
import { existsSync } from 'node:fs';
import { chromium, selectors, type Browser, type Page } from 'playwright-core';
import type { Owner } from './n8n-api';

const DEBIANS = '/usr/bin/chromium';

/** Opens it without a window, and with a profile of its own that goes when it is closed. @throws when there is none */
export async function openBrowser(): Promise<Browser> {
	const executablePath = process.env.CHROMIUM ?? DEBIANS;
	if (!existsSync(executablePath)) {
		throw new Error(
			`There is no Chromium at ${executablePath}. Install it ("apt-get update && apt-get install chromium" on Debian), or set CHROMIUM to where one is.`,
		);
	}
	// n8n marks its parts with this attribute.
	selectors.setTestIdAttribute('data-test-id');
	return await chromium.launch({
		executablePath,
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			// Chromium's own calls; this is about a page on 127.0.0.1.
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	});
}

/** Logs in by n8n's form. Other pages of the same browser context are logged in, too. */
export async function signIn(page: Page, n8n: { readonly baseUrl: string }, owner: Owner) {
	await page.goto(`${n8n.baseUrl}/signin`);
	await page.locator('input[name=emailOrLdapLoginId]').fill(owner.email);
	await page.locator('input[name=password]').fill(owner.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(({ pathname }) => pathname !== '/signin');
}
