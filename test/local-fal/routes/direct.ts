/** `fal.run`: the answer on the same line, and 429 where the queue would wait (fal-queue.md 4.1). */
import type { FastifyInstance } from 'fastify';
import { requireKey } from '../access';
import type { Fal } from '../fal';
import { answerOf } from '../jobs';
import { findModel } from '../models';
import { lockedUser, submissionFrom, tooManyJobs, unknownModel } from './queue';
import type { SubmitRoute } from './queue';

export async function directRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	const { options, queue } = fal;
	server.addHook('preHandler', requireKey(options));

	server.post<SubmitRoute>('/*', { config: { kind: 'run' } }, async (request, reply) => {
		const id = request.params['*'];
		const model = findModel(id);
		if (!model) return unknownModel(id, reply);
		if (options.exhaustedBalance) return lockedUser(reply);
		const run = queue.run(submissionFrom(request, model));
		if (!run) return tooManyJobs(reply, options.accountConcurrency);
		request.call.requestId = run.job.requestId;
		const { status, headers, body } = answerOf(run.job.requestId, await run.ending);
		return reply.code(status).headers(headers).send(body);
	});
}
