/** Text to image, image to image, upscaling. */
import {
	choice,
	flag,
	imageSize,
	ImageSize,
	imageUrl,
	integer,
	list,
	LoraWeight,
	NEGATIVE,
	nullable,
	number,
	object,
	PROMPT,
	type Published,
	ref,
	SAFETY,
	SEED,
	SYNC,
	text,
} from './shapes';

const NUM_IMAGES = integer('Num Images', { minimum: 1, maximum: 4, default: 1 });
const FORMAT = choice('Output Format', ['jpeg', 'png'], { default: 'jpeg' });
const steps = (usual: number, most = 50) =>
	integer('Num Inference Steps', { minimum: 1, maximum: most, default: usual });
const guidance = (usual: number) =>
	number('Guidance scale (CFG)', {
		minimum: 0,
		maximum: 20,
		default: usual,
		description: 'How closely the picture keeps to the prompt.',
	});
const RATIO = choice('Aspect Ratio', ['21:9', '16:9', '4:3', '1:1', '3:4', '9:16'], {
	default: '16:9',
});

export const images: Published[] = [
	{
		id: 'fal-ai/flux/dev',
		category: 'text-to-image',
		components: { ImageSize },
		input: object(
			'BaseInput',
			{
				prompt: PROMPT,
				image_size: imageSize(),
				num_inference_steps: steps(28),
				seed: SEED,
				guidance_scale: guidance(3.5),
				sync_mode: SYNC,
				num_images: NUM_IMAGES,
				enable_safety_checker: SAFETY,
				output_format: FORMAT,
				acceleration: choice('Acceleration', ['none', 'regular', 'high'], { default: 'none' }),
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/flux/schnell',
		category: 'text-to-image',
		components: { ImageSize },
		input: object(
			'SchnellInput',
			{ prompt: PROMPT, image_size: imageSize(), num_inference_steps: steps(4, 12), seed: SEED },
			['prompt'],
		),
	},
	{
		id: 'fal-ai/flux-lora',
		category: 'text-to-image',
		components: { ImageSize, LoraWeight },
		input: object(
			'LoraInput',
			{
				prompt: PROMPT,
				image_size: imageSize(),
				loras: list('Loras', ref('LoraWeight'), {
					default: [],
					description: 'Weights that are merged into the model.',
				}),
				num_images: NUM_IMAGES,
				seed: SEED,
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/flux-general',
		category: 'text-to-image',
		components: {
			ImageSize,
			LoraWeight,
			ControlNet: object(
				'ControlNet',
				{
					path: text('Path'),
					control_image_url: imageUrl('Control Image URL'),
					conditioning_scale: number('Conditioning Scale', { minimum: 0, maximum: 2, default: 1 }),
					start_percentage: number('Start Percentage', { minimum: 0, maximum: 1, default: 0 }),
					variant: nullable({ type: 'string' }),
				},
				['path', 'control_image_url'],
			),
		},
		input: object(
			'GeneralInput',
			{
				prompt: PROMPT,
				image_size: { title: 'Image Size', ...nullable(ref('ImageSize')) },
				loras: list('Loras', ref('LoraWeight'), { default: [] }),
				controlnets: list('Controlnets', ref('ControlNet'), { default: [], maxItems: 3 }),
				scheduler: choice('Scheduler', ['euler', 'dpmpp_2m'], { default: 'euler' }),
				use_beta_schedule: flag('Use Beta Schedule', { default: false }),
				reference_strength: number('Reference Strength', {
					minimum: -3,
					maximum: 3,
					default: 0.65,
				}),
			},
			['prompt'],
		),
	},
	{
		// The type of each field is a definition of its own, wrapped in allOf to carry a default.
		id: 'fal-ai/stable-diffusion-v3-medium',
		category: 'text-to-image',
		components: {
			ImageSize,
			Steps: { title: 'Steps', type: 'integer', minimum: 1, maximum: 50 },
			Format: { title: 'ImageFormat', type: 'string', enum: ['jpeg', 'png'] },
		},
		input: object(
			'SD3Input',
			{
				prompt: PROMPT,
				negative_prompt: NEGATIVE,
				prompt_expansion: flag('Prompt Expansion', { default: false }),
				num_inference_steps: { allOf: [ref('Steps')], default: 28, title: 'Num Inference Steps' },
				output_format: { allOf: [ref('Format')], default: 'jpeg' },
				image_size: { title: 'Image Size', ...ref('ImageSize') },
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/fast-sdxl',
		category: 'text-to-image',
		components: {
			ImageSize,
			Embedding: object(
				'Embedding',
				{
					path: text('Path'),
					tokens: list('Tokens', { type: 'string' }, { default: ['<s0>', '<s1>'] }),
				},
				['path'],
			),
		},
		input: object(
			'SdxlInput',
			{
				prompt: PROMPT,
				negative_prompt: NEGATIVE,
				image_size: imageSize('square_hd'),
				embeddings: list('Embeddings', ref('Embedding'), { default: [] }),
				expand_prompt: flag('Expand Prompt', { default: false }),
				safety_checker_version: choice('Safety Checker Version', ['v1', 'v2'], { default: 'v1' }),
				format: choice('Format', ['jpeg', 'png'], { default: 'jpeg' }),
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/recraft/v3/text-to-image',
		category: 'text-to-image',
		components: {
			ImageSize,
			RGBColor: object(
				'RGBColor',
				{
					r: integer('R', { minimum: 0, maximum: 255 }),
					g: integer('G', { minimum: 0, maximum: 255 }),
					b: integer('B', { minimum: 0, maximum: 255 }),
				},
				['r', 'g', 'b'],
			),
		},
		input: object(
			'RecraftInput',
			{
				prompt: text('Prompt', { minLength: 1, maxLength: 1000 }),
				image_size: imageSize('square_hd'),
				style: choice(
					'Style',
					['any', 'realistic_image', 'digital_illustration', 'vector_illustration'],
					{
						default: 'realistic_image',
					},
				),
				colors: list('Colors', ref('RGBColor'), { default: [] }),
				style_id: nullable({ type: 'string', format: 'uuid4' }),
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/ideogram/v3',
		category: 'text-to-image',
		components: {
			ImageSize,
			Palette: object('ColorPalette', {
				members: nullable(list('Members', ref('PaletteMember'))),
				name: nullable({ type: 'string', enum: ['EMBER', 'FRESH', 'JUNGLE'] }),
			}),
			PaletteMember: object(
				'PaletteMember',
				{
					rgb: ref('RGB'),
					color_weight: nullable({ type: 'number', minimum: 0.05, maximum: 1 }),
				},
				['rgb'],
			),
			RGB: object('RGB', { r: integer('R'), g: integer('G'), b: integer('B') }),
		},
		input: object(
			'IdeogramInput',
			{
				prompt: PROMPT,
				image_urls: { title: 'Image URLs', ...nullable(list('Images', { type: 'string' })) },
				rendering_speed: choice('Rendering Speed', ['TURBO', 'BALANCED', 'QUALITY'], {
					default: 'BALANCED',
				}),
				color_palette: { title: 'Color Palette', ...nullable(ref('Palette')) },
				style_codes: nullable(list('Style Codes', { type: 'string', pattern: '^[0-9a-f]{8}$' })),
				style: nullable({ type: 'string', enum: ['AUTO', 'GENERAL', 'REALISTIC', 'DESIGN'] }),
				expand_prompt: flag('Expand Prompt', { default: true }),
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/imagen4/preview',
		category: 'text-to-image',
		input: object(
			'ImagenInput',
			{
				prompt: PROMPT,
				aspect_ratio: choice('Aspect Ratio', ['1:1', '16:9', '9:16', '3:4', '4:3'], {
					default: '1:1',
				}),
				resolution: choice('Resolution', ['1K', '2K'], { default: '1K' }),
				num_images: NUM_IMAGES,
				seed: SEED,
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/nano-banana/edit',
		category: 'image-to-image',
		input: object(
			'BananaInput',
			{
				prompt: PROMPT,
				image_urls: list(
					'Image URLs',
					{ type: 'string' },
					{
						minItems: 1,
						maxItems: 10,
						description: 'The images to work on.',
					},
				),
				aspect_ratio: {
					title: 'Aspect Ratio',
					...nullable({ type: 'string', enum: ['1:1', '3:2', '16:9'] }),
				},
				limit_generations: flag('Limit Generations', { default: false }),
			},
			['prompt', 'image_urls'],
		),
	},
	{
		id: 'fal-ai/flux-pro/kontext',
		category: 'image-to-image',
		input: object(
			'KontextInput',
			{
				prompt: PROMPT,
				image_url: imageUrl(),
				guidance_scale: guidance(3.5),
				aspect_ratio: { title: 'Aspect Ratio', ...nullable(RATIO) },
				safety_tolerance: choice('Safety Tolerance', ['1', '2', '3', '4', '5', '6'], {
					default: '2',
				}),
				enhance_prompt: flag('Enhance Prompt', { default: false }),
			},
			['prompt', 'image_url'],
		),
	},
	{
		id: 'fal-ai/gpt-image-1/edit-image',
		category: 'image-to-image',
		input: object(
			'GptImageInput',
			{
				prompt: PROMPT,
				image_urls: list('Image URLs', { type: 'string', format: 'uri' }, { uniqueItems: true }),
				size: choice('Image Size', ['auto', '1024x1024', '1536x1024'], { default: 'auto' }),
				quality: choice('Quality', ['auto', 'low', 'high'], { default: 'auto' }),
				n: integer('N', { minimum: 1, maximum: 4, default: 1 }),
			},
			['prompt', 'image_urls'],
		),
	},
	{
		// A field without a type, one with a constant, and fields that are not known beforehand.
		id: 'workflows/acme/poster',
		category: 'workflow',
		input: {
			...object(
				'PosterInput',
				{
					prompt: { title: 'Prompt' },
					kind: { const: 'poster', default: 'poster' },
					settings: { title: 'Settings', type: 'object', additionalProperties: { type: 'number' } },
				},
				['prompt'],
			),
			additionalProperties: true,
		},
	},
	{
		id: 'comfy/acme/portrait',
		category: 'comfy',
		input: {
			...object(
				'ComfyInput',
				{
					loadimage_1: imageUrl('Load Image'),
					ksampler_seed: integer('Seed', { minimum: 0 }),
					ksampler_cfg: number('CFG', {
						exclusiveMinimum: 0,
						exclusiveMaximum: 30,
						multipleOf: 0.5,
					}),
				},
				['loadimage_1'],
			),
			additionalProperties: false,
		},
	},
	{
		id: 'fal-ai/inpaint',
		category: 'image-to-image',
		input: object(
			'InpaintInput',
			{
				model_name: text('Model Name', { examples: ['stabilityai/stable-diffusion-xl-base-1.0'] }),
				prompt: PROMPT,
				image_url: imageUrl(),
				mask_url: imageUrl('Mask URL'),
				strength: number('Strength', { minimum: 0.01, maximum: 1, default: 0.95 }),
				steps: { title: 'Steps', type: 'integer', minimum: 0, exclusiveMinimum: 0, default: 30 },
			},
			['model_name', 'prompt', 'image_url', 'mask_url'],
		),
	},
	{
		id: 'fal-ai/esrgan',
		category: 'upscaling',
		input: object(
			'EsrganInput',
			{
				image_url: imageUrl(),
				scale: number('Scale', { minimum: 1, maximum: 8, default: 2 }),
				tile: integer('Tile', { default: 0 }),
				face: flag('Face', { default: false }),
				model: choice('Model', ['RealESRGAN_x4plus', 'RealESRGAN_x2plus'], {
					default: 'RealESRGAN_x4plus',
				}),
			},
			['image_url'],
		),
	},
	{
		id: 'fal-ai/clarity-upscaler',
		category: 'upscaling',
		input: object(
			'ClarityInput',
			{
				image_url: imageUrl(),
				prompt: text('Prompt', { default: 'masterpiece, best quality, highres' }),
				upscale_factor: number('Upscale Factor', { minimum: 1, maximum: 4, default: 2 }),
				creativity: number('Creativity', { minimum: 0, maximum: 1, default: 0.35 }),
				resemblance: number('Resemblance', { minimum: 0, maximum: 1, default: 0.6 }),
			},
			['image_url'],
		),
	},
	{
		// Choices that are numbers.
		id: 'fal-ai/aura-sr',
		category: 'upscaling',
		input: object(
			'AuraInput',
			{
				image_url: imageUrl(),
				upscaling_factor: choice('Upscaling Factor', [2, 4], { default: 4 }),
				overlapping_tiles: flag('Overlapping Tiles', { default: false }),
				checkpoint: choice('Checkpoint', ['v1', 'v2'], { default: 'v1' }),
			},
			['image_url'],
		),
	},
	{
		id: 'fal-ai/birefnet',
		category: 'image-to-image',
		input: object(
			'BirefnetInput',
			{
				image_url: imageUrl(),
				model: choice('Model', ['General Use (Light)', 'General Use (Heavy)', 'Portrait']),
				operating_resolution: choice('Operating Resolution', ['1024x1024', '2048x2048']),
				output_mask: flag('Output Mask', { default: false }),
			},
			['image_url'],
		),
	},
	{
		// OpenAPI 3.0 by the letter: nullable beside a type.
		id: 'fal-ai/luma-photon',
		category: 'text-to-image',
		input: object(
			'PhotonInput',
			{
				prompt: text('Prompt', { minLength: 3, maxLength: 5000 }),
				aspect_ratio: RATIO,
				image_url: { title: 'Image URL', type: 'string', nullable: true },
				strength: { title: 'Strength', type: 'number', nullable: true, minimum: 0, maximum: 1 },
			},
			['prompt'],
		),
	},
];
