/** fal's catalogue of models, from its platform API: https://docs.fal.ai/platform-apis/v1/models */
import { SECOND } from '../engine/clock';
import { readFailure } from '../engine/failure';
import { isRecord } from '../engine/isRecord';
import type { HttpLimits, SendHttp } from './http';
import { parseJson } from './json';

export interface CataloguedModel {
	/** The model ID, such as `fal-ai/flux/dev`. */
	readonly id: string;
	readonly name: string;
	/** Such as `text-to-image`. */
	readonly category: string;
	/** Whether fal says that it should not be used any more. */
	readonly isDeprecated: boolean;
}

export interface CataloguePage {
	readonly models: CataloguedModel[];
	/** Where the next page begins; absent on the last one. */
	readonly nextCursor?: string;
}

const LIMITS: HttpLimits = { time: 20 * SECOND, bytes: 8_000_000 };
const PAGE_SIZE = 50;

/** @throws an Error that says what went wrong */
export async function searchModels(
	send: SendHttp,
	query: string | undefined,
	cursor: string | undefined,
): Promise<CataloguePage> {
	const parameters = new URLSearchParams({
		limit: String(PAGE_SIZE),
		...(query && { q: query }),
		...(cursor && { cursor }),
	});
	const outcome = await send({
		method: 'GET',
		url: `https://api.fal.ai/v1/models?${parameters}`,
		headers: { accept: 'application/json' },
		limits: LIMITS,
		survivesStop: false,
	});
	if (outcome.kind !== 'answer') throw new Error(outcome.reason);
	const body = parseJson(outcome.text)?.value;
	if (outcome.status !== 200) {
		throw new Error(readFailure(outcome.status, outcome.headers, body).message);
	}
	return readPage(body);
}

function readPage(body: unknown): CataloguePage {
	if (!isRecord(body) || !Array.isArray(body.models)) {
		throw new Error('the answer is not a list of models');
	}
	const { models, next_cursor: nextCursor } = body;
	return {
		models: models.filter(isRecord).flatMap(readModel),
		...(typeof nextCursor === 'string' && nextCursor !== '' && { nextCursor }),
	};
}

function readModel({ endpoint_id: id, metadata }: Record<string, unknown>): CataloguedModel[] {
	if (typeof id !== 'string') return [];
	const { display_name: name, category, status } = isRecord(metadata) ? metadata : {};
	return [
		{
			id,
			name: typeof name === 'string' && name !== '' ? name : id,
			category: typeof category === 'string' ? category : '',
			isDeprecated: status === 'deprecated',
		},
	];
}
