/** An open node: its parameters in the middle, what comes in at the left, what came out at the right. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { CredentialDialog } from './credential-dialog';

export class NodeView {
	private readonly view: Locator;
	private readonly outputPanel: Locator;

	constructor(private readonly page: Page) {
		this.view = page.getByTestId('ndv');
		this.outputPanel = page.getByTestId('output-panel');
	}

	async title(): Promise<string> {
		return (await this.view.getByTestId('node-title-container').innerText()).trim();
	}

	async close() {
		await this.view.getByTestId('ndv-close-button').click();
		await this.view.waitFor({ state: 'detached' });
	}

	async chooseCredential(name: string) {
		await this.credentialList().click();
		// Behind its name stands its type, which may be the name of another one.
		await this.page
			.getByRole('option')
			.filter({ hasText: new RegExp(`^\\s*${name}`) })
			.click();
	}

	async startNewCredential(): Promise<CredentialDialog> {
		await this.credentialList().click();
		await this.page.getByText('Create new credential').click();
		return new CredentialDialog(this.page);
	}

	/** The name of the chosen one. */
	async credential(): Promise<string> {
		return await this.credentialList().locator('input').inputValue();
	}

	/** Opens the list of the parameter Model, and types into its search. */
	async searchModels(words: string) {
		await this.view.getByTestId('rlc-input').click();
		await this.page.getByTestId('rlc-search').pressSequentially(words);
	}

	async foundModels(): Promise<string[]> {
		return await this.page.getByTestId('rlc-item').allInnerTexts();
	}

	async chooseModelFromList(name: string) {
		await this.page.getByTestId('rlc-item').filter({ hasText: name }).click();
	}

	async chooseModelById(id: string) {
		await this.view.getByTestId('rlc-mode-selector').click();
		await this.page.getByRole('option').filter({ hasText: 'By ID' }).click();
		await this.view.getByTestId('rlc-input').fill(id);
		await this.view.getByTestId('rlc-input').blur();
	}

	/** What the parameter Model shows. */
	async model(): Promise<string> {
		return await this.view.getByTestId('rlc-input').inputValue();
	}

	/** The text in a parameter's box. */
	async text(parameter: string): Promise<string> {
		return await this.parameter(parameter).locator('textarea').inputValue();
	}

	/** Chooses from the list of a parameter. */
	async chooseOption(parameter: string, name: string) {
		await this.parameter(parameter).click();
		await this.page.getByRole('option').filter({ hasText: name }).first().click();
	}

	/** The labels of the model's form, as they are shown. */
	async formFields(): Promise<string[]> {
		const labels = this.view.getByTestId('mapping-fields-container').getByTestId('input-label');
		// The first one stands above them all.
		const [, ...texts] = await labels.allInnerTexts();
		return texts.map((text) => text.replaceAll('\u00a0', ' ').trim());
	}

	/** Types into a field of the form. @param name as the model calls it */
	async typeIntoField(name: string, text: string) {
		const field = this.formField(name).locator('textarea, input').first();
		await field.fill(text);
		await field.blur();
		// n8n takes it over a tenth of a second later, and nothing shows when it has. People are slower.
		await sleep(500);
	}

	/** @param label what the field's label begins with */
	async addField(label: string) {
		await this.view.getByTestId('add-fields-select').getByRole('button').first().click();
		await this.page.locator('[role=menuitem]').filter({ hasText: label }).first().click();
	}

	async chooseInField(name: string, choice: string) {
		await this.chooseOption(name, choice);
	}

	/** What is said where the form would be. */
	async formNotice(): Promise<string> {
		return await this.view.getByTestId('empty-fields-notice').innerText();
	}

	private formField(name: string): Locator {
		return this.parameter(name);
	}

	async isShown(parameter: string): Promise<boolean> {
		return await this.parameter(parameter).isVisible();
	}

	/** Types over the expression of a parameter. */
	async typeExpression(parameter: string, text: string) {
		await this.parameter(parameter).locator('.cm-content').click();
		await this.page.keyboard.press('ControlOrMeta+a');
		await this.page.keyboard.type(text);
	}

	/** What an expression comes to, below it. */
	async preview(parameter: string): Promise<string> {
		// While it is being typed, another one floats over it.
		await this.view.getByTestId('tab-params').click();
		const text = await this.view
			.getByTestId(`parameter-expression-preview-${parameter}`)
			.innerText();
		// n8n keeps its words together.
		return text.replaceAll('\u00a0', ' ');
	}

	/** Types data in place of what the node would give out. */
	async typeMockData(items: readonly object[]) {
		await this.outputPanel.getByText('set mock data').click();
		await this.outputPanel.locator('.cm-content').click();
		await this.page.keyboard.press('ControlOrMeta+a');
		await this.page.keyboard.type(JSON.stringify(items));
		await this.outputPanel.getByRole('button', { name: 'Save' }).click();
	}

	async executeStep() {
		await this.view.getByTestId('node-execute-button').click();
	}

	/** With how many items are in each: "Failed Branch (1 item)". */
	async outputBranches(): Promise<string[]> {
		const tabs = await this.outputPanel.getByTestId('branches').getByRole('tab').allInnerTexts();
		return tabs.map((text) => text.trim());
	}

	async openBranch(name: string) {
		await this.outputPanel.getByRole('tab').filter({ hasText: name }).click();
	}

	/** The text of what came out. */
	async output(): Promise<string> {
		return await this.outputPanel.getByTestId('ndv-data-container').innerText();
	}

	/** What the node says above its output. */
	async hint(): Promise<string> {
		return await this.outputPanel.getByTestId('node-hint').innerText();
	}

	/** Where a trigger is called while somebody listens. */
	async testUrl(): Promise<string> {
		await this.view.getByText('Webhook URLs', { exact: true }).click();
		return (await this.view.locator('.webhook-url').innerText()).trim();
	}

	/** The trigger's button, whatever n8n calls it. */
	async listenForTestEvent() {
		await this.view.getByTestId('trigger-execute-button').click();
		await this.view.getByText('Listening for test event').waitFor();
	}

	private credentialList(): Locator {
		return this.view.getByTestId('node-credentials-select');
	}

	/** @param name as the node's code has it */
	private parameter(name: string): Locator {
		return this.view.getByTestId(`parameter-input-${name}`);
	}
}
