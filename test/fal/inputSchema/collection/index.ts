/**
 * Schemas of inputs in the shapes in which fal's models publish them: text to image, image to image, films, 3D,
 * upscaling, speech, music, language models, training. Written anew; names and limits are like those of the
 * models, and every construct of JSON Schema found in theirs is in one of these.
 */
import { films } from './films';
import { images } from './images';
import type { Published } from './shapes';
import { words } from './words';

export const COLLECTION: readonly Published[] = [...images, ...films, ...words];
export { documentOf } from './shapes';
