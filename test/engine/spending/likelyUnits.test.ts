import { likelyUnits } from '../../../nodes/engine/spending/likelyUnits';

describe('units that the input tells', () => {
	it.each([
		['image', { prompt: 'a' }, 1],
		['images', { num_images: 4 }, 4],
		['images', { num_images: '3' }, 3],
		['images', { num_images: 2, max_images: 3 }, 6],
		['video', {}, 1],
		['requests', { num_images: 0 }, 1],
		['second', { duration: '5' }, 5],
		['seconds', { duration: '8s' }, 8],
		['seconds', { duration: 5, num_videos: 2 }, 10],
		['seconds', { num_frames: 120, fps: 24 }, 5],
		['5 seconds', { duration: 12 }, 3],
		['minutes', { duration: 61 }, 2],
		['megapixels', { image_size: 'square_hd' }, 2],
		['megapixels', { image_size: 'landscape_4_3', num_images: 4 }, 4],
		['megapixel', { image_size: { width: 2000, height: 2000 } }, 4],
		['megapixel', { width: 1000, height: 1000 }, 1],
		['1000 characters', { text: 'x'.repeat(500) }, 0.5],
		['1000 characters', { prompt: 'x'.repeat(2_000) }, 2],
		['1000characters', { prompt: 'x'.repeat(2_000) }, 2],
		[' Images ', {}, 1],
		['10 seconds', { duration: 12 }, 2],
		['second', { duration: 0, seconds: 7 }, 7],
		['second', { duration: '', seconds: 7 }, 7],
		['second', { duration: true, seconds: 7 }, 7],
		['second', { num_frames: 48, frames_per_second: '24' }, 2],
		['megapixels', { image_size: 'square', num_images: 2 }, 2],
		['megapixels', { image_size: 'portrait_4_3' }, 1],
		['megapixels', { image_size: null, width: 2000, height: 1000 }, 2],
	])('%s of %j: %d', (unit, input, units) => {
		expect(likelyUnits(unit, input)).toBe(units);
	});

	// What a model takes for granted is not in the input; a guess would pass for a figure.
	it.each([
		['second', { prompt: 'a film' }],
		['second', { duration: 'auto' }],
		['second', { duration: -1 }],
		['megapixel', { prompt: 'a' }],
		['megapixel', { image_size: 'auto' }],
		['compute seconds', { duration: 5 }],
		['1m tokens', { prompt: 'a' }],
		['1000 characters', { prompt: 7 }],
		['1000 characters of text', { prompt: 'a' }],
		['about 1000 characters', { prompt: 'a' }],
		['seconds of compute', { duration: 5 }],
		['second', { duration: '5s s' }],
		['second', { num_frames: 48 }],
		['second', { fps: 24 }],
		['second', { duration: Infinity }],
		['second', { duration: [5] }],
		['megapixel', { width: 1000 }],
		['megapixel', { height: 1000 }],
		['megapixel', { width: ' ', height: 1000 }],
		['', {}],
	])('%s of %j: none', (unit, input) => {
		expect(likelyUnits(unit, input)).toBeUndefined();
	});
});
