/** Where things are: the project, this harness, and the user's cache folder that tests and `npm start` share. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
export const docsFolder = join(projectFolder, 'docs');

/** The private package that pins n8n, with its lock file. */
export const hostPackageFolder = fileURLToPath(new URL('host', import.meta.url));

/** N8N_HOST_CACHE moves it, for a machine whose home is small or whose CI keeps a folder of its own. */
export const cacheFolder =
	process.env.N8N_HOST_CACHE ?? envPaths('n8n-nodes-fal-queue', { suffix: '' }).cache;
