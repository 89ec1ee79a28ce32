/** How jobs are followed between submit and result: the option for it, and what it turns on. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { MOST_STREAMS, Streams } from '../engine/following/streams';
import { FalStatusStream } from '../fal/statusStream';
import { n8nClock } from './n8nClock';
import { holdThroughN8n } from './n8nStream';
import { readOptions } from './parameterChecks';

const NAME = 'followJobsBy';
const BY_STREAM = 'statusStream';

/** @param operations those that follow jobs */
export function followField(operations: string[]): INodeProperties {
	return {
		displayName: 'Follow Jobs By',
		name: NAME,
		type: 'options',
		default: 'polling',
		description: 'How to learn that a job is done',
		options: [
			{
				name: 'Polling',
				value: 'polling',
				description: 'Look at each job when it is likely to be done',
			},
			{
				name: 'Status Stream',
				value: BY_STREAM,
				description: `Hold a connection for each job, at most ${MOST_STREAMS} at once, over which fal tells at once; jobs for which there is none, or whose stream breaks, are polled`,
			},
		],
		displayOptions: { show: { '/operation': operations } },
	};
}

/**
 * @param baseUrl of the credential; empty for fal itself
 * @param most connections at once
 * @returns nothing where jobs are followed by polling
 */
export function readStreams(
	node: IExecuteFunctions,
	baseUrl: string,
	most = MOST_STREAMS,
): Streams | undefined {
	if (readOptions(node, 0, [NAME])[NAME] !== BY_STREAM) return undefined;
	const source = new FalStatusStream(holdThroughN8n(node, baseUrl));
	return new Streams(source, n8nClock, Math.min(most, MOST_STREAMS));
}

/** Who chose streams is told when they did not work. */
export function tellOfStreams(node: IExecuteFunctions, streams: Streams | undefined): void {
	const message = streams?.givenUpFor;
	if (message === undefined) return;
	node.logger.warn(`${node.getNode().name}: ${message}`);
	node.addExecutionHints({ message, type: 'info', location: 'outputPane' });
}
