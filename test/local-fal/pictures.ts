/**
 * Real pictures for made-up models: a landscape whose colours and hills come from the prompt and
 * the seed, with the prompt as its caption. Drawn when somebody looks, so ten thousand jobs cost
 * nothing.
 */
import { createHash } from 'node:crypto';
import sharp from 'sharp';

export type PictureFormat = 'jpeg' | 'png' | 'webp';

export interface Picture {
	readonly prompt: string;
	readonly seed: bigint;
	readonly width: number;
	readonly height: number;
	readonly format: PictureFormat;
	/** How many frames it has: more than one is a film, and only WebP can be that. */
	readonly frames: number;
}

/** Milliseconds each frame of a film stays. */
const FRAME_TIME = 100;

/** The bytes of the picture. */
export async function draw(picture: Picture): Promise<Buffer> {
	const scene = sceneOf(picture);
	const moments = Array.from({ length: picture.frames }, (_, frame) => frame / picture.frames);
	const drawings = moments.map((moment) => Buffer.from(svgOf(picture, scene, moment)));
	const [first] = drawings;
	if (first === undefined) throw new RangeError('A picture has at least one frame.');
	if (picture.frames === 1) return await sharp(first).toFormat(picture.format).toBuffer();
	return await sharp(drawings, { join: { animated: true } })
		.webp({ delay: FRAME_TIME, loop: 0 })
		.toBuffer();
}

export function contentType(format: PictureFormat): string {
	return `image/${format}`;
}

interface Scene {
	readonly hue: number;
	/** Where the sun stands, as a part of the width and the height. */
	readonly sun: { readonly x: number; readonly y: number; readonly radius: number };
	/** From the farthest ridge to the nearest: heights of its tops, as parts of the height. */
	readonly ridges: readonly (readonly number[])[];
}

const RIDGES = 4;
const TOPS = 6;

function sceneOf({ prompt, seed }: Picture): Scene {
	const next = numbersFrom(`${prompt}\n${seed}`);
	return {
		hue: Math.floor(next() * 360),
		sun: { x: 0.2 + next() * 0.6, y: 0.2 + next() * 0.2, radius: 0.06 + next() * 0.08 },
		ridges: Array.from({ length: RIDGES }, (_, ridge) =>
			Array.from({ length: TOPS + 1 }, () => 0.38 + ridge * 0.13 + next() * 0.16),
		),
	};
}

/** Numbers from 0 to 1 that are always the same for the same text. */
function numbersFrom(text: string): () => number {
	const bytes = createHash('sha512').update(text).digest();
	let at = 0;
	return () => (bytes[at++ % bytes.length] ?? 0) / 255;
}

function svgOf({ prompt, width, height }: Picture, scene: Scene, moment: number): string {
	const { hue, sun, ridges } = scene;
	// The sun goes round in a film and stands still in a picture.
	const turn = moment * 2 * Math.PI;
	const cx = (sun.x + Math.sin(turn) * 0.12) * width;
	const cy = (sun.y + (1 - Math.cos(turn)) * 0.08) * height;
	const hills = ridges.map((tops, ridge) => {
		const fill = `hsl(${(hue + 150 + ridge * 12) % 360} 45% ${58 - ridge * 13}%)`;
		return `<path fill="${fill}" d="${ridgePath(tops, width, height)}"/>`;
	});
	const letter = Math.max(10, Math.round(height / 22));
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
	<defs><linearGradient id="sky" x2="0" y2="1">
		<stop stop-color="hsl(${hue} 70% 42%)"/>
		<stop offset=".8" stop-color="hsl(${(hue + 45) % 360} 85% 82%)"/>
	</linearGradient></defs>
	<rect width="100%" height="100%" fill="url(#sky)"/>
	<circle cx="${cx}" cy="${cy}" r="${sun.radius * height * 2}" fill="#fff" opacity=".18"/>
	<circle cx="${cx}" cy="${cy}" r="${sun.radius * height}" fill="hsl(${(hue + 60) % 360} 95% 88%)"/>
	${hills.join('\n')}
	<text x="${letter}" y="${height - letter}" font-family="sans-serif" font-size="${letter}" fill="#fff">${caption(prompt, width, letter)}</text>
</svg>`;
}

/** A smooth line through the tops, closed along the bottom. */
function ridgePath(tops: readonly number[], width: number, height: number): string {
	const step = width / (tops.length - 1);
	const points = tops.map((top, index) => ({ x: index * step, y: top * height }));
	const curves = points.slice(1).map((to, index) => {
		const from = points[index] ?? to;
		const middle = (from.x + to.x) / 2;
		return `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
	});
	return `M0 ${height}V${points[0]?.y ?? 0}${curves.join('')}V${height}Z`;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** As much of the prompt as fits on one line. */
function caption(prompt: string, width: number, letter: number): string {
	const room = Math.floor(width / (letter * 0.56)) - 3;
	// Control characters are not allowed in XML, and rsvg would refuse the whole picture.
	const line = [...prompt.replace(/\p{Cc}+/gu, ' ').trim()];
	const cut = line.length > room ? [...line.slice(0, room - 1), '…'] : line;
	return cut.map((sign) => ESCAPES[sign] ?? sign).join('');
}
