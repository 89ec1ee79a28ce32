/**
 * `rest.fal.ai`, where uploads begin and the webhook keys are, and `v3.fal.media`, where files are
 * put and fetched (fal-queue.md 6, 5.4).
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { requireKey } from '../access';
import type { Fal, JsonBody } from '../fal';
import { isObject } from '../json';

export async function storageRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	server.post<{ Body: JsonBody | undefined }>(
		'/storage/upload/initiate',
		{ config: { kind: 'upload_initiate' }, preHandler: requireKey(fal.options) },
		async ({ body }, reply) => {
			const input = isObject(body?.value) ? body.value : {};
			if (typeof input.file_name !== 'string') {
				const detail = [{ loc: ['body', 'file_name'], msg: 'Field required', type: 'missing' }];
				return reply.code(422).send({ detail });
			}
			const name = encodeURIComponent(input.file_name);
			const url = fal.mediaUrl(`files/${randomUUID().slice(0, 8)}/${name}`);
			return { upload_url: url, file_url: url };
		},
	);

	server.get('/.well-known/jwks.json', { config: { kind: 'jwks' } }, () => fal.webhooks.jwks());
}

export async function mediaRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	// Files are bytes, even those that are JSON.
	server.removeAllContentTypeParsers();
	server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) =>
		done(null, bytes),
	);

	server.put<{ Params: { '*': string }; Body: Buffer | undefined }>(
		'/files/*',
		{ config: { kind: 'upload' } },
		async ({ params, headers, body }) => {
			const contentType = headers['content-type'] ?? 'application/octet-stream';
			fal.media.keep(`files/${params['*']}`, { bytes: body ?? Buffer.alloc(0), contentType });
			return {};
		},
	);

	server.get<{ Params: { '*': string } }>(
		'/files/*',
		{ config: { kind: 'media' } },
		async ({ params }, reply) => {
			const file = await fal.media.find(`files/${params['*']}`);
			if (!file) return reply.code(404).send({ detail: 'Not Found' });
			return reply.type(file.contentType).send(file.bytes);
		},
	);
}
