/** n8n's editor in a tab of the browser: what a person sees and does there, in our words. */
import type { Page } from 'playwright-core';
import { Canvas } from './canvas';
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
}
