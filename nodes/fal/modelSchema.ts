/** The schema of a model's input, as fal publishes it: free, and asked for without any effect. */
import { SECOND } from '../engine/clock';
import { readFailure } from '../engine/failure';
import type { HttpLimits, SendHttp } from './http';
import { readInputSchema } from './inputSchema/openapi';
import type { InputSchema } from './inputSchema/rule';
import { parseJson } from './json';

export type SchemaReply =
	| { readonly kind: 'schema'; readonly schema: InputSchema }
	| {
			readonly kind: 'none';
			readonly reason: string;
			/** Whether fal could be reached: it has no schema then, and asking again is no use. */
			readonly isFinal: boolean;
	  };

/** fal's own are some tens of kilobytes. */
const LIMITS: HttpLimits = { time: 10 * SECOND, bytes: 8_000_000 };

/** Never throws. */
export async function fetchInputSchema(send: SendHttp, model: string): Promise<SchemaReply> {
	const outcome = await send({
		method: 'GET',
		url: `https://fal.ai/api/openapi/queue/openapi.json?${new URLSearchParams({ endpoint_id: model })}`,
		headers: { accept: 'application/json' },
		limits: LIMITS,
		survivesStop: false,
	});
	if (outcome.kind !== 'answer') return { kind: 'none', reason: outcome.reason, isFinal: false };
	const { status, headers, text } = outcome;
	if (status === 404) return none('fal publishes none for this model');
	const body = parseJson(text)?.value;
	if (status !== 200) {
		const { message } = readFailure(status, headers, body);
		return { kind: 'none', reason: message, isFinal: status < 500 };
	}
	const schema = readInputSchema(body, model);
	return schema ? { kind: 'schema', schema } : none('fal’s answer is not the schema of an input');
}

const none = (reason: string): SchemaReply => ({ kind: 'none', reason, isFinal: true });
