/** What the canvas and the panel show, as n8n works it out from the descriptions. */
import { type INodeType, NodeHelpers, Workflow, type INodeParameters } from 'n8n-workflow';
import type { FalBatch } from '../../nodes/FalBatch/FalBatch.node';
import type { FalTrigger } from '../../nodes/FalTrigger/FalTrigger.node';
import { built, nodeTypesOf } from './engineStandIn';

const batch = new (built<{ FalBatch: typeof FalBatch }>(
	'nodes/FalBatch/FalBatch.node.js',
).FalBatch)();
const trigger = new (built<{ FalTrigger: typeof FalTrigger }>(
	'nodes/FalTrigger/FalTrigger.node.js',
).FalTrigger)();

function subtitleOf(type: INodeType, parameters: INodeParameters): unknown {
	const { name, subtitle } = type.description;
	const node = {
		id: '1',
		name,
		type: name,
		typeVersion: 1,
		position: [0, 0] as [number, number],
		parameters,
	};
	const nodeTypes = nodeTypesOf({ [name]: type });
	const workflow = new Workflow({ active: false, nodeTypes, nodes: [node], connections: {} });
	return workflow.expression.getSimpleParameterValue(node, subtitle, 'internal', {});
}

describe('the subtitle of Fal Batch', () => {
	const model = (value: string) => ({ __rl: true, mode: 'id', value });

	it.each([
		['run', 'fal-ai/flux/dev', 'Run: fal-ai/flux/dev'],
		['submit', 'fal-ai/flux/dev', 'Submit: fal-ai/flux/dev'],
		['run', '', 'Run'],
	])('of %s with %j is %j', (operation, value, subtitle) => {
		expect(subtitleOf(batch, { operation, model: model(value) })).toBe(subtitle);
	});
});

describe('Fal Trigger', () => {
	const { description } = trigger;
	const isShown = (name: string, parameters: INodeParameters) =>
		description.properties.some(
			(property) =>
				property.name === name &&
				NodeHelpers.displayParameter(parameters, property, { typeVersion: 1 }, description),
		);

	it('says how each of its two addresses is used', () => {
		const [notice] = description.properties;
		expect(notice!.displayName).toMatch(
			/Webhook URLs.*Test URL.*one callback for each click.*publish.*Production URL/,
		);
	});

	it('warns until an Account User ID is given', () => {
		expect(isShown('openToEverybody', { userId: '' })).toBe(true);
		expect(isShown('openToEverybody', { userId: 'auth0|1' })).toBe(false);
	});
});

describe('Concurrency', () => {
	it.each([
		['run', 'maximum number of jobs in flight'],
		['submit', 'does not limit the jobs in flight'],
	])('of %s says what it bounds', (operation, words) => {
		const fields = batch.description.properties.filter(
			(property) =>
				property.name === 'concurrency' &&
				NodeHelpers.displayParameter(
					{ operation },
					property,
					{ typeVersion: 1 },
					batch.description,
				),
		);
		expect(fields.map(({ description }) => description)).toEqual([expect.stringContaining(words)]);
	});
});
