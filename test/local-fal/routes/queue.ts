/** `queue.fal.run`: submit, status, status stream, result and cancel (fal-queue.md 1). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requireKey } from '../access';
import type { Fal, JsonBody } from '../fal';
import { answerOf, isForgotten } from '../jobs';
import type { Job } from '../jobs';
import { writeJson } from '../json';
import { appOf, findModel, isApp, NAMESPACES } from '../models';
import type { Model } from '../models';
import { statusOf, submitAnswer } from '../status';
import { isOfStream, sendFaulty } from '../streamFaults';

/** How often the status stream looks for something new. */
const STREAM_LOOK = 100;

export interface SubmitRoute {
	Params: { '*': string };
	Querystring: { fal_webhook?: string; fal_max_queue_length?: string };
	Body: JsonBody | undefined;
}

interface JobRoute {
	Params: { owner: string; app: string; requestId: string };
	Querystring: { logs?: string };
}
type JobRequest = FastifyRequest<JobRoute>;

export async function queueRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	const { options, queue } = fal;
	server.addHook('preHandler', requireKey(options));
	server.setNotFoundHandler(methodNotAllowed);

	server.post<SubmitRoute>('/*', { config: { kind: 'submit' } }, async (request, reply) => {
		const id = request.params['*'];
		if (id.includes('/requests/')) return methodNotAllowed(request, reply);
		const model = findModel(id);
		if (!model) return unknownModel(id, reply);
		const refused = refuseSubmit(fal, request, reply, model);
		if (refused) return refused;
		const job = queue.accept(submissionFrom(request, model));
		request.call.requestId = job.requestId;
		return reply.header('x-fal-request-id', job.requestId).send(submitAnswer(job, queue, options));
	});

	for (const prefix of ['/', ...NAMESPACES.map((namespace) => `/${namespace}/`)]) {
		const root = `${prefix}:owner/:app/requests/:requestId`;
		const jobOf = ({ params }: JobRequest): Job | undefined => {
			const job = queue.find(params.requestId);
			const app = `${prefix}${params.owner}/${params.app}`.slice(1);
			if (!job || appOf(job.model.id) !== app) return undefined;
			return isForgotten(job, options) ? undefined : job;
		};

		server.get<JobRoute>(`${root}/status`, { config: { kind: 'status' } }, (request, reply) => {
			const job = jobOf(request);
			if (!job) return notFound(reply);
			return reply
				.code(job.progress.status === 'COMPLETED' ? 200 : 202)
				.header('x-fal-request-id', job.requestId)
				.send(statusOf(job, wantsLogs(request), fal));
		});

		server.get<JobRoute>(
			`${root}/status/stream`,
			// Manual: a job that doesn't exist is answered as JSON.
			{ config: { kind: 'status_stream' }, sse: 'manual' },
			async (request, reply) => {
				const job = jobOf(request);
				if (!job) return notFound(reply);
				reply.header('x-fal-request-id', job.requestId);
				fal.log.holdStream(reply.raw);
				const withLogs = wantsLogs(request);
				if (isOfStream(request.fault)) {
					return await sendFaulty(request.fault, statuses(job, withLogs, fal), reply, fal);
				}
				// Every other fault takes an answer that is none of events.
				if (request.fault !== undefined) return reply.send(statusOf(job, withLogs, fal));
				return await reply.sse.send(statuses(job, withLogs, fal));
			},
		);

		for (const path of [root, `${root}/response`]) {
			server.get<JobRoute>(path, { config: { kind: 'result' } }, (request, reply) => {
				// A GET with a body is checked as if that were the input (1.7).
				if (hasBody(request)) return reply.code(422).send(NOT_A_DICT);
				const job = jobOf(request);
				if (!job || isExpired(job, fal)) return notFound(reply);
				if (job.progress.status !== 'COMPLETED') {
					return reply
						.code(options.resultBeforeCompletion)
						.header('x-fal-request-id', job.requestId)
						.send({ detail: 'Request is still in progress' });
				}
				const { status, headers, body } = answerOf(job.requestId, job.progress.ending);
				return reply.code(status).headers(headers).send(body);
			});
		}

		server.put<JobRoute>(`${root}/cancel`, { config: { kind: 'cancel' } }, (request, reply) => {
			const job = jobOf(request);
			if (!job) return notFound(reply);
			reply.header('x-fal-request-id', job.requestId);
			switch (queue.cancel(job)) {
				case 'removed':
					return options.cancelAnswer === 'ok'
						? reply.code(200).send({ status: 'OK' })
						: reply.code(202).send({ status: 'CANCELLATION_REQUESTED' });
				case 'signalled':
					return reply.code(202).send({ status: 'CANCELLATION_REQUESTED' });
				case 'too_late':
					return reply.code(400).send({ status: 'ALREADY_COMPLETED' });
			}
		});
	}
}

/** A status or result GET under the full model id becomes one under the app alone (1.2). */
export function withoutSubPath(url: string): string {
	return url.replace(SUB_PATH, '$<app>$<request>');
}
const NAMESPACE = `(?:${NAMESPACES.join('|')})/`;
const SUB_PATH = new RegExp(
	`^(?<app>/queue\\.fal\\.run/(?:${NAMESPACE}|(?!${NAMESPACE}))[^/]+/[^/]+)/[^?]+?(?<request>/requests/.+)$`,
);

/** What the headers and the query of a submit say (2.1, 5.1). */
export function submissionFrom(
	{ headers, query, body }: FastifyRequest<SubmitRoute>,
	model: Model,
) {
	// A submit without input has no body at all (7).
	const { text, value } = body ?? { text: '{}', value: {} };
	return {
		model,
		inputText: text,
		input: value,
		// "Can only lower; unknown ignored".
		priority: headers['x-fal-queue-priority'] === 'low' ? 'low' : 'normal',
		hint: headers['x-fal-runner-hint']?.toString(),
		noRetry: ['1', 'true', 'yes'].includes(String(headers['x-fal-no-retry'])),
		storesPayloads: headers['x-fal-store-io'] !== '0',
		webhookUrl: query.fal_webhook,
		startTimeout: startTimeoutIn(headers),
		headers: { ...headers },
	} as const;
}

/** The newer name wins over the older one; seconds, above 0.1 (2.1). */
function startTimeoutIn(headers: FastifyRequest['headers']): number | undefined {
	const given = headers['x-fal-request-start-timeout'] ?? headers['x-fal-request-timeout'];
	const seconds = Number(given);
	return seconds > 0.1 ? seconds * 1000 : undefined;
}

/** Answers a submit that is not taken; `undefined` if it is. */
function refuseSubmit(
	{ options, queue }: Fal,
	{ query }: FastifyRequest<SubmitRoute>,
	reply: FastifyReply,
	model: Model,
): FastifyReply | undefined {
	if (options.exhaustedBalance) return lockedUser(reply);
	if (options.submitLimit !== undefined && queue.open >= options.submitLimit) {
		if (options.retryAfter) reply.header('retry-after', retryAfter(options.retryAfter));
		return tooManyJobs(reply, options.submitLimit);
	}
	const longest = query.fal_max_queue_length;
	if (longest !== undefined && queue.waiting(appOf(model.id)) >= Number(longest)) {
		// The body of this 429 is not known (3.1).
		return reply.code(429).send({ detail: `Queue length exceeds ${longest}` });
	}
	return undefined;
}

function retryAfter({ form, seconds }: { form: 'seconds' | 'date'; seconds: number }): string {
	// HTTP dates have whole seconds: rounded up, as a client mustn't come too early.
	const date = new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000);
	return form === 'seconds' ? String(seconds) : date.toUTCString();
}

export function lockedUser(reply: FastifyReply): FastifyReply {
	const reason = 'Exhausted balance. Top up your balance at fal.ai/dashboard/billing';
	return reply.code(403).send({ detail: `User is locked. Reason: ${reason}` });
}

export function tooManyJobs(reply: FastifyReply, limit: number): FastifyReply {
	return reply
		.code(429)
		.header('x-fal-needs-retry', '1')
		.send({
			detail: `Reached concurrent requests limit of ${limit}`,
			type: 'concurrent_requests_limit',
			data: { limit },
		});
}

/** 404 for an app that doesn't exist, or for a path that the app doesn't have (3.1). */
export function unknownModel(id: string, reply: FastifyReply): FastifyReply {
	const app = appOf(id);
	const detail = isApp(app)
		? `Path ${id.slice(app.length) || '/'} not found`
		: `Application "${app.split('/').at(-1)}" not found`;
	return reply.code(404).send({ detail });
}

function notFound(reply: FastifyReply): FastifyReply {
	return reply.code(404).send({ status: 'NOT_FOUND' });
}

function methodNotAllowed(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
	return reply.code(405).type('text/plain').send('405: Method Not Allowed');
}

const NOT_A_DICT = {
	detail: [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }],
};

function hasBody({ headers }: JobRequest): boolean {
	return Number(headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in headers;
}

/** `1` from JavaScript, `true` from Python (1.2). */
function wantsLogs({ query }: JobRequest): boolean {
	return ['1', 'true', 'True'].includes(query.logs ?? '');
}

function isExpired({ progress }: Job, { clock, options }: Fal): boolean {
	if (progress.status !== 'COMPLETED') return false;
	return clock.between(progress.endedAt, Date.now()) > options.resultExpiry;
}

/** Each status that differs from the one before, until the job has ended (1.6). */
async function* statuses(job: Job, withLogs: boolean, fal: Fal) {
	for (let last = ''; ; await fal.clock.wait(STREAM_LOOK)) {
		const data = statusOf(job, withLogs, fal);
		const text = writeJson(data);
		if (text !== last) yield { data };
		if (job.progress.status === 'COMPLETED') return;
		last = text;
	}
}
