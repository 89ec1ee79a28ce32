/** The simulated fal behind a `fetch`, for contenders that speak HTTP. */
import type { FailedReply, Reply, Transport } from '../../../nodes/engine/transport';
import type { Fetch } from '../peers';

export function simulatedFetch(fal: Transport): Fetch {
	return async (input, init) => {
		const { pathname } = new URL(String(input));
		const asked = REQUEST.exec(pathname)?.groups;
		if (!asked) return await submit(fal, pathname.slice(1), init);
		const handle = { model: asked.app!, requestId: asked.id! };
		switch (asked.call) {
			case '/status':
				return respond(await fal.status(handle, { logs: false }), ({ status }) => ({ status }));
			case '/cancel':
				return respond(await fal.cancel(handle), (status) => ({ status }));
			default:
				return respond(await fal.result(handle), ({ output }) => output);
		}
	};
}

const REQUEST = /^\/(?<app>.+)\/requests\/(?<id>[^/]+)(?<call>\/\w+)?$/;

async function submit(fal: Transport, model: string, init?: RequestInit): Promise<Response> {
	const input = JSON.parse(String(init?.body)) as Record<string, unknown>;
	return respond(await fal.submit({ model, input, conditions: {} }), ({ requestId }) => {
		const url = `https://queue.fal.run/${model}/requests/${requestId}`;
		return { request_id: requestId, status_url: `${url}/status`, response_url: url };
	});
}

function respond<Body>(reply: Reply<Body>, json: (body: Body) => unknown): Response {
	if (reply.kind === 'answered') return new JsonResponse(json(reply.body), reply.status);
	return refuse(reply);
}

function refuse(reply: FailedReply): Response {
	switch (reply.kind) {
		case 'rejected':
			return new Response(null, { status: reply.status, headers: { ...reply.headers } });
		case 'unreadable':
			return new Response('', { status: reply.status });
		case 'lost':
			throw networkError('ECONNRESET');
		case 'unsent':
			throw networkError('ECONNREFUSED');
	}
}

/** As Node's `fetch` has it. */
function networkError(code: string): TypeError {
	return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

/** A real one reads its body over several turns of the event loop, in which the virtual clock would go on. */
class JsonResponse extends Response {
	constructor(
		private readonly value: unknown,
		status: number,
	) {
		super(null, { status, headers: { 'content-type': 'application/json' } });
	}

	override readonly json = async () => this.value;
}
