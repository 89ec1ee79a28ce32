/**
 * The HTTP server: fal's hosts side by side as path prefixes, and what goes for every call: it is
 * logged, it takes its latency, and scheduled faults strike it.
 */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fastifySSE from '@fastify/sse';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { keyIn } from './access';
import { Clock } from './clock';
import type { Fal, JsonBody } from './fal';
import { faultAfter, faultBefore } from './faults';
import { promptOf } from './jobs';
import { readJson, writeJson } from './json';
import { directRoutes } from './routes/direct';
import { catalogueRoutes, platformRoutes } from './routes/platform';
import { queueRoutes, withoutSubPath } from './routes/queue';
import { mediaRoutes, storageRoutes } from './routes/storage';

/** fal's own limit is not known (fal-queue.md 4.3); a data URI of a large picture fits. */
const BODY_LIMIT = 64 * 1024 * 1024;

/** A comment each 15 s keeps a status stream alive (1.6). */
const STREAM_KEEP_ALIVE = 15_000;

export async function buildServer(fal: Fal): Promise<FastifyInstance> {
	const { options } = fal;
	const server = Fastify({
		bodyLimit: BODY_LIMIT,
		// Callers that hang, and streams, would keep the server from closing.
		forceCloseConnections: true,
		// Upload names are parts of paths.
		routerOptions: { maxParamLength: 1000 },
		rewriteUrl: ({ url = '/' }) => (options.strictPaths ? url : withoutSubPath(url)),
	});
	server.setReplySerializer((payload) => writeJson(payload));
	readEveryBodyAsJson(server);
	tellErrorsAsFal(server);
	await server.register(fastifySSE, {
		heartbeatInterval: STREAM_KEEP_ALIVE / options.speed,
		serializer: writeJson,
	});
	watchEveryCall(server, fal);

	const hosts = {
		'queue.fal.run': queueRoutes,
		'fal.run': directRoutes,
		'rest.fal.ai': storageRoutes,
		'v3.fal.media': mediaRoutes,
		'api.fal.ai/v1': platformRoutes,
		'fal.ai': catalogueRoutes,
	};
	for (const [host, routes] of Object.entries(hosts)) {
		await server.register((scope) => routes(scope, fal), { prefix: `/${host}` });
	}
	return server;
}

/** fal's models read JSON whatever the content type says; the text is kept to the digit. */
function readEveryBodyAsJson(server: FastifyInstance): void {
	server.removeAllContentTypeParsers();
	server.addContentTypeParser<string>(
		'*',
		{ parseAs: 'string' },
		async (_request: FastifyRequest, text: string) => {
			const body: JsonBody = { text: text || '{}', value: readJson(text || '{}') };
			return body;
		},
	);
}

function tellErrorsAsFal(server: FastifyInstance): void {
	server.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
		if (error instanceof SyntaxError) {
			return await reply.code(400).send({ detail: error.message, error_type: 'bad_request' });
		}
		if (error.statusCode !== undefined && error.statusCode < 500) {
			return await reply.code(error.statusCode).send({ detail: error.message });
		}
		// A defect of the local fal itself: whoever runs it must see that.
		console.error(error);
		return await reply.code(500).send({ detail: 'Internal Server Error' });
	});
	server.setNotFoundHandler(async (_request, reply) => {
		return await reply.code(404).send({ detail: 'Not Found' });
	});
}

function watchEveryCall(server: FastifyInstance, fal: Fal): void {
	const { options, faults, log } = fal;
	// A clock of its own: a reset ends the jobs, and must not leave callers without an answer.
	const wire = new Clock(options);
	server.addHook('onClose', async () => wire.stop());

	server.addHook('onRequest', async (request, reply) => {
		request.call = log.add({
			at: Date.now(),
			kind: request.routeOptions.config.kind ?? 'other',
			key: keyIn(request.headers.authorization),
		});
		if (faults.refuses(request.call)) {
			reply.hijack();
			request.raw.socket.destroy();
			return;
		}
		await wire.wait(options.latency / 2);
	});

	server.addHook('preHandler', async (request, reply) => {
		describe(request, fal);
		const fault = faults.answerTo(request.call);
		if (fault === undefined) return;
		if (faultBefore(fault, request, reply) === 'stop') return reply;
		request.fault = fault;
	});

	server.addHook('onSend', async (request, reply, payload: string | Buffer | Readable | null) => {
		await wire.wait(options.latency / 2);
		if (request.fault === undefined) return payload;
		const bytes = payload instanceof Readable ? await buffer(payload) : Buffer.from(payload ?? '');
		reply.removeHeader('content-length');
		// Before the answer leaves: whoever has it and asks on is to be refused.
		if (request.fault === 'then_dark') fal.stopListening();
		return await faultAfter(request.fault, bytes, request, reply, wire);
	});

	server.addHook('onResponse', async (request, reply) => {
		request.call.status = reply.statusCode;
	});
}

/** Notes what the call is about: by its path and input, or by the job it asks for. */
function describe({ call, params, body }: FastifyRequest, { queue }: Fal): void {
	const { requestId, '*': model } = params as { requestId?: string; '*'?: string };
	if (requestId !== undefined) {
		const job = queue.find(requestId);
		call.requestId = requestId;
		call.model = job?.model.id;
		call.prompt = job && promptOf(job.input);
	}
	if (call.kind === 'submit' || call.kind === 'run') {
		call.model = model;
		call.prompt = promptOf((body as JsonBody | undefined)?.value ?? null);
	}
}
