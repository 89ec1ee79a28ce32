/** The canvas: nodes, and what connects them. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { eventually } from './eventually';

/** A hand does not jump: n8n has to see the pointer on its way. */
const DRAG_STEPS = 10;

export interface Spot {
	readonly x: number;
	readonly y: number;
}

export class Canvas {
	constructor(private readonly page: Page) {}

	/** Clicks where nothing is: no node is selected then, and the next one comes here. */
	async click(spot: Spot) {
		await this.page.locator('.vue-flow__pane').click({ position: spot });
	}

	/** What somebody has copied elsewhere, by the keys that paste. */
	async paste(text: string) {
		await this.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
		await this.page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
		await this.page.keyboard.press('ControlOrMeta+v');
	}

	/** By the button below it. */
	async execute() {
		await this.page.getByTestId('execute-workflow-button').click();
	}

	async openNode(name: string) {
		await this.node(name).dblclick();
		await this.page.getByTestId('ndv').waitFor();
	}

	/** Below its name: what it is set to do. */
	async subtitle(name: string): Promise<string> {
		return await this.node(name).locator('[class*=subtitle]').innerText();
	}

	/** By the plus behind an output. */
	async addBehind(name: string, output: string) {
		await this.output(name, output).getByTestId('canvas-handle-plus').click();
	}

	/** By the plus below the agent's connector for tools. */
	async addToolTo(agent: string) {
		await this.page
			.locator(`[data-test-id=canvas-node-input-handle][data-node-name="${agent}"]`)
			.filter({ hasText: 'Tool' })
			.getByTestId('canvas-handle-plus')
			.click();
	}

	/** From the circle of an output to that of an input. */
	async connectByDragging(from: string, output: string, to: string) {
		const start = await centreOf(this.output(from, output));
		const end = await centreOf(
			this.page.locator(`[data-test-id=canvas-node-input-handle][data-node-name="${to}"]`),
		);
		const { mouse } = this.page;
		await mouse.move(start.x, start.y);
		await mouse.down();
		await mouse.move(end.x, end.y, { steps: DRAG_STEPS });
		await mouse.up();
	}

	/** Each as "source → target". */
	async connections(): Promise<string[]> {
		const edges = await this.page.getByTestId('edge').all();
		return await Promise.all(
			edges.map(async (edge) => {
				const source = await edge.getAttribute('data-source-node-name');
				return `${source} → ${await edge.getAttribute('data-target-node-name')}`;
			}),
		);
	}

	private node(name: string): Locator {
		return this.page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`);
	}

	private output(name: string, label: string): Locator {
		return this.page
			.locator(`[data-test-id=canvas-node-output-handle][data-node-name="${name}"]`)
			.filter({ hasText: label });
	}
}

/** Where it comes to rest: the canvas moves for a while when a panel opens or closes. */
async function centreOf(locator: Locator): Promise<Spot> {
	let centre: Spot | undefined;
	await eventually(async () => {
		const box = await locator.boundingBox();
		assert.ok(box, `${locator} can't be seen`);
		const before = centre;
		centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
		assert.deepEqual(centre, before, `${locator} moves`);
	});
	return centre!;
}
