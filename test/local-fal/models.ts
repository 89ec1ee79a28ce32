/**
 * The models of the local fal: what they take, how long they take for it and what they give.
 * Shapes and limits are those of the real ones (fal-queue.md 6); pictures are half their size.
 */
import { createHash } from 'node:crypto';
import { modelErrorDetail } from './errors';
import type { Ending, Job } from './jobs';
import { promptOf } from './jobs';
import { isObject } from './json';
import type { Json, JsonObject } from './json';
import type { MadeUpFile, MediaFile } from './media';
import { contentType, draw } from './pictures';
import type { Picture } from './pictures';
import { complaints, object } from './schema';
import type { Schema } from './schema';

export interface Model {
	/** owner/app[/path], or with `workflows` or `comfy` in front (fal-queue.md 1.2). */
	readonly id: string;
	readonly displayName: string;
	readonly category: string;
	readonly description: string;
	readonly isDeprecated?: boolean;
	readonly unitPrice: number;
	readonly unit: string;
	/** Units of an average call, on which fal bases its historical estimate. */
	readonly usualUnits: number;
	/** Milliseconds a job usually takes. */
	readonly time: number;
	/** What it logs, spread evenly over its work. */
	readonly logLines: readonly string[];
	readonly input: Schema;
	readonly output: Schema;
	/** Works on an input that its schema has nothing against. */
	generate(input: JsonObject, job: Job, studio: Studio): Promise<Work>;
}

/** Where models leave their pictures. */
export interface Studio {
	/** Makes the picture available. Gives back its URL. */
	publish(picture: Picture): string;
	/** Makes up a file of that size. Gives back its URL. */
	leave(file: MadeUpFile): string;
	/** What is at the URL; nothing when it can't be had, as for everything that is not on fal's CDN. */
	fetch(url: string): Promise<MediaFile | undefined>;
}

interface Work {
	readonly output: JsonObject;
	readonly billableUnits: number;
}

/** A prompt with this word in it violates the content policy. */
const FORBIDDEN = 'forbidden';

/** Why the model refuses this input, if it does: its schema, or its content policy. */
export function refusal({ model, input }: Job): Ending | undefined {
	const found = complaints(model.input, input);
	if (found.length === 0 && promptOf(input)?.includes(FORBIDDEN)) {
		found.push(modelErrorDetail('content_policy_violation', ['body', 'prompt']));
	}
	if (found.length === 0) return undefined;
	return { kind: 'model_error', status: 422, detail: found, needsRetry: false };
}

/** Does the job's work. */
export async function run(job: Job, studio: Studio): Promise<Ending> {
	const refused = refusal(job);
	if (refused) return refused;
	const input = isObject(job.input) ? job.input : {};
	try {
		return { kind: 'output', ...(await job.model.generate(input, job, studio)) };
	} catch (error) {
		if (!(error instanceof NotThere)) throw error;
		const detail = [modelErrorDetail('file_download_error', ['body', error.field])];
		return { kind: 'model_error', status: 422, detail, needsRetry: false };
	}
}

/** The part of a model's id that names its app: what status, result and cancel use (1.2). */
export function appOf(id: string): string {
	const segments = id.split('/');
	return segments.slice(0, isNamespace(segments[0]) ? 3 : 2).join('/');
}

/** First segments that make an app's name three segments long (1.2). */
export const NAMESPACES = ['workflows', 'comfy'];

function isNamespace(segment: string | undefined): boolean {
	return segment !== undefined && NAMESPACES.includes(segment);
}

/** Widths and heights of fal's named sizes, halved. */
const SIZES: Record<string, { width: number; height: number }> = {
	square_hd: { width: 512, height: 512 },
	square: { width: 256, height: 256 },
	portrait_4_3: { width: 384, height: 512 },
	portrait_16_9: { width: 288, height: 512 },
	landscape_4_3: { width: 512, height: 384 },
	landscape_16_9: { width: 512, height: 288 },
};
const USUAL_SIZE = { width: 512, height: 384 };

const IMAGE_SIZE = object(
	'ImageSize',
	{
		width: { type: 'integer', default: 512, maximum: 14142, exclusiveMinimum: 0 },
		height: { type: 'integer', default: 512, maximum: 14142, exclusiveMinimum: 0 },
	},
	[],
);

const IMAGE = object(
	'Image',
	{
		url: { type: 'string' },
		width: { type: 'integer' },
		height: { type: 'integer' },
		content_type: { anyOf: [{ type: 'string' }, { type: 'null' }], default: 'image/jpeg' },
	},
	['url', 'width', 'height'],
);

const PROMPT: Schema = {
	title: 'Prompt',
	description: 'The prompt to generate from.',
	type: 'string',
	examples: ['A lighthouse on a cliff at dawn'],
};
const SEED: Schema = {
	title: 'Seed',
	description: 'The same seed and the same prompt give the same picture.',
	anyOf: [{ type: 'integer' }, { type: 'null' }],
};

const imageInput = (title: string, steps: number): Schema =>
	object(
		title,
		{
			prompt: PROMPT,
			image_size: {
				title: 'Image Size',
				anyOf: [IMAGE_SIZE, { type: 'string', enum: Object.keys(SIZES) }],
				default: 'landscape_4_3',
			},
			num_inference_steps: { type: 'integer', minimum: 1, maximum: 50, default: steps },
			seed: SEED,
			guidance_scale: {
				title: 'Guidance scale (CFG)',
				type: 'number',
				minimum: 1,
				maximum: 20,
				default: 3.5,
			},
			sync_mode: { type: 'boolean', default: false },
			num_images: { type: 'integer', minimum: 1, maximum: 4, default: 1 },
			enable_safety_checker: { type: 'boolean', default: true },
			output_format: { type: 'string', enum: ['jpeg', 'png'], default: 'jpeg' },
			acceleration: { type: 'string', enum: ['none', 'regular', 'high'], default: 'none' },
		},
		['prompt'],
	);

const IMAGES_OUTPUT = object('Output', {
	images: { type: 'array', items: IMAGE },
	timings: { type: 'object', additionalProperties: { type: 'number' } },
	seed: { type: 'integer' },
	has_nsfw_concepts: { type: 'array', items: { type: 'boolean' } },
	prompt: { type: 'string' },
});

async function generateImages(input: JsonObject, job: Job, studio: Studio): Promise<Work> {
	const seed = seedOf(input, job);
	const count = Number(input.num_images ?? 1);
	const picture = (index: number): Picture => ({
		prompt: promptOf(input) ?? '',
		seed: seed + BigInt(index),
		...sizeOf(input.image_size),
		format: input.output_format === 'png' ? 'png' : 'jpeg',
		frames: 1,
	});
	const pictures = Array.from({ length: count }, (_, index) => picture(index));
	const images = await Promise.all(
		pictures.map(async (each) => ({
			url: input.sync_mode === true ? await dataUri(each) : studio.publish(each),
			width: each.width,
			height: each.height,
			content_type: contentType(each.format),
		})),
	);
	return {
		output: {
			images,
			timings: { inference: job.model.time / 1000 },
			seed,
			has_nsfw_concepts: pictures.map(() => false),
			prompt: promptOf(input) ?? '',
		},
		billableUnits: count,
	};
}

function sizeOf(wanted: Json | undefined): { width: number; height: number } {
	if (typeof wanted === 'string') return SIZES[wanted] ?? USUAL_SIZE;
	if (!isObject(wanted)) return USUAL_SIZE;
	return { width: Number(wanted.width ?? 512), height: Number(wanted.height ?? 512) };
}

/** The input's seed to the digit, or one of the model's own. */
function seedOf({ seed }: JsonObject, job: Job): bigint {
	return typeof seed === 'number' || typeof seed === 'bigint' ? BigInt(seed) : job.ownSeed;
}

/** With `sync_mode` media come inside the answer (section 6). */
async function dataUri(picture: Picture): Promise<string> {
	const bytes = await draw(picture);
	return `data:${contentType(picture.format)};base64,${bytes.toString('base64')}`;
}

const FILM_FRAMES = 12;

async function generateFilm(input: JsonObject, job: Job, studio: Studio): Promise<Work> {
	const upright = input.aspect_ratio === '9:16';
	const film: Picture = {
		prompt: promptOf(input) ?? '',
		seed: job.ownSeed,
		...(upright ? { width: 288, height: 512 } : { width: 512, height: 288 }),
		// There is no video encoder here: an animated WebP moves in every browser.
		format: 'webp',
		frames: FILM_FRAMES,
	};
	return {
		output: {
			video: {
				url: studio.publish(film),
				content_type: contentType(film.format),
				file_name: 'output.webp',
			},
		},
		billableUnits: Number(input.duration ?? 5),
	};
}

const imageLog = (steps: number): string[] => [
	'Loading model weights...',
	...[0.25, 0.5, 0.75, 1].map((part) => `${part * 100}%| ${steps * part}/${steps} steps`),
];

const FLUX_DEV: Model = {
	id: 'fal-ai/flux/dev',
	displayName: 'FLUX.1 [dev]',
	category: 'text-to-image',
	description: 'High-quality images from text.',
	unitPrice: 0.025,
	unit: 'image',
	usualUnits: 1,
	time: 2000,
	logLines: imageLog(28),
	input: imageInput('FluxDevInput', 28),
	output: IMAGES_OUTPUT,
	generate: generateImages,
};

const IMAGE_MODELS: Model[] = [
	FLUX_DEV,
	{
		...FLUX_DEV,
		id: 'fal-ai/flux/schnell',
		displayName: 'FLUX.1 [schnell]',
		description: 'Images from text in very few steps.',
		unitPrice: 0.003,
		time: 500,
		logLines: imageLog(4),
		input: imageInput('FluxSchnellInput', 4),
	},
	{
		...FLUX_DEV,
		id: 'workflows/acme/poster',
		displayName: 'Poster',
		category: 'workflow',
		description: "Acme's poster, a workflow: three segments are its app's name.",
		unitPrice: 0.05,
		time: 3000,
		input: imageInput('PosterInput', 28),
	},
	{
		...FLUX_DEV,
		id: 'comfy/acme/portrait',
		displayName: 'Portrait',
		category: 'comfy',
		description: "Acme's portrait, a ComfyUI graph: three segments are its app's name.",
		unitPrice: 0.04,
		time: 1500,
		input: imageInput('PortraitInput', 28),
	},
];

const KLING: Model = {
	id: 'fal-ai/kling-video/v2/master/text-to-video',
	displayName: 'Kling 2.0 Master',
	category: 'text-to-video',
	description: 'Videos from text.',
	unitPrice: 0.28,
	unit: 'second',
	usualUnits: 5,
	time: 12_000,
	logLines: Array.from({ length: 13 }, (_, part) => `Progress: ${Math.round((part / 12) * 100)}%`),
	input: object(
		'KlingTextToVideoInput',
		{
			prompt: PROMPT,
			duration: { type: 'string', enum: ['5', '10'], default: '5' },
			aspect_ratio: { type: 'string', enum: ['16:9', '9:16', '1:1'], default: '16:9' },
			negative_prompt: { type: 'string', default: 'blur, distort, and low quality' },
			cfg_scale: { type: 'number', minimum: 0, maximum: 1, default: 0.5 },
		},
		['prompt'],
	),
	output: object('Output', {
		video: object(
			'File',
			{
				url: { type: 'string' },
				content_type: { anyOf: [{ type: 'string' }, { type: 'null' }] },
				file_name: { anyOf: [{ type: 'string' }, { type: 'null' }] },
			},
			['url'],
		),
	}),
	generate: generateFilm,
};

/** A file of the input that the model can't fetch. */
class NotThere extends Error {
	constructor(readonly field: string) {
		super(`Nothing at ${field}`);
	}
}

async function fetched(input: JsonObject, field: string, studio: Studio): Promise<Buffer> {
	const url = String(input[field]);
	if (url.startsWith('data:')) return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
	const file = await studio.fetch(url);
	if (!file || !(file.bytes instanceof Buffer)) throw new NotThere(field);
	return file.bytes;
}

/** An image, with what fal's own schemas tell a form about it. */
const IMAGE_URL: Schema = {
	title: 'Image URL',
	description: 'The picture to work on.',
	type: 'string',
	ui: { field: 'image' },
};

const BIREFNET: Model = {
	id: 'fal-ai/birefnet/v2',
	displayName: 'BiRefNet v2',
	category: 'image-to-image',
	description: 'Removes the background of a picture.',
	unitPrice: 0,
	unit: 'compute second',
	usualUnits: 1,
	time: 1000,
	logLines: [],
	input: object('BiRefNetInput', { image_url: IMAGE_URL }),
	output: object('Output', { image: IMAGE }),
	async generate(input, job, studio) {
		const seen = createHash('sha256').update(await fetched(input, 'image_url', studio));
		const prompt = `cut out of ${seen.digest('hex').slice(0, 12)}`;
		const picture: Picture = {
			prompt,
			seed: job.ownSeed,
			width: 256,
			height: 256,
			format: 'png',
			frames: 1,
		};
		const { width, height, format } = picture;
		const url = studio.publish(picture);
		const image = { url, width, height, content_type: contentType(format) };
		return { output: { image }, billableUnits: 1 };
	},
};

const HAILUO: Model = {
	...KLING,
	id: 'fal-ai/minimax/hailuo-02/standard/image-to-video',
	displayName: 'MiniMax Hailuo 02',
	category: 'image-to-video',
	description: 'Videos from a picture and text.',
	input: object(
		'HailuoInput',
		{
			prompt: PROMPT,
			image_url: IMAGE_URL,
			duration: { type: 'string', enum: ['5', '10'], default: '5' },
		},
		['prompt', 'image_url'],
	),
	async generate(input, job, studio) {
		await fetched(input, 'image_url', studio);
		return await generateFilm(input, job, studio);
	},
};

/** An app of one's own: any files that are asked for, of any kind and size. */
const FILES: Model = {
	...FLUX_DEV,
	id: 'acme/files',
	displayName: 'Files',
	category: 'image-to-3d',
	description: "Acme's own app: gives the files that are asked for.",
	time: 200,
	logLines: [],
	input: object('FilesInput', { prompt: PROMPT, files: { type: 'array' } }, []),
	output: object('FilesOutput', { files: { type: 'array' } }),
	async generate({ files, prompt }, job, studio) {
		const wanted = (Array.isArray(files) ? files : []).filter(isObject);
		return {
			output: {
				files: wanted.map((file, index) => {
					const name = String(file.file_name ?? `${prompt ?? job.requestId}-${index}.bin`);
					const type = String(file.content_type ?? 'application/octet-stream');
					const size = Number(file.size ?? 1000);
					const elsewhere = typeof file.url === 'string' ? file.url : undefined;
					const url = elsewhere ?? studio.leave({ name, contentType: type, size });
					return { url, content_type: type, file_name: name, file_size: size };
				}),
			},
			billableUnits: 1,
		};
	},
};

const KLING_FROM_IMAGE: Model = {
	...KLING,
	id: 'fal-ai/kling-video/v2.1/standard/image-to-video',
	displayName: 'Kling 2.1 Standard',
	category: 'image-to-video',
	description: 'Videos from an image.',
	unitPrice: 0.05,
	input: object(
		'KlingImageToVideoInput',
		{
			prompt: PROMPT,
			image_url: IMAGE_URL,
			duration: {
				title: 'Duration',
				description: 'The duration of the video in seconds.',
				type: 'string',
				enum: ['5', '10'],
				default: '5',
			},
			negative_prompt: { type: 'string', default: 'blur, distort, and low quality' },
			cfg_scale: { title: 'Cfg Scale', type: 'number', minimum: 0, maximum: 1, default: 0.5 },
			tail_image_url: { title: 'Tail Image URL', anyOf: [{ type: 'string' }, { type: 'null' }] },
		},
		['prompt', 'image_url'],
	),
};

/** Still served, and no longer recommended: fal lists it with this status. */
const RETIRED: Model = {
	...FLUX_DEV,
	id: 'fal-ai/flux/retired',
	displayName: 'FLUX.0 [retired]',
	description: 'The one before the others.',
	isDeprecated: true,
};

export const MODELS: readonly Model[] = [
	...IMAGE_MODELS,
	KLING,
	KLING_FROM_IMAGE,
	HAILUO,
	BIREFNET,
	FILES,
	RETIRED,
];

const BY_ID = new Map(MODELS.map((model) => [model.id, model]));
const APPS = new Set(MODELS.map((model) => appOf(model.id)));

export function findModel(id: string): Model | undefined {
	return BY_ID.get(id);
}

export function isApp(id: string): boolean {
	return APPS.has(id);
}
