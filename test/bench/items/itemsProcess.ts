/** One run of thousands of items through n8n's engine, and what each stage of it takes, in a process of its own. */
import 'reflect-metadata';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { API_KEY } from '../peers';
import { answerQuestions } from '../sockets/messages';
import { type Stage, type StageCost, watchStages } from './stages';

export interface ItemsQuestion {
	readonly items: number;
	readonly kind: keyof typeof PARAMETERS;
	/** Whether the run is stopped as soon as the first job was submitted: minutes would tell nothing new. */
	readonly stops: boolean;
	readonly baseUrl: string;
}

export interface ItemsMeasured {
	/** Milliseconds from n8n's call of the node to its first submit. */
	readonly firstSubmit: number;
	/** Bytes of live heap at that moment, over the items themselves. */
	readonly heap: number;
	/** The longest that n8n's event loop stood still until then, in milliseconds. */
	readonly standstill: number;
	readonly stages: Readonly<Record<Stage, StageCost>>;
}

const VALUE = {
	prompt: '={{ $json.prompt }}',
	image_size: 'square',
	seed: '={{ $json.seed }}',
	num_images: '={{ $json.count }}',
};
const JSON_INPUT =
	'={{ { prompt: $json.prompt, image_size: "square", seed: $json.seed, num_images: $json.count } }}';

/** How the inputs are given. */
const PARAMETERS = {
	'JSON, one expression': (): INodeParameters => ({ inputMode: 'json', input: JSON_INPUT }),
	'Fields, three expressions': (schema: unknown): INodeParameters => ({
		inputMode: 'fields',
		fields: {
			mappingMode: 'defineBelow',
			value: VALUE,
			matchingColumns: [],
			schema,
		} as unknown as INodeParameters,
	}),
};

const MODEL = { __rl: true, mode: 'id', value: 'fal-ai/flux/dev' };

answerQuestions<ItemsQuestion, ItemsMeasured>(async ({ items, kind, stops, baseUrl }) => {
	const stages = watchStages();
	// Only now: its modules are to find the stages watched.
	const { drawForm, startNode } = await import('../../n8n-core/runNode');
	const credential = { apiKey: API_KEY, baseUrl };
	const node = (count: number, parameters: INodeParameters) => ({
		items: itemsOf(count),
		typeVersion: 1.1,
		parameters: { operation: 'submit', model: MODEL, concurrency: 50, ...parameters },
		credential,
	});
	const form = await drawForm({ ...node(0, { inputMode: 'fields' }) });
	const parameters = PARAMETERS[kind](form.fields);
	await startNode(node(WARM_UP, parameters)).outcome;

	const work = node(items, parameters);
	const { firstSubmit } = stages.begin();
	const { outcome, stop } = startNode(work);
	if (stops) void firstSubmit.then(stop);
	const { completed, failed } = await outcome;
	if (!stops && completed.length !== items) throw new Error(`${failed.length} items failed`);
	return stages.measured();
});

/** n8n runs for days: what its first items take is not what an item costs. */
const WARM_UP = 500;

function itemsOf(count: number): IDataObject[] {
	return Array.from({ length: count }, (_, index) => ({
		prompt: `picture ${index}`,
		seed: index,
		count: 1,
	}));
}
