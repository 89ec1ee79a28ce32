/** n8n's editor in a tab of the browser: what a person sees and does there, in our words. */
import type { Page } from 'playwright-core';
import { Canvas } from './canvas';
import { CredentialDialog } from './credential-dialog';
import { NodeView } from './node-view';
import { NodePanel } from './panel';

export class Editor {
	readonly panel: NodePanel;
	readonly canvas: Canvas;
	/** The one that is open. */
	readonly node: NodeView;

	constructor(
		readonly page: Page,
		private readonly n8n: { readonly baseUrl: string },
	) {
		this.panel = new NodePanel(page);
		this.canvas = new Canvas(page);
		this.node = new NodeView(page);
	}

	async openEmptyWorkflow() {
		await this.page.goto(`${this.n8n.baseUrl}/workflow/new`);
		await this.page.getByText('Add first step').waitFor();
	}

	/** By the page of credentials. @param type as n8n's list calls it */
	async createCredential(type: string): Promise<CredentialDialog> {
		await this.page.goto(`${this.n8n.baseUrl}/home/credentials`);
		await this.page.getByRole('button', { name: 'Create credential' }).click();
		await this.page.getByTestId('new-credential-type-select').click();
		await this.page.keyboard.type(type);
		await this.page
			.getByTestId('new-credential-type-select-option')
			.filter({ hasText: type })
			.first()
			.click();
		await this.page.getByTestId('new-credential-type-button').click();
		return new CredentialDialog(this.page);
	}
}
