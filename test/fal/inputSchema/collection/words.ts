/** Speech, music, transcription, language models, training. */
import {
	choice,
	flag,
	integer,
	list,
	nullable,
	number,
	object,
	PROMPT,
	type Published,
	ref,
	SEED,
	text,
} from './shapes';

export const words: Published[] = [
	{
		id: 'fal-ai/elevenlabs/tts/turbo-v2.5',
		category: 'text-to-speech',
		input: object(
			'ElevenInput',
			{
				text: text('Text', { minLength: 1, maxLength: 5000 }),
				// Names that are known, and any other.
				voice: {
					title: 'Voice',
					anyOf: [{ type: 'string', enum: ['Aria', 'Roger', 'Sarah'] }, { type: 'string' }],
					default: 'Rachel',
				},
				stability: number('Stability', { minimum: 0, maximum: 1, default: 0.5 }),
				speed: number('Speed', { minimum: 0.7, maximum: 1.2, default: 1 }),
				language_code: nullable({ type: 'string' }),
				timestamps: flag('Timestamps', { default: false }),
			},
			['text'],
		),
	},
	{
		id: 'fal-ai/minimax/speech-02-hd',
		category: 'text-to-speech',
		components: {
			VoiceSetting: object('VoiceSetting', {
				voice_id: text('Voice Id', { default: 'Wise_Woman' }),
				speed: number('Speed', { minimum: 0.5, maximum: 2, default: 1 }),
				vol: number('Vol', { minimum: 0.01, maximum: 10, default: 1 }),
				pitch: integer('Pitch', { minimum: -12, maximum: 12, default: 0 }),
				emotion: nullable({ type: 'string', enum: ['happy', 'sad', 'neutral'] }),
			}),
			Dictionary: object('PronunciationDict', {
				tone_list: nullable(list('Tones', { type: 'string' })),
			}),
		},
		input: object(
			'SpeechInput',
			{
				text: text('Text', { maxLength: 5000 }),
				voice_setting: {
					allOf: [ref('VoiceSetting')],
					default: { voice_id: 'Wise_Woman', speed: 1 },
				},
				language_boost: nullable({ type: 'string', enum: ['auto', 'English', 'German'] }),
				output_format: choice('Output Format', ['url', 'hex'], { default: 'hex' }),
				pronunciation_dict: { title: 'Pronunciation', ...nullable(ref('Dictionary')) },
			},
			['text'],
		),
	},
	{
		id: 'fal-ai/dia-tts/voice-clone',
		category: 'text-to-speech',
		input: object(
			'DiaInput',
			{
				text: text('Text'),
				ref_audio_url: text('Reference Audio URL'),
				ref_text: text('Reference Text'),
			},
			['text', 'ref_audio_url', 'ref_text'],
		),
	},
	{
		id: 'fal-ai/kokoro/american-english',
		category: 'text-to-speech',
		input: object('KokoroInput', {
			prompt: text('Prompt', { default: '' }),
			voice: choice('Voice', ['af_heart', 'af_alloy', 'am_adam'], { default: 'af_heart' }),
			speed: number('Speed', { minimum: 0.1, maximum: 5, default: 1 }),
		}),
	},
	{
		id: 'fal-ai/stable-audio',
		category: 'text-to-audio',
		input: object(
			'AudioInput',
			{
				prompt: PROMPT,
				seconds_start: integer('Seconds Start', { minimum: 0, maximum: 47, default: 0 }),
				seconds_total: integer('Seconds Total', { minimum: 0, maximum: 47, default: 30 }),
				steps: integer('Steps', { minimum: 1, maximum: 1000, default: 100 }),
			},
			['prompt'],
		),
	},
	{
		id: 'fal-ai/ace-step',
		category: 'text-to-audio',
		input: object(
			'AceInput',
			{
				tags: text('Tags', { description: 'Genres, separated by commas.' }),
				lyrics: text('Lyrics', { default: '' }),
				duration: number('Duration', { minimum: 5, maximum: 240, default: 60 }),
				scheduler: choice('Scheduler', ['euler', 'heun'], { default: 'euler' }),
				guidance_type: choice('Guidance Type', ['cfg', 'apg', 'cfg_star'], { default: 'apg' }),
				granularity_scale: integer('Granularity Scale', {
					minimum: -100,
					maximum: 100,
					default: 10,
				}),
				seed: SEED,
			},
			['tags'],
		),
	},
	{
		id: 'fal-ai/whisper',
		category: 'speech-to-text',
		input: object(
			'WhisperInput',
			{
				audio_url: text('Audio URL', { ui: { field: 'audio' } }),
				task: choice('Task', ['transcribe', 'translate'], { default: 'transcribe' }),
				language: { title: 'Language', ...nullable({ type: 'string', enum: ['de', 'en', 'fr'] }) },
				chunk_level: choice('Chunk Level', ['none', 'segment', 'word'], { default: 'segment' }),
				batch_size: integer('Batch Size', { minimum: 1, maximum: 64, default: 64 }),
				num_speakers: nullable({ type: 'integer', minimum: 1 }),
				diarize: flag('Diarize', { default: false }),
			},
			['audio_url'],
		),
	},
	{
		id: 'fal-ai/any-llm',
		category: 'llm',
		input: object(
			'LlmInput',
			{
				prompt: PROMPT,
				system_prompt: nullable({ type: 'string' }),
				reasoning: flag('Reasoning', { default: false }),
				priority: choice('Priority', ['throughput', 'latency'], { default: 'latency' }),
				temperature: nullable({ type: 'number', minimum: 0, maximum: 2 }),
				max_tokens: nullable({ type: 'integer', minimum: 1 }),
				model: choice(
					'Model',
					['google/gemini-2.5-flash', 'anthropic/claude-sonnet-4', 'openai/gpt-4o'],
					{
						default: 'google/gemini-2.5-flash',
					},
				),
			},
			['prompt'],
		),
	},
	{
		// A message holds texts or parts, and a part may be a list of parts: a circle.
		id: 'fal-ai/chat/completions',
		category: 'llm',
		components: {
			Message: object(
				'Message',
				{
					role: choice('Role', ['system', 'user', 'assistant']),
					content: { anyOf: [{ type: 'string' }, list('Parts', ref('Part'), { minItems: 1 })] },
				},
				['role', 'content'],
			),
			Part: {
				oneOf: [
					object('TextPart', { type: { const: 'text' }, text: text('Text') }, ['type', 'text']),
					object('ImagePart', { type: { const: 'image' }, image_url: text('Image URL') }, [
						'type',
						'image_url',
					]),
					object('Group', { type: { const: 'group' }, parts: list('Parts', ref('Part')) }, [
						'type',
						'parts',
					]),
				],
			},
		},
		input: object(
			'ChatInput',
			{
				messages: list('Messages', ref('Message'), { minItems: 1 }),
				stop: {
					title: 'Stop',
					anyOf: [{ type: 'string' }, list('Stops', { type: 'string' }), { type: 'null' }],
				},
				logit_bias: nullable({
					type: 'object',
					additionalProperties: { type: 'number' },
					maxProperties: 4,
				}),
				tool_choice: { title: 'Tool Choice', enum: ['auto', 'none', null] },
				metadata: { title: 'Metadata' },
			},
			['messages'],
		),
	},
	{
		id: 'fal-ai/llavav15-13b',
		category: 'vision',
		input: object(
			'LlavaInput',
			{
				image_url: text('Image URL'),
				prompt: PROMPT,
				max_tokens: integer('Max Tokens', { minimum: 32, maximum: 1024, default: 64 }),
				temperature: number('Temperature', { minimum: 0, maximum: 1, default: 0.2 }),
				top_p: number('Top P', { exclusiveMinimum: 0, maximum: 1, default: 1 }),
			},
			['image_url', 'prompt'],
		),
	},
	{
		id: 'fal-ai/florence-2-large/region-to-category',
		category: 'vision',
		components: {
			Region: object(
				'Region',
				{
					x1: integer('X1', { minimum: 0, maximum: 999 }),
					y1: integer('Y1', { minimum: 0, maximum: 999 }),
					x2: integer('X2', { minimum: 0, maximum: 999 }),
					y2: integer('Y2', { minimum: 0, maximum: 999 }),
				},
				['x1', 'y1', 'x2', 'y2'],
			),
		},
		input: object('FlorenceInput', { image_url: text('Image URL'), region: ref('Region') }, [
			'image_url',
			'region',
		]),
	},
	{
		id: 'fal-ai/flux-lora-fast-training',
		category: 'training',
		input: object(
			'TrainingInput',
			{
				images_data_url: text('Images Data URL', { description: 'A zip of at least four images.' }),
				trigger_word: nullable({ type: 'string' }),
				create_masks: flag('Create Masks', { default: true }),
				steps: {
					...nullable({ type: 'integer', minimum: 1, maximum: 10000 }),
					title: 'Steps',
					default: 1000,
				},
				is_style: flag('Is Style', { default: false }),
				is_input_format_already_preprocessed: flag('Preprocessed', { default: false }),
				data_archive_format: nullable({ type: 'string' }),
			},
			['images_data_url'],
		),
	},
	{
		id: 'fal-ai/wan-trainer',
		category: 'training',
		input: object(
			'WanTrainer',
			{
				training_data_url: text('Training Data URL'),
				number_of_steps: integer('Number of Steps', { minimum: 1, maximum: 20000, default: 400 }),
				learning_rate: number('Learning Rate', { minimum: 0.000001, maximum: 1, default: 0.0002 }),
				trigger_phrase: text('Trigger Phrase', { default: '' }),
				auto_scale_input: flag('Auto Scale Input', { default: true }),
				not_before: nullable({ type: 'string', format: 'date-time' }),
				expires_on: { title: 'Expires On', type: 'string', format: 'date' },
			},
			['training_data_url'],
		),
	},
	{
		// Types in a list, as JSON Schema has them.
		id: 'fal-ai/moondream/batched',
		category: 'vision',
		components: {
			Pair: object('ImagePrompt', { image_url: text('Image URL'), prompt: text('Prompt') }, [
				'image_url',
			]),
		},
		input: object(
			'MoondreamInput',
			{
				inputs: list('Inputs', ref('Pair'), { minItems: 1, maxItems: 32 }),
				max_tokens: { title: 'Max Tokens', type: ['integer', 'null'], minimum: 32, maximum: 1024 },
				temperature: { title: 'Temperature', type: ['number', 'null'], minimum: 0, maximum: 1 },
				repetition_penalty: { title: 'Penalty', type: ['number', 'string'], default: 1 },
			},
			['inputs'],
		),
	},
	{
		id: 'fal-ai/ffmpeg-api/compose',
		category: 'video-to-video',
		components: {
			Track: object(
				'Track',
				{
					id: text('Id'),
					type: choice('Type', ['video', 'audio', 'image']),
					keyframes: list('Keyframes', ref('Keyframe')),
				},
				['id', 'type', 'keyframes'],
			),
			Keyframe: object(
				'Keyframe',
				{
					timestamp: number('Timestamp', { minimum: 0 }),
					duration: number('Duration'),
					url: text('URL'),
				},
				['timestamp', 'duration', 'url'],
			),
		},
		input: object('ComposeInput', { tracks: list('Tracks', ref('Track'), { minItems: 1 }) }, [
			'tracks',
		]),
	},
	{
		// Nothing to fill in.
		id: 'fal-ai/status-check',
		category: 'other',
		input: object('Empty', {}),
	},
];
