/** Films, from text and from images, and 3D. */
import {
	choice,
	flag,
	imageUrl,
	integer,
	list,
	NEGATIVE,
	nullable,
	number,
	object,
	PROMPT,
	type Published,
	ref,
	SEED,
	text,
} from './shapes';

const DURATION = choice('Duration', ['5', '10'], {
	default: '5',
	description: 'How long the film is, in seconds.',
});
const CFG = number('Cfg Scale', { minimum: 0, maximum: 1, default: 0.5 });
const Trajectory = object('Trajectory', { x: integer('X'), y: integer('Y') }, ['x', 'y']);

export const films: Published[] = [
	{
		id: 'fal-ai/kling-video/v2/master/text-to-video',
		category: 'text-to-video',
		input: object(
			'KlingText',
			{
				prompt: { ...PROMPT, maxLength: 2500 },
				duration: DURATION,
				aspect_ratio: choice('Aspect Ratio', ['16:9', '9:16', '1:1'], { default: '16:9' }),
				negative_prompt: NEGATIVE,
				cfg_scale: CFG,
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/kling-video/v1.6/pro/image-to-video',
		category: 'image-to-video',
		components: {
			DynamicMask: object(
				'DynamicMask',
				{
					mask_url: imageUrl('Mask URL'),
					trajectories: nullable(
						list('Trajectories', ref('Trajectory'), { minItems: 2, maxItems: 77 }),
					),
				},
				['mask_url'],
			),
			Trajectory,
		},
		input: object(
			'KlingImage',
			{
				prompt: { ...PROMPT, maxLength: 2500 },
				image_url: imageUrl(),
				tail_image_url: { title: 'Tail Image URL', ...nullable({ type: 'string' }) },
				duration: DURATION,
				static_mask_url: { title: 'Static Mask URL', ...nullable({ type: 'string' }) },
				dynamic_masks: { title: 'Dynamic Masks', ...nullable(list('Masks', ref('DynamicMask'))) },
				cfg_scale: CFG,
			},
			['prompt', 'image_url'],
		),
	},
	{
		id: 'fal-ai/kling-video/v1.6/standard/elements',
		category: 'image-to-video',
		input: object(
			'KlingElements',
			{
				prompt: PROMPT,
				input_image_urls: list(
					'Input Image URLs',
					{ type: 'string' },
					{ minItems: 1, maxItems: 4 },
				),
				duration: DURATION,
			},
			['prompt', 'input_image_urls'],
		),
	},
	{
		// A number or a word.
		id: 'fal-ai/veo3',
		category: 'text-to-video',
		input: object(
			'VeoInput',
			{
				prompt: PROMPT,
				duration: {
					title: 'Duration',
					anyOf: [
						{ type: 'integer', minimum: 4, maximum: 8 },
						{ type: 'string', enum: ['auto'] },
					],
					default: 'auto',
				},
				generate_audio: flag('Generate Audio', { default: true }),
				seed: SEED,
				enhance_prompt: flag('Enhance Prompt', { default: true }),
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/wan/v2.2-a14b/image-to-video',
		category: 'image-to-video',
		input: object(
			'WanInput',
			{
				image_url: imageUrl(),
				prompt: PROMPT,
				num_frames: integer('Number of Frames', { minimum: 17, maximum: 161, default: 81 }),
				frames_per_second: {
					title: 'FPS',
					...nullable({ type: 'integer', minimum: 4, maximum: 60 }),
					default: 16,
				},
				resolution: choice('Resolution', ['480p', '580p', '720p'], { default: '720p' }),
				shift: number('Shift', { minimum: 1, maximum: 10, default: 5 }),
				end_image_url: { title: 'End Image URL', ...nullable({ type: 'string' }) },
			},
			['image_url', 'prompt'],
		),
	},
	{
		id: 'fal-ai/minimax/hailuo-02/standard/image-to-video',
		category: 'image-to-video',
		input: object(
			'HailuoInput',
			{
				prompt: text('Prompt', { minLength: 1, maxLength: 2000 }),
				image_url: imageUrl(),
				duration: choice('Duration', ['6', '10'], { default: '6' }),
				prompt_optimizer: flag('Prompt Optimizer', { default: true }),
			},
			['prompt', 'image_url'],
		),
	},
	{
		id: 'fal-ai/luma-dream-machine/ray-2',
		category: 'text-to-video',
		input: object(
			'RayInput',
			{
				prompt: text('Prompt', { minLength: 3, maxLength: 5000 }),
				aspect_ratio: choice('Aspect Ratio', ['16:9', '9:16', '4:3', '21:9'], { default: '16:9' }),
				loop: flag('Loop', { default: false }),
				resolution: choice('Resolution', ['540p', '720p', '1080p'], { default: '540p' }),
				duration: choice('Duration', ['5s', '9s'], { default: '5s' }),
			},
			['prompt'],
		),
	},
	{
		// What is asked for depends on a field: two kinds of an input beside each other.
		id: 'fal-ai/ltx-video/extend',
		category: 'video-to-video',
		components: {
			Start: object(
				'ExtendStart',
				{ mode: { const: 'start' }, frames: integer('Frames', { minimum: 1 }) },
				['mode'],
			),
			End: object(
				'ExtendEnd',
				{ mode: { const: 'end' }, seconds: number('Seconds', { minimum: 0.5 }) },
				['mode', 'seconds'],
			),
		},
		input: object(
			'ExtendInput',
			{
				video_url: text('Video URL', { ui: { field: 'video' } }),
				prompt: PROMPT,
				direction: {
					title: 'Direction',
					oneOf: [ref('Start'), ref('End')],
					discriminator: { propertyName: 'mode' },
				},
			},
			['video_url', 'direction'],
		),
	},
	{
		id: 'fal-ai/sync-lipsync',
		category: 'video-to-video',
		input: object(
			'LipsyncInput',
			{
				model: choice('Model', ['lipsync-1.8.0', 'lipsync-1.7.1'], { default: 'lipsync-1.8.0' }),
				video_url: text('Video URL'),
				audio_url: text('Audio URL'),
				sync_mode: choice('Sync Mode', ['cut_off', 'loop', 'bounce'], { default: 'cut_off' }),
			},
			['video_url', 'audio_url'],
		),
	},
	{
		id: 'veed/subtitles',
		category: 'video-to-video',
		input: object(
			'SubtitlesInput',
			{
				video_url: text('Video URL'),
				preset: choice('Preset', ['sweep', 'beast', 'plain']),
				language: {
					title: 'Language',
					...nullable({ type: 'string', minLength: 2, maxLength: 5 }),
				},
				position: list(
					'Position',
					{ type: 'number' },
					{
						prefixItems: [
							{ type: 'number', minimum: 0, maximum: 1 },
							{ type: 'number', minimum: 0, maximum: 1 },
						],
						minItems: 2,
						maxItems: 2,
					},
				),
			},
			['video_url', 'preset'],
		),
	},
	{
		id: 'fal-ai/trellis',
		category: 'image-to-3d',
		input: object(
			'TrellisInput',
			{
				image_url: imageUrl(),
				ss_guidance_strength: number('Ss Guidance Strength', {
					minimum: 0,
					maximum: 10,
					default: 7.5,
				}),
				ss_sampling_steps: integer('Ss Sampling Steps', { minimum: 1, maximum: 50, default: 12 }),
				mesh_simplify: number('Mesh Simplify', { minimum: 0.9, maximum: 0.98, default: 0.95 }),
				texture_size: choice('Texture Size', [512, 1024], { default: 1024 }),
			},
			['image_url'],
		),
	},
	{
		id: 'fal-ai/hunyuan3d/v2/multi-view',
		category: 'image-to-3d',
		input: object(
			'HunyuanInput',
			{
				front_image_url: imageUrl('Front Image URL'),
				back_image_url: imageUrl('Back Image URL'),
				left_image_url: imageUrl('Left Image URL'),
				seed: SEED,
				octree_resolution: integer('Octree Resolution', {
					minimum: 1,
					maximum: 1024,
					default: 256,
				}),
				textured_mesh: flag('Textured Mesh', { default: false }),
			},
			['front_image_url', 'back_image_url', 'left_image_url'],
		),
	},
	{
		id: 'fal-ai/hyper3d/rodin',
		category: 'image-to-3d',
		input: object('RodinInput', {
			prompt: text('Prompt', { default: '' }),
			input_image_urls: {
				title: 'Image URLs',
				...nullable(list('Images', { type: 'string' }, { maxItems: 5 })),
			},
			condition_mode: choice('Condition Mode', ['fuse', 'concat'], { default: 'concat' }),
			seed: { title: 'Seed', ...nullable({ type: 'integer', minimum: 0, maximum: 65535 }) },
			bbox_condition: {
				title: 'Bounding Box',
				...nullable(list('Box', { type: 'integer', minimum: 0 }, { minItems: 3, maxItems: 3 })),
			},
			addons: { title: 'Addons', ...nullable({ type: 'string', const: 'HighPack' }) },
		}),
	},
	{
		id: 'fal-ai/runway-gen3/turbo/image-to-video',
		category: 'image-to-video',
		input: {
			// The fields of all, and those of this one.
			allOf: [
				object(
					'Common',
					{ prompt: PROMPT, seed: integer('Seed', { minimum: 0, maximum: 999_999_999 }) },
					['prompt'],
				),
				object(
					'Own',
					{ image_url: imageUrl(), duration: choice('Duration', [5, 10], { default: 5 }) },
					['image_url'],
				),
			],
		},
	},
];
