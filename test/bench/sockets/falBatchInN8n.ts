/** The built node in n8n's engine. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { runNode } from '../../n8n-core/runNode';
import type { Outcome, Work } from '../work';
import { measure, type Measured } from './measure';

export async function runFalBatchInN8n(
	{ items, concurrency }: Work,
	credential: { readonly apiKey: string; readonly baseUrl: string },
): Promise<Measured<Outcome[]>> {
	const model = { __rl: true, mode: 'id', value: items[0]!.model };
	const measured = await measure(
		async () =>
			await runNode({
				items: items.map(({ input }) => ({ ...input })),
				parameters: { model, input: '={{ $json }}', concurrency },
				credential,
			}),
	);
	const { completed, failed, error } = measured.value;
	if (error) throw error;
	return {
		...measured,
		value: [...completed.map(() => 'completed' as const), ...failed.map(endOf)],
	};
}

function endOf({ json }: INodeExecutionData): Outcome {
	return (json.error as IDataObject).outcome === 'unknown' ? 'unknown' : 'lost';
}
