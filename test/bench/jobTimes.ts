/** How long the jobs of a scenario take: drawn once, from a seed, so that every contender gets the same. */
import { SECOND } from '../../nodes/engine/clock';
import { seeded } from '../engine/simulatedFal';

/** All in seconds. */
export type JobTimes =
	| { readonly kind: 'fixed'; readonly each: number }
	/** Log-normal: half of the jobs take less than the median, a few many times as long. */
	| { readonly kind: 'long tail'; readonly median: number; readonly spread: number }
	/** Pictures, and for every third item a film. */
	| { readonly kind: 'two models'; readonly picture: number; readonly film: number };

export const PICTURE_MODEL = 'fal-ai/flux/dev';
export const FILM_MODEL = 'fal-ai/kling-video/v2/master/text-to-video';

/** @returns milliseconds, one for each item */
export function drawTimes(times: JobTimes, items: number): number[] {
	const random = seeded(SEED);
	return Array.from({ length: items }, (_, item) => draw(times, item, random) * SECOND);
}

export function modelOf(times: JobTimes, item: number): string {
	return times.kind === 'two models' && isFilm(item) ? FILM_MODEL : PICTURE_MODEL;
}

const SEED = 2026;

function draw(times: JobTimes, item: number, random: () => number): number {
	switch (times.kind) {
		case 'fixed':
			return times.each;
		case 'long tail':
			return times.median * Math.exp(times.spread * normal(random));
		case 'two models':
			return isFilm(item) ? times.film : times.picture;
	}
}

function isFilm(item: number): boolean {
	return item % 3 === 2;
}

/** Box and Muller's way from two even draws to a normal one. */
function normal(random: () => number): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
