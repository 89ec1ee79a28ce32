/** n8n's node panel, at the right of the canvas: what can be found in it, and taken from it. */
import type { Locator, Page } from 'playwright-core';

export class NodePanel {
	private readonly panel: Locator;
	private readonly searchBar: Locator;

	constructor(private readonly page: Page) {
		this.panel = page.getByTestId('node-creator');
		this.searchBar = page.getByTestId('node-creator-search-bar');
	}

	/** By the plus in the middle of an empty canvas. */
	async openOnEmptyCanvas() {
		await this.page.getByTestId('canvas-add-button').getByRole('button').click();
		await this.searchBar.waitFor();
	}

	/** By the plus at the edge of the canvas. */
	async open() {
		await this.page.getByTestId('node-creator-plus-button').click();
		await this.searchBar.waitFor();
	}

	/** Types over whatever is in the search bar. */
	async search(words: string) {
		await this.clearSearch();
		await this.searchBar.pressSequentially(words);
	}

	async clearSearch() {
		await this.searchBar.click();
		await this.page.keyboard.press('ControlOrMeta+a');
		await this.page.keyboard.press('Backspace');
	}

	/** What it lists, from top to bottom. */
	async names(): Promise<string[]> {
		return await this.panel.getByTestId('node-creator-item-name').allInnerTexts();
	}

	/** Clicks an entry: a node, an action, or a list of others. */
	async choose(name: string) {
		await this.entry(name).click();
	}

	/** What a node can do, as the page about it lists it; some triggers of others stand above. */
	async actions(): Promise<string[]> {
		const heading = this.panel.locator('[data-keyboard-nav-id="Actions"]');
		await heading.waitFor();
		return await heading.locator('..').getByTestId('node-creator-item-name').allInnerTexts();
	}

	/** On the page about a node without actions. */
	async addToWorkflow() {
		await this.panel.getByRole('button', { name: 'Add to workflow' }).click();
	}

	private entry(name: string): Locator {
		return this.panel
			.getByTestId('item-iterator-item')
			.filter({ has: this.page.getByText(name, { exact: true }) });
	}
}
