/** A lock between processes: a file that holds the owner's process id. A dead owner's lock counts for nothing. */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_AGAIN_MS = 1000;

export type Release = () => Promise<void>;

/** Takes the lock, or gives the process id of its owner. */
export async function tryLock(path: string): Promise<{ release: Release } | { owner: number }> {
	const candidate = `${path}.${process.pid}`;
	await mkdir(dirname(path), { recursive: true });
	await writeFile(candidate, String(process.pid));
	try {
		// Linking a finished file either makes the whole lock or nothing; a plain write could be seen half done.
		await link(candidate, path);
		return { release: () => rm(path, { force: true }) };
	} catch {
		const owner = Number(await readFile(path, 'utf8').catch(() => ''));
		if (isAlive(owner)) return { owner };
		await rm(path, { force: true });
		return await tryLock(path);
	} finally {
		await rm(candidate, { force: true });
	}
}

/** Does the work while nobody else with the same lock does. */
export async function withLock<T>(
	path: string,
	onWait: (owner: number) => void,
	work: () => Promise<T>,
): Promise<T> {
	for (;;) {
		const lock = await tryLock(path);
		if ('release' in lock) {
			try {
				return await work();
			} finally {
				await lock.release();
			}
		}
		onWait(lock.owner);
		await sleep(LOOK_AGAIN_MS);
	}
}

function isAlive(pid: number) {
	if (!(pid > 0)) return false;
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// EPERM: it lives, and belongs to somebody else.
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}
