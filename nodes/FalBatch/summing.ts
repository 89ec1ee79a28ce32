/** The option Summary: a third output of Run, with one item for the whole batch, and a report if wanted. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { type BatchResult, summarize } from '../engine/summing/summary';
import { readOptions } from '../n8n/parameterChecks';
import { sentence, summaryItem } from '../n8n/summaryItem';
import { isTool } from '../n8n/toolAnswer';
import { report } from '../report/report';

export const summaryField: INodeProperties = {
	displayName: 'Summary',
	name: 'summary',
	type: 'options',
	default: 'item',
	description:
		'Adds an output with one item about the whole batch, even when nothing was completed',
	options: [
		{ name: 'Off', value: 'off', description: 'No third output' },
		{
			name: 'One Item',
			value: 'item',
			description: 'Outcomes, failures, times, requests and cost',
		},
		{
			name: 'One Item and a Report',
			value: 'report',
			description: 'The same, and an HTML file with a timeline and a contact sheet',
		},
	],
	displayOptions: { show: { '/operation': ['run'] }, hide: { '@tool': [true] } },
};

export type SummaryWanted = 'off' | 'item' | 'report';

/** The outputs of the node depend on the same option: an expression in it can't be followed there. */
export function readSummaryWanted(node: IExecuteFunctions): SummaryWanted {
	if (isTool(node) || node.getNodeParameter('operation', 0) !== 'run') return 'off';
	const { summary } = readOptions(node, 0, ['summary']);
	return summary === 'item' || summary === 'report' ? summary : 'off';
}

/** The third output; none if it is not wanted. A report that can't be stored costs nothing but itself. */
export async function summaryOutput(
	node: IExecuteFunctions,
	wanted: SummaryWanted,
	result: BatchResult,
): Promise<INodeExecutionData[][]> {
	if (wanted === 'off') return [];
	try {
		const summary = summarize(result);
		const item = summaryItem(summary, result);
		if (wanted === 'item') return [[item]];
		const html = report(result, summary, sentence(summary, result));
		return [[{ ...item, ...(await withReport(node, html, result.startedAt)) }]];
	} catch (error) {
		node.logger.error('Fal Batch: the Summary could not be made', { error });
		return [[]];
	}
}

async function withReport(
	node: IExecuteFunctions,
	html: string,
	startedAt: number,
): Promise<Pick<INodeExecutionData, 'binary'>> {
	const name = `fal-batch-${new Date(startedAt).toISOString().slice(0, 16).replace(':', '')}.html`;
	try {
		const bytes = Buffer.from(html, 'utf8');
		return { binary: { report: await node.helpers.prepareBinaryData(bytes, name, 'text/html') } };
	} catch (error) {
		node.logger.error('Fal Batch: the report could not be stored', { error });
		return {};
	}
}
