/**
 * What must be in place before n8n-core is loaded: folders and keys, which it would else take from the
 * tester's home, and a file for its log, which tests read.
 */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const folder = mkdtempSync(join(tmpdir(), 'fal-queue-n8n-core-'));
const logFile = join(folder, 'n8n.log');

Object.assign(process.env, {
	N8N_USER_FOLDER: folder,
	N8N_ENCRYPTION_KEY: 'for-tests-only',
	N8N_LOG_LEVEL: 'debug',
	N8N_LOG_OUTPUT: 'file',
	N8N_LOG_FILE_LOCATION: logFile,
});

/** All that n8n's logger has written so far. */
export function readLog(): string {
	return existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
}

/** Nobody listens there: it is a port that needs rights to listen on, and that no system gives to who asks for any. */
export const NOWHERE = 'http://127.0.0.1:1';

/** n8n's logger writes its file a moment later. */
export async function logWritten(): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, 30));
}
