/**
 * Whether fal lets this key do anything at all, asked with the call that tests the credential: free, and
 * refused without a good key. Facts: https://docs.fal.ai/platform-apis/v1/models/pricing
 */
import { SECOND } from '../engine/clock';
import type { Access } from '../engine/submitting/refusal';
import type { HttpLimits, SendHttp } from './http';

const LIMITS: HttpLimits = { time: 15 * SECOND, bytes: 1_000_000 };

/** Never throws. */
export async function checkAccess(send: SendHttp): Promise<Access> {
	const outcome = await send({
		method: 'GET',
		url: 'https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/flux/dev',
		headers: { accept: 'application/json' },
		limits: LIMITS,
		survivesStop: false,
	});
	if (outcome.kind !== 'answer') return 'unknown';
	const { status } = outcome;
	if (status >= 200 && status < 300) return 'granted';
	return status === 401 || status === 403 ? 'refused' : 'unknown';
}
