/** What a person sees of each shape: widget, label, choices. */
import { formFields } from '../../../nodes/fal/inputSchema/fields';
import { readInputSchema } from '../../../nodes/fal/inputSchema/openapi';
import { COLLECTION, documentOf } from './collection';

function fieldsOf(id: string) {
	const published = COLLECTION.find((each) => each.id === id)!;
	const fields = formFields(readInputSchema(documentOf(published), id)!);
	return fields.map(
		({ label, widget, isRequired }) => `${widget}${isRequired ? '!' : ''} ${label}`,
	);
}

it.each([
	[
		'fal-ai/flux/dev',
		[
			'text! Prompt – What is to be generated',
			'choice Image Size (default landscape_4_3, or an object with width, height, by expression) – The size of the generate…',
			'number Num Inference Steps (1 to 50, default 28)',
			'number Seed – The same seed and the same prompt give the same result',
			'number Guidance scale (CFG) (0 to 20, default 3.5) – How closely the picture keeps to the prompt',
			'switch Sync Mode (default false) – The media come within the answer, and are not kept in the history',
			'number Num Images (1 to 4, default 1)',
			'switch Enable Safety Checker (default true)',
			'choice Output Format (default jpeg)',
			'choice Acceleration (default none)',
		],
	],
	[
		'fal-ai/kling-video/v1.6/pro/image-to-video',
		[
			'text! Prompt – What is to be generated',
			'text! Image URL (required, link, or by Files) – Where the image is',
			'text Tail Image URL (link, or by Files)',
			'choice Duration (default 5) – How long the film is, in seconds',
			'text Static Mask URL (link, or by Files)',
			'list Dynamic Masks (JSON list)',
			'number Cfg Scale (0 to 1, default 0.5)',
		],
	],
	[
		'fal-ai/veo3',
		[
			'text! Prompt – What is to be generated',
			'text Duration (such as auto, 4 to 8, default auto)',
			'switch Generate Audio (default true)',
			'number Seed – The same seed and the same prompt give the same result',
			'switch Enhance Prompt (default true)',
		],
	],
	[
		'fal-ai/wan-trainer',
		[
			'text! Training Data URL (required, link, or by Files)',
			'number Number of Steps (1 to 20000, default 400)',
			'number Learning Rate (0.000001 to 1, default 0.0002)',
			'text Trigger Phrase (default "")',
			'switch Auto Scale Input (default true)',
			'date Not Before (UTC)',
			'date Expires On',
		],
	],
	[
		'workflows/acme/poster',
		['text! Prompt', 'choice Kind (default poster)', 'object Settings (JSON)'],
	],
	[
		'fal-ai/nano-banana/edit',
		[
			'text! Prompt – What is to be generated',
			'list! Image URLs (required, links, or by Files, JSON list) – The images to work on',
			'choice Aspect Ratio',
			'switch Limit Generations (default false)',
		],
	],
])('the form of %s', (id, expected) => {
	expect(fieldsOf(id)).toEqual(expected);
});
