import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { listModels } from '../n8n/modelField';
import { answerToAgent, isTool } from '../n8n/toolAnswer';
import { drawForm } from './form';
import { WITH_FORM } from './inputFields';
import { properties } from './properties';
import { estimate } from './estimating';
import { runBatch } from './running';
import { adviseOnGenerating } from './toolAdvice';

/** Parameters in, jobs out to fal, results back: each item on exactly one of two outputs. */
export class FalBatch implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Fal Batch',
		name: 'falBatch',
		icon: { light: 'file:fal.svg', dark: 'file:fal.dark.svg' },
		group: ['transform'],
		version: [1, WITH_FORM],
		defaultVersion: WITH_FORM,
		// n8n's proxy gives the value of the resource locator, and not the locator.
		subtitle:
			'={{ ({ run: "Run", submit: "Submit", estimateCost: "Estimate Cost" })[$parameter["operation"]] + ($parameter["model"] ? ": " + $parameter["model"] : "") }}',
		description:
			'Generate images, video, audio and more with any model on fal, for many items at once',
		defaults: { name: 'Fal Batch' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{ [
			{ type: '${NodeConnectionTypes.Main}', displayName: ({ submit: 'Submitted', estimateCost: 'Estimates' })[$parameter["operation"]] ?? 'Completed' },
			{ type: '${NodeConnectionTypes.Main}', displayName: 'Failed' },
			...($parameter["operation"] === 'run' && ['item', 'report'].includes($parameter["options"]?.["summary"])
				? [{ type: '${NodeConnectionTypes.Main}', displayName: 'Summary' }] : []),
		] }}`,
		credentials: [{ name: 'falApi', required: true }],
		properties,
	};

	methods = { listSearch: { searchModels: listModels }, resourceMapping: { drawForm } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const estimates = this.getNodeParameter('operation', 0, 'run') === 'estimateCost';
		const outputs = await (estimates ? estimate(this) : runBatch(this));
		return isTool(this) ? answerToAgent(outputs, adviseOnGenerating) : outputs;
	}
}
