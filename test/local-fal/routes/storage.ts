/**
 * `rest.fal.ai`, where uploads begin and the webhook keys are, and `v3.fal.media`, where files are
 * put and fetched (fal-queue.md 6, 5.4).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requireKey } from '../access';
import type { Fal, JsonBody } from '../fal';
import { isObject, readJson } from '../json';

export async function storageRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	const begin =
		(address: (path: string) => { upload: string; file: string }) =>
		async ({ body, headers }: FastifyRequest, reply: FastifyReply) => {
			const given = (body as JsonBody | undefined)?.value;
			const input = isObject(given) ? given : {};
			if (typeof input.file_name !== 'string') {
				const detail = [{ loc: ['body', 'file_name'], msg: 'Field required', type: 'missing' }];
				return await reply.code(422).send({ detail });
			}
			const lifecycle = headers['x-fal-object-lifecycle'];
			const path = fal.media.announce(input.file_name, lifecycle?.toString());
			const { upload, file } = address(path);
			return { upload_url: upload, file_url: file };
		};
	const options = {
		config: { kind: 'upload_initiate' as const },
		preHandler: requireKey(fal.options),
	};

	server.post(
		'/storage/upload/initiate',
		options,
		begin((path) => ({ upload: fal.uploadUrl(path), file: fal.mediaUrl(path) })),
	);
	server.post(
		'/storage/upload/initiate-multipart',
		options,
		begin((path) => ({
			upload: `${fal.uploadUrl(`multipart/${path}`)}?token=part`,
			file: fal.mediaUrl(path),
		})),
	);

	server.get('/.well-known/jwks.json', { config: { kind: 'jwks' } }, () => fal.webhooks.jwks());
}

/** The largest body: the official client puts up to 90 MB at once. */
const LARGEST_PUT = 96 * 1024 * 1024;

export async function mediaRoutes(server: FastifyInstance, fal: Fal): Promise<void> {
	// Files are bytes, even those that are JSON.
	server.removeAllContentTypeParsers();
	server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) =>
		done(null, bytes),
	);
	server.put<{ Params: { '*': string }; Body: Buffer | undefined }>(
		'/files/*',
		{ config: { kind: 'upload' }, bodyLimit: LARGEST_PUT },
		async ({ params, headers, body }, reply) => {
			const path = pathOf(params['*']);
			if (!fal.media.isOpen(path)) return await tooLate(reply);
			const contentType = headers['content-type'] ?? 'application/octet-stream';
			fal.media.keep(path, body ?? Buffer.alloc(0), contentType);
			return {};
		},
	);

	server.put<{ Params: { '*': string }; Body: Buffer | undefined }>(
		'/multipart/files/*',
		{ config: { kind: 'upload_part' }, bodyLimit: LARGEST_PUT },
		async ({ params, body }, reply) => {
			const [, rest = '', part = ''] = /^(.*)\/(\d+)$/.exec(params['*']) ?? [];
			const path = pathOf(rest);
			if (!fal.media.isOpen(path)) return await tooLate(reply);
			const partNumber = Number(part);
			return { partNumber, etag: fal.media.keepPart(path, partNumber, body ?? Buffer.alloc(0)) };
		},
	);

	server.post<{ Params: { '*': string }; Body: Buffer | undefined }>(
		'/multipart/files/*',
		{ config: { kind: 'upload_complete' } },
		async ({ params, body }, reply) => {
			const path = pathOf(params['*'].replace(/\/complete$/, ''));
			if (!fal.media.isOpen(path)) return await tooLate(reply);
			const given = readJson((body ?? Buffer.from('{}')).toString());
			const parts = isObject(given) && Array.isArray(given.parts) ? given.parts : [];
			const known = parts as unknown as Array<{ partNumber: number; etag: string }>;
			if (!fal.media.complete(path, known, 'application/octet-stream')) {
				return await reply.code(400).send({ detail: 'Parts are missing, or have other etags' });
			}
			return {};
		},
	);

	server.get<{ Params: { '*': string } }>(
		'/files/*',
		{ config: { kind: 'media' } },
		async ({ params }, reply) => {
			const file = await fal.media.find(pathOf(params['*']));
			if (!file) return await reply.code(404).send({ detail: 'Not Found' });
			return await reply
				.type(file.contentType)
				.header('content-length', file.size)
				.send(file.bytes);
		},
	);
}

/** Names are kept as they are written in addresses. */
function pathOf(rest: string): string {
	const at = rest.lastIndexOf('/');
	return `files/${rest.slice(0, at + 1)}${encodeURIComponent(rest.slice(at + 1))}`;
}

async function tooLate(reply: FastifyReply) {
	return await reply.code(403).send({ detail: 'This address was never given out, or has expired' });
}
