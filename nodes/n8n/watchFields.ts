/** The options of how a job is looked at, wherever jobs are followed: their fields, and how they are read. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { SECOND } from '../engine/clock';
import { DEFAULT_POLL_BOUNDS, type PollBounds } from '../engine/following/pollSchedule';
import { readNumber } from './parameterChecks';

/** In seconds. A longer wait between two looks must be a mistake. */
const HOUR = 3_600;

/** @param operations those that follow jobs, as for the two fields below */
export function includeLogsField(operations: string[]): INodeProperties {
	return {
		displayName: 'Include Logs',
		name: 'includeLogs',
		type: 'boolean',
		default: false,
		description: 'Whether to include the lines that the model logged while it worked',
		displayOptions: { show: { '/operation': operations } },
	};
}

export function maxPollIntervalField(operations: string[]): INodeProperties {
	return {
		displayName: 'Max Poll Interval (Seconds)',
		name: 'maxPollInterval',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 30,
		description: 'The longest time between two checks of a job',
		displayOptions: { show: { '/operation': operations } },
	};
}

export function minPollIntervalField(operations: string[]): INodeProperties {
	return {
		displayName: 'Min Poll Interval (Seconds)',
		name: 'minPollInterval',
		type: 'number',
		typeOptions: { minValue: 0.1 },
		default: 0.5,
		description: 'The shortest time between two checks of a job',
		displayOptions: { show: { '/operation': operations } },
	};
}

/** @throws NodeOperationError if one of the bounds can't be used */
export function readPollBounds(
	node: IExecuteFunctions,
	{ minPollInterval, maxPollInterval }: Readonly<Record<string, unknown>>,
): PollBounds {
	const read = (value: unknown, label: string, least: number) =>
		readNumber(node, value, { label, least, most: HOUR, whole: false }) * SECOND;
	const { min, max } = DEFAULT_POLL_BOUNDS;
	const longest = read(maxPollInterval ?? max / SECOND, 'Max Poll Interval', 1);
	const shortest = read(minPollInterval ?? min / SECOND, 'Min Poll Interval', 0.1);
	return { min: Math.min(shortest, longest), max: longest };
}
