/** Ways in which Run and Submit can fail. */
import type { INodeParameters } from 'n8n-workflow';
import type { Job } from '../../local-fal';
import { promptOf } from '../../local-fal/jobs';
import { API_KEY } from '../books';
import { REFUSED_BY_THE_MODEL, STOP, STRUCK, type Way } from './cell';

const model = (value: string): INodeParameters => ({ model: { __rl: true, mode: 'id', value } });
const isStruck = ({ input }: Pick<Job, 'input'>) => promptOf(input) === STRUCK;

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:1';
/** Seconds of the node's clock. */
const TIMEOUT = 60;

/** What concerns the whole run. */
const OF_THE_RUN: readonly Way[] = [
	{
		name: 'wrong key (401)',
		arrange: ({ fal: { baseUrl } }) => ({ credential: { apiKey: 'wrong:key', baseUrl } }),
	},
	{
		name: 'no permission for the model (403)',
		arrange({ fal }) {
			const detail = 'Cannot access application "fal-ai/flux/schnell"';
			fal.schedule({ call: 'submit', answer: { status: 403, body: { detail } } });
			return {};
		},
	},
	{
		name: 'no balance (403)',
		arrange({ fal }) {
			fal.options.exhaustedBalance = true;
			return {};
		},
	},
	{
		name: 'fal can’t be reached',
		isSlow: true,
		arrange: () => ({ credential: { apiKey: API_KEY, baseUrl: NOWHERE } }),
	},
	{ name: 'the model in the node is none', arrange: () => ({ parameters: model('nonsense') }) },
	{
		name: 'the model in the node is unknown to fal (404)',
		arrange: () => ({ parameters: model('fal-ai/no-such-model') }),
	},
	{
		name: 'a figure that can’t be used (Concurrency 0)',
		arrange: () => ({ parameters: { concurrency: 0 } }),
	},
	{
		name: 'outage before fal took anything (503 to every submit)',
		arrange({ fal }) {
			fal.schedule({ call: 'submit', answer: { status: 503 } });
			return {};
		},
	},
];

/** What begins when something is at fal. */
const IN_THE_MIDDLE: readonly Way[] = [
	{
		name: 'outage after the first job was taken (503 to everything)',
		arrange({ fal }) {
			const where = () => fal.counts().jobs.accepted > 0;
			fal.schedule({ call: 'any', where, answer: { status: 503 } });
			return { options: { itemTimeout: TIMEOUT } };
		},
	},
	{
		name: 'no answer to a submit',
		losesId: true,
		arrange({ fal }) {
			const where = ({ prompt }: { prompt?: string }) => prompt === STRUCK;
			fal.schedule({ call: 'submit', where, answer: 'reset_after' });
			return {};
		},
	},
];

/** What concerns one item. */
const OF_AN_ITEM: readonly Way[] = [
	{
		name: 'an Input that is no JSON',
		arrange: () => ({
			parameters: { input: forStruck('"no JSON"', '{ "prompt": $json.prompt }') },
		}),
	},
	{
		name: 'an Input whose expression fails',
		arrange: () => ({
			parameters: { input: forStruck('$("Nowhere").item.json', '{ "prompt": $json.prompt }') },
		}),
	},
	{
		name: 'a prompt that is not there',
		arrange: () => ({
			parameters: {
				input: forStruck('{ "prompt": $json.promt }', '{ "prompt": $json.prompt }'),
			},
		}),
	},
	{
		name: 'a model by expression that fal does not know (404)',
		arrange: () => ({
			parameters: model(forStruck('"fal-ai/no-such-model"', '"fal-ai/flux/schnell"')),
		}),
	},
];

function forStruck(bad: string, good: string): string {
	return `={{ $json.prompt === "${STRUCK}" ? ${bad} : ${good} }}`;
}

/** What shows after fal took a job, and so concerns those only who wait for it. */
const AFTERWARDS: readonly Way[] = [
	{
		name: REFUSED_BY_THE_MODEL,
		arrange({ fal }) {
			fal.schedule({ job: 'content_policy_violation', where: isStruck });
			return {};
		},
	},
	{
		name: 'Item Timeout',
		isSlow: true,
		arrange({ fal }) {
			fal.options.jobTime = (job) => (isStruck(job) ? 3_600_000 : 20);
			return { options: { itemTimeout: TIMEOUT } };
		},
	},
	{
		name: 'looks are refused (403)',
		isSlow: true,
		arrange({ fal }) {
			const answer = { status: 403, body: { detail: 'Forbidden' } };
			for (const call of ['status', 'result'] as const) fal.schedule({ call, answer });
			return {};
		},
	},
];

const stopInTheMiddle: Way = {
	name: STOP,
	arrange({ fal }) {
		fal.options.jobTime = (job) => (isStruck(job) ? 3_600_000 : 20);
		// So that Submit is not done before the button is.
		fal.options.latency = 100;
		const isThere = () => [...fal.jobs.values()].some(isStruck);
		return { stopWhen: isThere };
	},
};

export const runWays = [
	...OF_THE_RUN,
	...IN_THE_MIDDLE,
	...OF_AN_ITEM,
	...AFTERWARDS,
	stopInTheMiddle,
];
export const submitWays = [...OF_THE_RUN, ...IN_THE_MIDDLE, ...OF_AN_ITEM, stopInTheMiddle];
