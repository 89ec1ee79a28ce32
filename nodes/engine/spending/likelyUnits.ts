/**
 * How many units fal will bill for an input, where the input says so: number of images, seconds,
 * megapixels, characters. The names of the units are those of fal's price list; what a model takes for
 * granted when a field is left out is in its schema, not in the input, and not guessed here.
 */
type Input = Readonly<Record<string, unknown>>;

/**
 * @param unit as fal's price list has it
 * @returns nothing where the input does not tell
 */
export function likelyUnits(unit: string, input: Input): number | undefined {
	const word = unit.trim().toLowerCase().replace(/s$/, '');
	const pieces = piecesOf(input);
	if (PIECES.has(word)) return pieces;
	const seconds = secondsOf(input);
	const step = /^(\d+)?\s*second$/.exec(word);
	if (step) return seconds && pieces * Math.ceil(seconds / Number(step[1] ?? 1));
	// Begun minutes: what fal does with the rest is not known, and this is the most.
	if (word === 'minute') return seconds && pieces * Math.ceil(seconds / 60);
	if (word === 'megapixel') {
		const pixels = pixelsOf(input);
		// fal: "billed by rounding up to the nearest megapixel", each picture.
		return pixels && pieces * Math.ceil(pixels / 1_000_000);
	}
	const characters = /^(\d+)\s*character$/.exec(word);
	if (characters) return charactersOf(input, Number(characters[1]));
	return undefined;
}

/** Units of which each output is one. */
const PIECES = new Set([
	'image',
	'video',
	'audio',
	'generation',
	'request',
	'song',
	'training',
	'cloned voice',
]);

/** A field that multiplies the outputs; without it there is one. */
const COUNTS = ['num_images', 'num_outputs', 'num_videos', 'num_samples', 'max_images'];

function piecesOf(input: Input): number {
	return COUNTS.reduce((product, name) => product * Math.max(1, numberOf(input[name]) ?? 1), 1);
}

const DURATIONS = ['duration', 'duration_seconds', 'num_seconds', 'seconds', 'seconds_total'];

/** 5, "5" and "5s" are all in use. */
function secondsOf(input: Input): number | undefined {
	for (const name of DURATIONS) {
		const value = input[name];
		const seconds = numberOf(typeof value === 'string' ? value.replace(/s$/, '') : value);
		if (seconds !== undefined && seconds > 0) return seconds;
	}
	const frames = numberOf(input.num_frames);
	const perSecond = numberOf(input.frames_per_second ?? input.fps);
	return frames && perSecond ? frames / perSecond : undefined;
}

/** Pixels of fal's named sizes. */
const SIZES: Readonly<Record<string, number>> = {
	square_hd: 1024 * 1024,
	square: 512 * 512,
	portrait_4_3: 768 * 1024,
	portrait_16_9: 576 * 1024,
	landscape_4_3: 1024 * 768,
	landscape_16_9: 1024 * 576,
};

function pixelsOf(input: Input): number | undefined {
	const { image_size: size } = input;
	if (typeof size === 'string') return SIZES[size];
	const { width, height } = typeof size === 'object' && size !== null ? (size as Input) : input;
	const across = numberOf(width);
	const down = numberOf(height);
	return across && down ? across * down : undefined;
}

function charactersOf({ text, prompt }: Input, step: number): number | undefined {
	const spoken = typeof text === 'string' ? text : prompt;
	return typeof spoken === 'string' ? spoken.length / step : undefined;
}

function numberOf(value: unknown): number | undefined {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
