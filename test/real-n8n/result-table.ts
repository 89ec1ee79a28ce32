/** What came out of the demo workflow, for a terminal. */
import Table from 'cli-table3';
import { color } from 'listr2';
import type { DemoResult } from './demo';

const PROMPT_LENGTH = 32;

export function resultTable(results: readonly DemoResult[]): string {
	const table = new Table({
		head: ['#', 'Prompt', 'Outcome', 'Request ID', "Picture, or fal's answer"],
		style: { head: [], border: [], compact: true },
	});
	results.forEach((result, index) => {
		table.push([
			{ content: index + 1, hAlign: 'right' },
			shortened(result.prompt),
			result.picture ? color.green('completed') : color.red('failed'),
			result.request_id ?? '',
			result.picture ?? result.reason ?? '',
		]);
	});
	return table.toString();
}

function shortened(prompt: string) {
	return prompt.length > PROMPT_LENGTH ? `${prompt.slice(0, PROMPT_LENGTH - 1)}…` : prompt;
}
