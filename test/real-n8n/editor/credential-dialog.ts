/** The dialog in which a credential is made. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';

/**
 * n8n takes over what was typed a tenth of a second later, and nothing shows when it has; saved before that,
 * the last letters are missing. People are slower.
 */
const TAKEN_OVER_AFTER_MS = 500;

export class CredentialDialog {
	private readonly dialog: Locator;

	constructor(private readonly page: Page) {
		this.dialog = page.getByTestId('editCredential-modal');
	}

	/** @param label as it stands above the field */
	async type(label: 'API Key' | 'Base URL', text: string) {
		await this.dialog
			.getByTestId('parameter-input-field')
			.nth(label === 'API Key' ? 0 : 1)
			.click();
		await this.page.keyboard.press('ControlOrMeta+a');
		await this.page.keyboard.type(text);
	}

	/** n8n gives it one. */
	async name(): Promise<string> {
		const [name = ''] = (await this.dialog.getByTestId('credential-name').innerText()).split('\n');
		return name.trim();
	}

	/** n8n tests the credential then. */
	async save() {
		await sleep(TAKEN_OVER_AFTER_MS);
		await this.dialog.getByRole('button', { name: 'Save' }).click();
	}

	/** Unfolds why n8n's test failed. */
	async openDetails() {
		await this.dialog.getByText('More details').click();
	}

	/** All that it says. */
	async text(): Promise<string> {
		return await this.dialog.innerText();
	}

	/** In a node, n8n closes the dialog when its test has passed. */
	async untilTaken() {
		await this.dialog.waitFor({ state: 'detached' });
	}
}
