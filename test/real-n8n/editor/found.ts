/** Whether people find the nodes: in each panel, by each word that they may have in mind. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { becomes, comesToInclude, comesToMatch, eventually } from './eventually';
import { journey, type EditorStage, type Step } from './journey';

const ALL = ['Fal Batch', 'Fal Queue Status', 'Fal Trigger'];

const WORDS: ReadonlyArray<readonly [words: string, nodes: readonly string[]]> = [
	['fal', ALL],
	['fal.ai', ALL],
	['flux', ['Fal Batch']],
	['text to image', ['Fal Batch']],
	['batch', ['Fal Batch']],
	['queue', ALL],
	['webhook', ['Fal Queue Status', 'Fal Trigger']],
];

/** Entries that can be seen without scrolling, on a notebook's screen. */
const IN_SIGHT = 8;

/** The panel searches by itself, and asks nobody; a busy machine takes its time for that, too. */
const FOUND_WITHIN_MS = 30_000;

export function foundScenario(stage: EditorStage) {
	const step = journey(stage, 'go on');

	describe('In the panel of an empty workflow', () => {
		step('the plus in its middle opens it', async (editor) => {
			await editor.openEmptyWorkflow();
			await editor.panel.openOnEmptyCanvas();
		});
		for (const [words, nodes] of WORDS) findsBy(step, words, nodes);
	});

	describe('In the panel of what comes behind a trigger', () => {
		step('the plus at the edge of the canvas opens it', async ({ panel }) => {
			await panel.clearSearch();
			await panel.choose('Trigger manually');
			await panel.open();
		});
		for (const [words, nodes] of WORDS) findsBy(step, words, nodes);
	});

	describe('In the panel of AI nodes', () => {
		step('the entry AI opens it', async ({ panel }) => {
			await panel.clearSearch();
			await panel.choose('AI');
			await comesToInclude(() => panel.names(), 'AI Agent');
		});
		for (const [words, nodes] of WORDS) findsBy(step, words, nodes);
	});

	describe('In the panel of an AI Agent’s tools', () => {
		step('the plus below its connector opens it', async ({ canvas, node, panel }) => {
			await panel.search('ai agent');
			await panel.choose('AI Agent');
			await node.close();
			await canvas.addToolTo('AI Agent');
		});
		findsBy(step, 'fal', ['Fal Batch Tool', 'Fal Queue Status Tool']);
		findsBy(step, 'fal.ai', ['Fal Batch Tool', 'Fal Queue Status Tool']);
		for (const words of ['flux', 'text to image', 'batch', 'queue']) {
			findsBy(step, words, ['Fal Batch Tool']);
		}

		step('Fal Batch Tool opens, with a description for the agent', async ({ node, panel }) => {
			await panel.search('flux');
			await panel.choose('Fal Batch Tool');
			await becomes(() => node.title(), 'Fal Batch');
			await comesToMatch(() => node.text('toolDescription'), /costs money/);
		});
	});
}

function findsBy(step: Step, words: string, nodes: readonly string[]) {
	step(`"${words}" finds ${nodes.join(', ')}`, async ({ panel }) => {
		await panel.search(words);
		await eventually(async () => {
			const inSight = (await panel.names()).slice(0, IN_SIGHT);
			const missing = nodes.filter((node) => !inSight.includes(node));
			assert.deepEqual(missing, [], `not in sight; listed are: ${inSight.join(', ') || 'none'}`);
		}, FOUND_WITHIN_MS);
	});
}
