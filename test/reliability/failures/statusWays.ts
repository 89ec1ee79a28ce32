/** Ways in which the operations of Fal Queue Status can fail. */
import { API_KEY } from '../books';
import { MAX_WAIT_OVER, NOT_DONE, REFUSED_BY_THE_MODEL, STOP, STRUCK, type Way } from './cell';

const NOWHERE = 'http://127.0.0.1:1';
const LOOKS = ['status', 'result', 'cancel'] as const;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

function forStruck(bad: string, good: string): string {
	return `={{ $json.prompt === "${STRUCK}" ? ${bad} : ${good} }}`;
}

const OF_THE_RUN: readonly Way[] = [
	{
		name: 'wrong key (401)',
		arrange: ({ fal: { baseUrl } }) => ({ credential: { apiKey: 'wrong:key', baseUrl } }),
	},
	{
		name: 'no permission (403)',
		arrange({ fal }) {
			const answer = { status: 403, body: { detail: 'Cannot access application' } };
			for (const call of LOOKS) fal.schedule({ call, answer });
			return {};
		},
	},
	{
		name: 'fal can’t be reached',
		isSlow: true,
		arrange: () => ({
			parameters: { maxWait: 1 },
			credential: { apiKey: API_KEY, baseUrl: NOWHERE },
		}),
	},
	{
		name: 'outage (503 to everything)',
		isSlow: true,
		arrange({ fal }) {
			fal.schedule({ call: 'any', answer: { status: 503 } });
			return { parameters: { maxWait: 1 } };
		},
	},
	{
		name: 'a figure that can’t be used (Concurrency 0)',
		arrange: () => ({ options: { concurrency: 0 } }),
	},
];

const OF_AN_ITEM: readonly Way[] = [
	{
		name: 'an item without a request ID',
		arrange: () => ({ parameters: { requestId: forStruck('""', '$json.request_id') } }),
	},
	{
		name: 'a request ID whose expression fails',
		arrange: () => ({
			parameters: { requestId: forStruck('$("Nowhere").item.json.id', '$json.request_id') },
		}),
	},
	{
		name: 'a request that fal does not know (404)',
		arrange: () => ({
			parameters: { requestId: forStruck(`"${UNKNOWN_ID}"`, '$json.request_id') },
		}),
	},
	{
		name: 'one request of several is refused (403)',
		arrange({ fal, requestIds }) {
			const id = requestIds.length === 1 ? requestIds[0] : requestIds[1];
			const where = ({ requestId }: { requestId?: string }) => requestId === id;
			const answer = { status: 403, body: { detail: 'Cannot access application' } };
			for (const call of LOOKS) fal.schedule({ call, where, answer });
			return {};
		},
	},
];

const refusedByTheModel: Way = { name: REFUSED_BY_THE_MODEL, arrange: () => ({}) };
const notDone: Way = { name: NOT_DONE, arrange: () => ({}) };
const maxWaitOver: Way = {
	name: MAX_WAIT_OVER,
	isSlow: true,
	arrange: () => ({ parameters: { maxWait: 1 } }),
};
const stopInTheMiddle: Way = {
	name: STOP,
	arrange: ({ fal }) => ({ stopWhen: () => fal.counts().calls.status > 2 }),
};

export const checkWays = [...OF_THE_RUN, ...OF_AN_ITEM, refusedByTheModel, notDone];
export const waitWays = [
	...OF_THE_RUN,
	...OF_AN_ITEM,
	refusedByTheModel,
	maxWaitOver,
	stopInTheMiddle,
];
/** Two of the three jobs are done already. */
export const cancelWays = [...OF_THE_RUN, ...OF_AN_ITEM];
export const parkWays = [...OF_THE_RUN, ...OF_AN_ITEM];
